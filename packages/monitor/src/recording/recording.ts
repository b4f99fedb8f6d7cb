/**
 * The contract between whoever watches a call (SDK wrappers, gateway observer) and the recorder that tells it:
 * one recording per request, exactly one outcome, one span, one set of observations.
 */
import type {
  ClockSource,
  ErrorType,
  LiveStall,
  MetricRegistry,
  Outcome,
  TokenClock,
  TokenTimings,
} from "@nexent/monitor-core";
import type { AnswerText } from "./answer-text.ts";
import type { AnswerContent } from "./call-content.ts";
import type { ContentCapture } from "../config/content-capture.ts";
import type { Tokenizer } from "../config/tokenizer.ts";
import type { Objectives } from "../config/objectives.ts";
import type { Semconv } from "../config/config.ts";
import type { Attributes, BackendSpan, SpanBackend, SpanContext } from "../backend/backend.ts";

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

/** What may become known after the start of a call. */
export interface CallChange extends Partial<
  Pick<LlmCall, "streaming" | "modelLabel" | "clockSource" | "serverAddress" | "serverPort">
> {
  /** Written on the span, beside those of the start. */
  readonly attributes?: Attributes;
}

/** One request being watched. */
export interface Recording {
  /** Marks of the current attempt. */
  readonly clock: TokenClock;
  /** Text of the current attempt's answer, for a tokenizer; undefined when none is registered. */
  readonly text: AnswerText | undefined;
  /** Takes what of an answer does not pass {@link text}; undefined unless content is captured. */
  readonly content: AnswerContent | undefined;
  /** The CLIENT span; a no-op span without a backend. */
  readonly span: BackendSpan;
  /** `t_req` as monotonic milliseconds; marks are relative to it. */
  readonly requestAtMs: number;
  /** Microseconds since `t_req` for a monotonic time in ms. */
  micros(atMs: number): number;
  /** Stamps `t_req` again (single retry of the gateway: it stays one attempt). */
  restart(atMs: number): void;
  /**
   * A client sends an HTTP request for this call. Each stamps `t_req` and starts the marks anew; the one before, if any,
   * is recorded as a failed request (measurement contract 1.5). Without a single one the call counts as one attempt.
   */
  startAttempt(atMs: number): void;
  /** The current attempt failed; it ends the call only if no other follows. */
  failAttempt(end: CallEnd): void;
  /** The stall of a streamed answer that is open at a monotonic time. */
  liveStall(nowMs: number): LiveStall | undefined;
  /** A read of the answer's body has resolved: everything decoded from it came at this moment. */
  markRead(atMs: number): void;
  /** Time of the latest {@link markRead}; undefined when nobody watches the body. */
  readonly readAtMs: number | undefined;
  /** Corrections known only from the answer (`stream:true` asked, JSON answered; model admitted). */
  amend(change: CallChange): void;
  /**
   * A call observed inside this one owns the `llm_*` families (one call, one record per process): this recording keeps
   * its span and records no metric at its end.
   */
  delegate(): void;
  /**
   * Ends the call: span, metrics, in-flight gauge. Idempotent; returns the timings of the first end. With a tokenizer, an
   * answer without usage is recorded a moment later, when its text has been counted.
   */
  end(end: CallEnd): TokenTimings;
  readonly ended: boolean;
}

/** Thresholds, limits and switches of measurement contract 7; see MonitorConfig. */
export interface RecorderSettings extends Objectives {
  readonly slowRequestSeconds: number;
  readonly slowTokenRate: number;
  readonly tokenTape: boolean;
  readonly tokenTapeMaxBytes: number;
  readonly estimateTokens: boolean;
  readonly exemplars: boolean;
  readonly stallMinSeconds: number;
  readonly stallFactor: number;
  readonly stallFirstTokenSeconds: number;
  /** Counts the output tokens of answers without usage. */
  readonly tokenizer?: Tokenizer;
  /** Names of cache-write usage; default `v0.1.0`. */
  readonly semconv?: Semconv;
  /** Where prompts and answers are written; default nowhere. */
  readonly content?: ContentCapture | undefined;
}

export interface RecorderOptions extends RecorderSettings {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  /** Monotonic clock in milliseconds with fraction; default `performance.now`. */
  readonly nowMs?: () => number;
  /** Wall clock in Unix milliseconds; default `Date.now`. Read once per call. */
  readonly wallMs?: () => number;
  /** Record the `llm_call_*` families: for whoever sees calls with all their attempts. Default false. */
  readonly callFamilies?: boolean;
}

export interface StartOptions {
  /** `t_req`, monotonic milliseconds; default now. */
  readonly atMs?: number;
  /** Context the span belongs under; default the active span. */
  readonly parent?: SpanContext;
  /** Override the recorder's settings for this call. */
  readonly tokenTape?: boolean;
  readonly tokenizer?: Tokenizer;
  /** Called once for each stall, when it is recognised. Must not end a recording: another may be looked at just then. */
  readonly onStall?: (stall: LiveStall) => void;
  /** The request as the client was given it; looked at only where content is captured. */
  readonly request?: unknown;
}

export interface Recorder {
  /** Opens a recording. */
  start(call: LlmCall, options?: StartOptions): Recording;
  /** Other thresholds, limits and switches for calls that start from now on; registry and backend stay. */
  update(settings: RecorderSettings): void;
  /** Brings the live gauges up to date; for callers that expose the registry between two ticks of the timer. */
  refresh(): void;
  /** Longest event loop delay of the last second in seconds, 0 below 10 ms; looked for while calls are open. */
  readonly lagSeconds: number;
  /** Stops timers and ends open recordings as `abandoned`. */
  close(): void;
}
