/** Contract; see createTokenClock below. */
import type { StreamEvent, TokenUsage, ServerTimings, ProviderFault } from "./providers/provider.ts";
import type { Outcome } from "./model/outcome.ts";
import type { TokenTimings } from "./model/token-timings.ts";

/** Options of one clock. */
export interface TokenClockOptions {
  /** Collect the token tape; default true. */
  readonly tape?: boolean;
  /** Cap of the encoded tape in characters; default 16384. */
  readonly tapeMaxBytes?: number;
  /** Estimate `N` from bytes when no usage came; default true. */
  readonly estimateTokens?: boolean;
  /** Stall rule; defaults 2 s, 10, 60 s. */
  readonly stallMinSeconds?: number;
  readonly stallFactor?: number;
  readonly stallFirstTokenSeconds?: number;
}

/** A stall seen live on a stream that is still open. */
export interface LiveStall {
  readonly phase: "first_token" | "mid_stream";
  readonly sinceMicros: number;
}

/**
 * Marks of one answer -> {@link TokenTimings}. All times are integer microseconds since `t_req`, taken by the caller
 * from a monotonic clock; all events of one body read share one stamp. Not reusable, not thread-safe.
 */
export interface TokenClock {
  /** Response status and headers are visible. Later calls are ignored. */
  markFirstByte(atMicros: number): void;
  /** Feeds one event; the event object is not kept. */
  record(event: StreamEvent, atMicros: number): void;
  /**
   * Hand-written streams (token tracker): one counted delta without a wire format.
   * @param tokens token count of this delta when known.
   */
  recordDelta(kind: "text" | "reasoning" | "tool" | "refusal" | "audio", bytes: number, atMicros: number, tokens?: number): void;
  /** A usage that came outside the stream (non-streaming body, `recordCompletion`). */
  recordUsage(usage: TokenUsage): void;
  /** The relay paused the upstream at this moment: the gap around it is the client's, not the model's. */
  markPause(atMicros: number): void;
  /** A stall that is open now, at most one; the caller polls with a shared timer. */
  liveStall(nowMicros: number): LiveStall | undefined;
  /** `waiting` before the first counted delta, then `generating`. */
  readonly phase: "waiting" | "generating";
  /** The finish reason (or the format's terminal marker) was seen: the stream may end `ok`. */
  readonly sawNormalEnd: boolean;
  /** First error event seen inside the stream. */
  readonly fault: ProviderFault | undefined;
  readonly serverTimings: ServerTimings | undefined;
  /** Visits each gap between consecutive counted chunks in seconds, and per-token gaps when `k` is known, for histograms. */
  forEachGap(visit: (gapSeconds: number, tokens: number | undefined) => void): void;
  /** Closes the clock. Idempotent: the first call decides. `endMicros` is absent for `abandoned`. */
  finish(end: { readonly outcome: Outcome; readonly endMicros?: number; readonly streaming: boolean }): TokenTimings;
}
