/** Calls that are open now, as a list to look at: times and counts, never content (gateway contract 3). */
import { LIMITS, type LiveStall } from "@nexent/monitor-core";
import type { Recording } from "@nexent/monitor/recorder";

/** `connecting` until a connection takes the request, `waiting` for the first token, then `streaming` or `stalled`. */
export type InFlightState = "connecting" | "waiting" | "streaming" | "stalled";

/** One open call. Times in milliseconds; absent = not known, or not yet there. */
export interface InFlightCall {
  /** `<trace id>-<span id>`, as the ended call is found by; absent without a span backend. */
  readonly id?: string;
  readonly model: string;
  readonly upstream: string;
  readonly provider: string;
  readonly operation: string;
  /** Whether the client asked for a stream. */
  readonly streaming: boolean;
  readonly state: InFlightState;
  /** Since the request was handed to the transport. */
  readonly elapsedMs: number;
  readonly ttftMs?: number;
  readonly outputTokens?: number;
  /** The tokens are estimated from bytes. */
  readonly estimated: boolean;
  /** Since the latest counted chunk. */
  readonly sinceTokenMs?: number;
}

/** What `/inflight` answers. */
export interface InFlightView {
  /** False: telemetry is off, and nothing is known of the calls. */
  readonly observed: boolean;
  /** Open calls; the list holds the oldest of them. */
  readonly total: number;
  readonly calls: readonly InFlightCall[];
}

/** What of a call does not change while it is open. */
export type InFlightFacts = Pick<InFlightCall, "model" | "upstream" | "provider" | "operation" | "streaming">;

/** A call and where its numbers come from. */
export interface InFlightSource {
  readonly facts: InFlightFacts;
  readonly recording: Recording;
  /** A connection has taken the request. */
  readonly sent: boolean;
}

function stateOf({ recording, sent }: InFlightSource, stall: LiveStall | undefined): InFlightState {
  if (stall !== undefined) return "stalled";
  if (!sent) return "connecting";
  return recording.clock.phase === "waiting" ? "waiting" : "streaming";
}

/** How a call stands at a monotonic time; undefined when it has ended. */
export function readInFlight(source: InFlightSource, nowMs: number): InFlightCall | undefined {
  const { facts, recording } = source;
  if (recording.ended) return undefined;
  const { context } = recording.span;
  const { firstTokenMicros, lastTokenMicros, outputTokens, estimated } = recording.clock.progress();
  const elapsedMs = recording.micros(nowMs) / 1000;
  return {
    ...(context !== undefined && { id: `${context.traceId}-${context.spanId}` }),
    ...facts,
    state: stateOf(source, recording.liveStall(nowMs)),
    elapsedMs,
    ...(firstTokenMicros !== undefined && { ttftMs: firstTokenMicros / 1000 }),
    ...(outputTokens !== undefined && { outputTokens }),
    estimated,
    ...(lastTokenMicros !== undefined && { sinceTokenMs: elapsedMs - lastTokenMicros / 1000 }),
  };
}

/** An open request that may be an LLM call. */
export interface InFlightReader {
  /** Whether it is an LLM call that was sent and has not ended. */
  readonly isOpenCall: boolean;
  inFlight(nowMs: number): InFlightCall | undefined;
}

/**
 * The view of one process. `readers` come in the order of their start; only the first `maxRows` (default 200) calls are
 * looked at closely, so that looking costs the same however many there are.
 */
export function viewOf(
  readers: Iterable<InFlightReader>,
  nowMs: number,
  maxRows: number = LIMITS.gatewayInFlightRows,
): InFlightView {
  const calls: InFlightCall[] = [];
  let total = 0;
  for (const reader of readers) {
    if (!reader.isOpenCall) continue;
    total += 1;
    const call = calls.length < maxRows ? reader.inFlight(nowMs) : undefined;
    if (call !== undefined) calls.push(call);
  }
  return { observed: true, total, calls };
}

/** One view of several processes: the oldest calls of all of them, at most `maxRows` (default 200). */
export function mergeViews(views: readonly InFlightView[], maxRows: number = LIMITS.gatewayInFlightRows): InFlightView {
  const oldest = views.flatMap((view) => view.calls).toSorted((a, b) => b.elapsedMs - a.elapsedMs);
  return {
    observed: views.some((view) => view.observed),
    total: views.reduce((sum, view) => sum + view.total, 0),
    calls: oldest.slice(0, maxRows),
  };
}
