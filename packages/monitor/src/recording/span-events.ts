/** The events of an ended call (measurement contract 5.5): first token, stalls, the error. Never one per token. */
import type { TokenTimings } from "@nexent/monitor-core";
import type { BackendSpan } from "../backend/backend.ts";
import type { CallEnd } from "./recording.ts";
import { describeThrown } from "../redact.ts";

/** Stalls written as span events; the rest of the event limit belongs to the application. */
const MAX_STALL_EVENTS = 8;

/** @param unixMicros Unix microseconds of a mark. */
export function addEndEvents(
  span: BackendSpan,
  end: CallEnd,
  timings: TokenTimings,
  unixMicros: (micros: number) => number,
): void {
  const { firstTokenMicros } = timings;
  if (firstTokenMicros !== undefined) {
    span.addEvent("first_token_received", { ttft_seconds: firstTokenMicros / 1e6 }, unixMicros(firstTokenMicros));
  }
  for (const stall of timings.stalls.slice(0, MAX_STALL_EVENTS)) {
    const attributes = {
      offset_seconds: stall.offsetMicros / 1e6,
      duration_seconds: stall.durationMicros / 1e6,
      phase: stall.phase,
    };
    span.addEvent("llm.stall", attributes, unixMicros(stall.offsetMicros + stall.durationMicros));
  }
  if (end.outcome !== "error" || end.error === undefined) return;
  const { type, message } = describeThrown(end.error);
  span.addEvent("exception", { "exception.type": type, "exception.message": message });
}
