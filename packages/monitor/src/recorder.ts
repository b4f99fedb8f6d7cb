/** One record per request: span and metrics, exactly one outcome. The same code serves the SDK and the gateway. */
import { performance } from "node:perf_hooks";
import {
  createTokenClock,
  METRICS,
  type Exemplar,
  type HistogramSeries,
  type LiveStall,
  type MetricRegistry,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";
import type { BackendSpan, SpanBackend } from "./backend/backend.ts";
import { recordCallMetrics, recordRetry, recordWholeCall } from "./call-metrics.ts";
import { createCallSeries, type BaseLabels, type CallSeries } from "./call-series.ts";
import { createLoopLag, type LoopLag } from "./loop-lag.ts";
import { createOpenCalls, type OpenCall, type OpenCalls } from "./open-calls.ts";
import type {
  CallChange,
  CallEnd,
  LlmCall,
  Recorder,
  RecorderOptions,
  RecorderSettings,
  Recording,
  StartOptions,
} from "./recording.ts";
import { describeThrown } from "./redact.ts";
import {
  attemptAttributes,
  delegatedAttributes,
  endAttributes,
  spanName,
  startAttributes,
  type EndedCall,
} from "./span-attributes.ts";

/** Stalls written as span events; the rest of the event limit belongs to the application. */
const MAX_STALL_EVENTS = 8;
const SAMPLED = 1;

/** What the recordings of one recorder share. */
interface Shared {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly open: OpenCalls<OpenRecording>;
  readonly lag: LoopLag;
  readonly callFamilies: boolean;
  readonly seriesOf: (labels: BaseLabels) => CallSeries;
  /** Found at the first end: a family without a value is not shown. */
  overhead: HistogramSeries | undefined;
}

type Slow = readonly ("duration" | "rate")[];

class OpenRecording implements Recording, OpenCall {
  readonly span: BackendSpan;
  readAtMs: number | undefined;
  place = -1;
  readonly #shared: Shared;
  readonly #settings: RecorderSettings;
  readonly #startUnixMicros: number;
  readonly #startedAtMs: number;
  readonly #tape: boolean;
  #call: LlmCall;
  #clock: TokenClock;
  #requestAtMs: number;
  /** Attempts seen so far; 0 while nobody shows them. */
  #attempt = 0;
  #attemptFailure: CallEnd | undefined;
  #delegated = false;
  #timings: TokenTimings | undefined;
  #stallsCounted = 0;
  #countedSinceMicros = -1;
  #overheadMs = 0;

  constructor(shared: Shared, settings: RecorderSettings, call: LlmCall, options: StartOptions) {
    const beganMs = shared.nowMs();
    const { atMs = beganMs, parent, tokenTape = settings.tokenTape } = options;
    this.#shared = shared;
    this.#settings = settings;
    this.#call = call;
    this.#requestAtMs = atMs;
    this.#startedAtMs = atMs;
    // The wall clock is read once and only places the span; all marks are monotonic.
    this.#startUnixMicros = Math.round(shared.wallMs() * 1000 - (beganMs - atMs) * 1000);
    this.span = shared.backend.startSpan({
      name: spanName(call),
      kind: "client",
      startUnixMicros: this.#startUnixMicros,
      attributes: startAttributes(call),
      ...(parent !== undefined && { parent }),
    });
    // A tape that no span can carry is not collected.
    this.#tape = tokenTape && this.span.recording;
    this.#clock = this.#newClock();
    this.#overheadMs += shared.nowMs() - beganMs;
  }

  get clock(): TokenClock {
    return this.#clock;
  }

  get requestAtMs(): number {
    return this.#requestAtMs;
  }

  get ended(): boolean {
    return this.#timings !== undefined;
  }

  get delegated(): boolean {
    return this.#delegated;
  }

  get phase(): "waiting" | "generating" {
    return this.clock.phase;
  }

  get labels(): OpenCall["labels"] {
    const { model, modelLabel, operation, provider } = this.#call;
    return { model: modelLabel ?? model, operation, provider };
  }

  micros(atMs: number): number {
    return Math.max(0, Math.round((atMs - this.#requestAtMs) * 1000));
  }

  restart(atMs: number): void {
    this.#requestAtMs = atMs;
  }

  startAttempt(atMs: number): void {
    if (this.ended) return;
    if (this.#attempt > 0) this.#loseAttempt(this.#attemptFailure ?? { outcome: "error", errorType: "unknown", atMs });
    this.#attempt += 1;
    this.#attemptFailure = undefined;
    this.#requestAtMs = atMs;
  }

  failAttempt(end: CallEnd): void {
    this.#attemptFailure ??= { ...end, atMs: end.atMs ?? this.#shared.nowMs() };
  }

  markRead(atMs: number): void {
    this.readAtMs = atMs;
  }

  amend(change: CallChange): void {
    if (this.ended) return;
    const { attributes, ...rest } = change;
    this.#call = { ...this.#call, ...rest };
    if (attributes !== undefined) this.span.setAttributes(attributes);
  }

  delegate(): void {
    if (this.ended || this.#delegated) return;
    this.#delegated = true;
    this.#shared.open.leave();
    this.span.setAttributes(delegatedAttributes());
  }

  liveStall(nowMs: number): LiveStall | undefined {
    return this.#call.streaming ? this.clock.liveStall(this.micros(nowMs)) : undefined;
  }

  stallRecognised(stall: LiveStall): void {
    if (stall.sinceMicros === this.#countedSinceMicros) return;
    this.#countedSinceMicros = stall.sinceMicros;
    this.#stallsCounted += 1;
    this.#shared.registry.counter(METRICS.llmStalls, { ...this.labels, phase: stall.phase }).add(1);
  }

  end(end: CallEnd): TokenTimings {
    if (this.#timings !== undefined) return this.#timings;
    const { nowMs, open, registry } = this.#shared;
    const beganMs = nowMs();
    const endMs = end.atMs ?? beganMs;
    // Whoever stops waiting for another attempt ends the call; the request itself had failed before.
    const request = end.outcome === "cancelled" ? (this.#attemptFailure ?? end) : end;
    const timings = this.#finish(request, request.atMs ?? endMs);
    this.#timings = timings;
    open.delete(this);
    const slow = this.#slow(timings);
    if (!this.#delegated) {
      this.#measure(request, timings, slow);
      this.#measureCall(end, timings, endMs);
    }
    this.#endSpan(end, timings, slow, endMs);
    this.#overheadMs += nowMs() - beganMs;
    this.#shared.overhead ??= registry.histogram(METRICS.nexentMonitorOverheadSeconds, {});
    this.#shared.overhead.observe(this.#overheadMs / 1000);
    return timings;
  }

  #newClock(): TokenClock {
    const { tokenTapeMaxBytes, estimateTokens, stallMinSeconds, stallFactor, stallFirstTokenSeconds } = this.#settings;
    return createTokenClock({
      tapeMaxBytes: tokenTapeMaxBytes,
      estimateTokens,
      stallMinSeconds,
      stallFactor,
      stallFirstTokenSeconds,
      tape: this.#tape,
    });
  }

  #finish({ outcome }: CallEnd, atMs: number): TokenTimings {
    const { streaming } = this.#call;
    if (outcome === "abandoned") return this.#clock.finish({ outcome, streaming });
    return this.#clock.finish({ outcome, streaming, endMicros: this.micros(atMs) });
  }

  /** The current attempt is over and another follows: it is a failed request of its own. */
  #loseAttempt(failure: CallEnd): void {
    const timings = this.#finish(failure, failure.atMs ?? this.#shared.nowMs());
    const slow = this.#slow(timings);
    if (!this.#delegated) {
      this.#measure(failure, timings, slow);
      recordRetry(this.#shared.seriesOf(this.labels), failure);
    }
    this.#tellAttempt(failure, timings, slow);
    this.#clock = this.#newClock();
    this.readAtMs = undefined;
    this.#stallsCounted = 0;
    this.#countedSinceMicros = -1;
  }

  #tellAttempt(end: CallEnd, timings: TokenTimings, slow: Slow): void {
    const { context, recording } = this.span;
    if (!recording || context === undefined) return;
    const span = this.#shared.backend.startSpan({
      name: `attempt ${this.#attempt}`,
      kind: "client",
      startUnixMicros: this.#unixMicros(0),
      parent: context,
      attributes: attemptAttributes(this.#ended(end, timings, slow), this.#attempt),
    });
    this.#endBackendSpan(span, end, this.#unixMicros(timings.endMicros ?? 0));
  }

  #measureCall(end: CallEnd, { firstTokenMicros }: TokenTimings, endMs: number): void {
    if (!this.#shared.callFamilies || end.outcome === "abandoned") return;
    const waitMs = this.#requestAtMs - this.#startedAtMs;
    recordWholeCall({
      series: this.#shared.seriesOf(this.labels),
      outcome: end.outcome,
      durationSeconds: Math.max(0, endMs - this.#startedAtMs) / 1000,
      ttftSeconds: firstTokenMicros === undefined ? undefined : firstTokenMicros / 1e6 + waitMs / 1000,
      exemplar: this.#exemplar(),
    });
  }

  #slow(timings: TokenTimings): Slow {
    const { slowRequestSeconds, slowTokenRate } = this.#settings;
    const slow: ("duration" | "rate")[] = [];
    if ((timings.endMicros ?? 0) / 1e6 > slowRequestSeconds) slow.push("duration");
    // An estimated rate may be off by its estimate: it accuses nobody.
    const rate = timings.estimated ? undefined : timings.generationRateTokensPerSecond;
    if (rate !== undefined && rate < slowTokenRate) slow.push("rate");
    return slow;
  }

  #measure(end: CallEnd, timings: TokenTimings, slow: Slow): void {
    const { registry, seriesOf } = this.#shared;
    recordCallMetrics({
      series: seriesOf(this.labels),
      streaming: this.#call.streaming,
      end,
      timings,
      clock: this.clock,
      slow,
      stallsCounted: this.#stallsCounted,
      exemplar: this.#exemplar(),
    });
    if (timings.malformedCount > 0) {
      registry.counter(METRICS.nexentMonitorParseErrors, { provider: this.#call.provider }).add(timings.malformedCount);
    }
  }

  /** Only a kept trace may be pointed at. */
  #exemplar(): Exemplar | undefined {
    const { context } = this.span;
    if (!this.#settings.exemplars || context === undefined || (context.traceFlags & SAMPLED) === 0) return undefined;
    return { traceId: context.traceId, spanId: context.spanId, timestampSeconds: this.#shared.wallMs() / 1000 };
  }

  /** Unix microseconds of a mark of the current attempt. */
  #unixMicros(micros: number): number {
    return Math.round(this.#startUnixMicros + (this.#requestAtMs - this.#startedAtMs) * 1000 + micros);
  }

  #ended(end: CallEnd, timings: TokenTimings, slow: Slow): EndedCall {
    return {
      call: this.#call,
      end,
      timings,
      serverTimings: this.#clock.serverTimings,
      slow,
      lagSeconds: this.#shared.lag.longestSince(this.#startedAtMs),
      semconv: this.#settings.semconv ?? "v0.1.0",
      attempts: this.#attempt,
    };
  }

  #endSpan(end: CallEnd, timings: TokenTimings, slow: Slow, endMs: number): void {
    const { span } = this;
    if (this.#attempt > 1) this.#tellAttempt(this.#attemptFailure ?? end, timings, slow);
    if (span.recording) {
      const ended = this.#ended(end, timings, slow);
      span.setAttributes(this.#delegated ? delegatedAttributes(ended) : endAttributes(ended));
      this.#addEvents(end, timings);
    }
    this.#endBackendSpan(span, end, this.#unixMicros(this.micros(endMs)));
  }

  #endBackendSpan(span: BackendSpan, end: CallEnd, endUnixMicros: number): void {
    span.end(end.outcome === "error" ? { endUnixMicros, error: end.errorType ?? "unknown" } : { endUnixMicros });
  }

  #addEvents(end: CallEnd, timings: TokenTimings): void {
    const { firstTokenMicros } = timings;
    if (firstTokenMicros !== undefined) {
      this.span.addEvent(
        "first_token_received",
        { ttft_seconds: firstTokenMicros / 1e6 },
        this.#unixMicros(firstTokenMicros),
      );
    }
    for (const stall of timings.stalls.slice(0, MAX_STALL_EVENTS)) {
      const attributes = {
        offset_seconds: stall.offsetMicros / 1e6,
        duration_seconds: stall.durationMicros / 1e6,
        phase: stall.phase,
      };
      this.span.addEvent("llm.stall", attributes, this.#unixMicros(stall.offsetMicros + stall.durationMicros));
    }
    if (end.outcome !== "error" || end.error === undefined) return;
    const { type, message } = describeThrown(end.error);
    this.span.addEvent("exception", { "exception.type": type, "exception.message": message });
  }
}

/** The recording that was handed to a backend as owner; undefined when it is not one of ours, or is over. */
export function openRecordingOf(owner: object | undefined): Recording | undefined {
  return owner instanceof OpenRecording && !owner.ended ? owner : undefined;
}

function monotonicMs(): number {
  return performance.now();
}

/** A recorder over a registry and a span backend. Without OpenTelemetry the backend is the no-op one; metrics go on. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { registry, backend, nowMs = monotonicMs, wallMs = Date.now, callFamilies = false } = options;
  const open = createOpenCalls<OpenRecording>(registry, nowMs);
  const shared: Shared = {
    registry,
    backend,
    nowMs,
    wallMs,
    open,
    lag: createLoopLag(nowMs, () => open.all.length > 0),
    callFamilies,
    seriesOf: createCallSeries(registry),
    overhead: undefined,
  };
  let settings: RecorderSettings = options;
  return {
    start(call, startOptions = {}) {
      const recording = new OpenRecording(shared, settings, call, startOptions);
      open.add(recording);
      shared.lag.start();
      return recording;
    },
    update(changed) {
      settings = changed;
    },
    refresh: () => open.refresh(),
    close() {
      for (const recording of open.all.slice()) recording.end({ outcome: "abandoned" });
      open.stop();
      shared.lag.stop();
    },
  };
}
