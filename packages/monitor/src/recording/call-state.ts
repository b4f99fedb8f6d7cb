/** One call as its recording keeps it: who marks the call writes here, who tells it reads it. */
import type { Exemplar, HistogramSeries, MetricRegistry, TokenClock } from "@nexent/monitor-core";
import type { BackendSpan, SpanBackend } from "../backend/backend.ts";
import type { CallContent } from "./call-content.ts";
import type { BaseLabels, CallSeries } from "./call-series.ts";
import type { GenAiMetrics } from "./gen-ai-metrics.ts";
import type { LoopLag } from "./loop-lag.ts";
import type { CallEnd, LlmCall, RecorderSettings } from "./recording.ts";

const SAMPLED = 1;

/** What the recordings of one recorder share. */
export interface RecorderShared {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly lag: LoopLag;
  readonly callFamilies: boolean;
  readonly genAi: GenAiMetrics;
  readonly seriesOf: (labels: BaseLabels) => CallSeries;
  /** Found at the first end: a family without a value is not shown. */
  overhead: HistogramSeries | undefined;
}

/** What a call begins with. */
export interface CallStart {
  readonly call: LlmCall;
  readonly span: BackendSpan;
  readonly clock: TokenClock;
  readonly content: CallContent | undefined;
  /** When the application asked, monotonic milliseconds. */
  readonly startedAtMs: number;
  readonly startUnixMicros: number;
}

export class CallState {
  readonly shared: RecorderShared;
  readonly settings: RecorderSettings;
  readonly span: BackendSpan;
  readonly content: CallContent | undefined;
  readonly startedAtMs: number;
  readonly startUnixMicros: number;
  call: LlmCall;
  /** Marks of the current attempt. */
  clock: TokenClock;
  /** When the current attempt was sent, monotonic milliseconds. */
  requestAtMs: number;
  /** Attempts seen so far; 0 while nobody shows them. */
  attempt = 0;
  attemptFailure: CallEnd | undefined;
  delegated = false;
  stallsCounted = 0;
  /** The trace is exported: an exemplar may point at it. */
  kept: boolean;

  constructor(shared: RecorderShared, settings: RecorderSettings, start: CallStart) {
    this.shared = shared;
    this.settings = settings;
    this.call = start.call;
    this.span = start.span;
    this.clock = start.clock;
    this.content = start.content;
    this.startedAtMs = start.startedAtMs;
    this.requestAtMs = start.startedAtMs;
    this.startUnixMicros = start.startUnixMicros;
    this.kept = ((start.span.context?.traceFlags ?? 0) & SAMPLED) !== 0;
  }

  get labels(): BaseLabels {
    const { model, modelLabel, operation, provider } = this.call;
    return { model: modelLabel ?? model, operation, provider };
  }

  /** Microseconds since the current attempt was sent. */
  micros(atMs: number): number {
    return Math.max(0, Math.round((atMs - this.requestAtMs) * 1000));
  }

  /** Unix microseconds of a mark of the current attempt. */
  unixMicros(micros: number): number {
    return Math.round(this.startUnixMicros + (this.requestAtMs - this.startedAtMs) * 1000 + micros);
  }

  /** Only a kept trace may be pointed at. */
  exemplar(): Exemplar | undefined {
    const { context } = this.span;
    if (!this.settings.exemplars || context === undefined || !this.kept) return undefined;
    return { traceId: context.traceId, spanId: context.spanId, timestampSeconds: this.shared.wallMs() / 1000 };
  }
}
