/** The port behind which spans leave the process. `noop.ts` is the default, the folder `otel/` the one that knows OpenTelemetry. */

import type { KeepReason } from "../sampling/keep-reason.ts";

/** OpenTelemetry attribute values. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[] | readonly number[]>>;

/** W3C trace context of a span. */
export interface SpanContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: string;
}

export interface SpanStart {
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  /** Absent: the active span of the backend's context, if any, else a new root. */
  readonly parent?: SpanContext;
  /** Unix microseconds; default now. */
  readonly startUnixMicros?: number;
  readonly attributes?: Attributes;
}

/** A span that is still open. Calls after `end` are ignored; nothing throws. */
export interface BackendSpan {
  /** Absent for the no-op span. */
  readonly context: SpanContext | undefined;
  /** Whether attributes and events are kept; false lets callers skip costly work. */
  readonly recording: boolean;
  setAttribute(name: string, value: Attributes[string]): void;
  setAttributes(attributes: Attributes): void;
  updateName(name: string): void;
  addEvent(name: string, attributes?: Attributes, atUnixMicros?: number): void;
  /**
   * Demands, before the end, that the trace is exported whatever its head decision was. Answers whether it will be, as
   * far as this process decides: only then may an exemplar point here.
   */
  keep(reason: KeepReason): boolean;
  /** `error` sets status ERROR with the message; otherwise the status stays unset. */
  end(options?: { readonly error?: string | true; readonly endUnixMicros?: number }): void;
}

/** Counts since the start of the backend. */
export interface BackendHealth {
  readonly exported: number;
  readonly dropped: number;
  readonly exportFailures: number;
  /** Unix milliseconds since when every export has failed; absent while exporting works. */
  readonly failingSinceMs?: number;
  /** Unix milliseconds of the latest drop; absent when nothing was dropped. */
  readonly lastDropMs?: number;
}

export interface SpanBackend {
  readonly name: "noop" | "otel";
  startSpan(start: SpanStart): BackendSpan;
  /**
   * Runs `fn` with `span` active, so that spans started inside become its children.
   * `owner` is what {@link activeOwner} answers inside: the observed call, so that a nested one finds it.
   */
  withSpan<T>(span: BackendSpan, fn: () => T, owner?: object): T;
  /**
   * Whether anyone would miss the span of a call in which only a client library runs: a span is active already, or the
   * requests of the process are traced and look for their parent.
   */
  contextIsUsed(): boolean;
  activeSpan(): BackendSpan | undefined;
  /** The innermost `owner` around the running code, across `await`; absent outside. */
  activeOwner(): object | undefined;
  readonly health: BackendHealth;
  /** Flushes within `timeoutMs`; never rejects. */
  flush(timeoutMs: number): Promise<void>;
  /** Flushes and stops within `timeoutMs`; what is left is dropped and counted. Never rejects; may be called twice. */
  shutdown(timeoutMs: number): Promise<void>;
}
