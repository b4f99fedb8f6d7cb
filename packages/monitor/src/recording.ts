/**
 * The contract between whoever watches a call (SDK wrappers, gateway observer) and the recorder that tells it:
 * one recording per request, exactly one outcome, one span, one set of observations.
 */
import type { ErrorType, MetricRegistry, Outcome, TokenClock, TokenTimings, ClockSource } from "@nexent/monitor-core";
import type { Semconv } from "./config/config.ts";
import type { Attributes, BackendSpan, SpanBackend, SpanContext } from "./backend/backend.ts";

/** What was called. */
export interface LlmCall {
  readonly provider: string;
  /** As requested; `unknown` when nobody said it. */
  readonly model: string;
  /** `chat`, `text_completion`, `embeddings`, or as given to the decorator. */
  readonly operation: string;
  readonly streaming: boolean;
  readonly clockSource: ClockSource;
  readonly serverAddress?: string;
  readonly serverPort?: number;
  /** Label value for `model` when it differs from the name (`__overflow__` until admitted); default `model`. */
  readonly modelLabel?: string;
  readonly attributes?: Attributes;
}

/** The end of a call. First end wins. */
export interface CallEnd {
  readonly outcome: Outcome;
  readonly errorType?: ErrorType;
  /** Raw provider code; span attribute only. */
  readonly errorCode?: string;
  readonly httpStatus?: number;
  /** The host's error, for the exception event (type and redacted message only). */
  readonly error?: unknown;
  /** Monotonic milliseconds (`performance.now()`); default: now. */
  readonly atMs?: number;
}

/** One request being watched. */
export interface Recording {
  readonly clock: TokenClock;
  /** The CLIENT span; a no-op span without a backend. */
  readonly span: BackendSpan;
  /** `t_req` as monotonic milliseconds; marks are relative to it. */
  readonly requestAtMs: number;
  /** Microseconds since `t_req` for a monotonic time in ms. */
  micros(atMs: number): number;
  /** Stamps `t_req` again (single retry of the gateway: it stays one attempt). */
  restart(atMs: number): void;
  /** Corrections known only from the answer (`stream:true` asked, JSON answered; model admitted). */
  amend(change: { readonly streaming?: boolean; readonly modelLabel?: string; readonly attributes?: Attributes }): void;
  /**
   * A call observed inside this one owns the `llm_*` families (one call, one record per process): this recording keeps
   * its span and records no metric at its end.
   */
  delegate(): void;
  /** Ends the call: span, metrics, in-flight gauge. Idempotent; returns the timings of the first end. */
  end(end: CallEnd): TokenTimings;
  readonly ended: boolean;
}

/** Thresholds, limits and switches of measurement contract 7; see MonitorConfig. */
export interface RecorderSettings {
  readonly slowRequestSeconds: number;
  readonly slowTokenRate: number;
  readonly tokenTape: boolean;
  readonly tokenTapeMaxBytes: number;
  readonly estimateTokens: boolean;
  readonly exemplars: boolean;
  readonly stallMinSeconds: number;
  readonly stallFactor: number;
  readonly stallFirstTokenSeconds: number;
  /** Names of cache-write usage; default `v0.1.0`. */
  readonly semconv?: Semconv;
}

export interface RecorderOptions extends RecorderSettings {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  /** Monotonic clock in milliseconds with fraction; default `performance.now`. */
  readonly nowMs?: () => number;
  /** Wall clock in Unix milliseconds; default `Date.now`. Read once per call. */
  readonly wallMs?: () => number;
}

export interface StartOptions {
  /** `t_req`, monotonic milliseconds; default now. */
  readonly atMs?: number;
  /** Context the span belongs under; default the active span. */
  readonly parent?: SpanContext;
  /** Overrides the recorder's switch for this call. */
  readonly tokenTape?: boolean;
}

export interface Recorder {
  /** Opens a recording. */
  start(call: LlmCall, options?: StartOptions): Recording;
  /** Other thresholds, limits and switches for calls that start from now on; registry and backend stay. */
  update(settings: RecorderSettings): void;
  /** Brings the live gauges up to date; for callers that expose the registry between two ticks of the timer. */
  refresh(): void;
  /** Stops timers and ends open recordings as `abandoned`. */
  close(): void;
}
