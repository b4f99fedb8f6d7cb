/** The span of a call, and those of attempts that came to nothing. */
import type { TokenTimings } from "@nexent/monitor-core";
import type { BackendSpan, SpanBackend, SpanContext } from "../backend/backend.ts";
import type { CallState } from "./call-state.ts";
import type { CallEnd, LlmCall } from "./recording.ts";
import {
  attemptAttributes,
  delegatedAttributes,
  spanName,
  startAttributes,
  writeEndAttributes,
  type EndedCall,
} from "./span-attributes.ts";
import { addEndEvents } from "./span-events.ts";

/** One request of a call, ended. */
export interface EndedRequest {
  readonly end: CallEnd;
  readonly timings: TokenTimings;
  readonly slow: readonly ("duration" | "rate")[];
  /** Event loop lag up to its end: what came later does not touch its marks. */
  readonly lagSeconds: number | undefined;
}

/** Opens the span of a call. Nothing is put together for a backend that keeps no span. */
export function startCallSpan(
  backend: SpanBackend,
  call: LlmCall,
  startUnixMicros: number,
  parent: SpanContext | undefined,
): BackendSpan {
  if (backend.name === "noop") return backend.startSpan({ name: call.operation, kind: "client" });
  return backend.startSpan({
    name: spanName(call),
    kind: "client",
    startUnixMicros,
    attributes: startAttributes(call),
    ...(parent !== undefined && { parent }),
  });
}

/** Ends the span of a call with all that is known of it. */
export function endCallSpan(state: CallState, ended: EndedRequest, endMs: number): void {
  const { span, delegated, content } = state;
  const { end, timings } = ended;
  if (state.attempt > 1) tellAttempt(state, { ...ended, end: state.attemptFailure ?? end });
  if (span.recording) {
    const told = toldOf(state, ended);
    if (delegated) span.setAttributes(delegatedAttributes(told));
    else writeEndAttributes(span, told);
    if (!delegated) content?.writeAnswered(span, timings.finishReasons);
    addEndEvents(span, end, timings, (micros) => state.unixMicros(micros));
  }
  endSpan(span, end, state.unixMicros(state.micros(endMs)));
}

/** The span of an attempt of a call that made several. */
export function tellAttempt(state: CallState, ended: EndedRequest): void {
  const { context, recording } = state.span;
  if (!recording || context === undefined) return;
  const span = state.shared.backend.startSpan({
    name: `attempt ${state.attempt}`,
    kind: "client",
    startUnixMicros: state.unixMicros(0),
    parent: context,
    attributes: attemptAttributes(toldOf(state, ended), state.attempt),
  });
  endSpan(span, ended.end, state.unixMicros(ended.timings.endMicros ?? 0));
}

function toldOf(state: CallState, { end, timings, slow, lagSeconds }: EndedRequest): EndedCall {
  return {
    call: state.call,
    end,
    timings,
    serverTimings: state.clock.serverTimings,
    slow,
    lagSeconds,
    semconv: state.settings.semconv ?? "v0.1.0",
    attempts: state.attempt,
  };
}

function endSpan(span: BackendSpan, end: CallEnd, endUnixMicros: number): void {
  span.end(end.outcome === "error" ? { endUnixMicros, error: end.errorType ?? "unknown" } : { endUnixMicros });
}
