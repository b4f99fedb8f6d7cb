/** One record per request: span and metrics, exactly one outcome. The same code serves the SDK and the gateway. */
import {
  createTokenClock,
  METRICS,
  type Exemplar,
  type LiveStall,
  type MetricRegistry,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";
import type { BackendSpan, SpanBackend } from "./backend/backend.ts";
import { recordCallMetrics } from "./call-metrics.ts";
import { createLoopLag, type LoopLag } from "./loop-lag.ts";
import { createOpenCalls, type OpenCall, type OpenCalls } from "./open-calls.ts";
import type {
  CallEnd,
  LlmCall,
  Recorder,
  RecorderOptions,
  RecorderSettings,
  Recording,
  StartOptions,
} from "./recording.ts";
import { describeThrown } from "./redact.ts";
import { delegatedAttributes, endAttributes, spanName, startAttributes } from "./span-attributes.ts";

/** Stalls written as span events; the rest of the event limit belongs to the application. */
const MAX_STALL_EVENTS = 8;
const SAMPLED = 1;

/** What the recordings of one recorder share. */
interface Shared {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly open: OpenCalls;
  readonly lag: LoopLag;
  readonly recordings: Set<OpenRecording>;
}

type Slow = readonly ("duration" | "rate")[];

class OpenRecording implements Recording, OpenCall {
  readonly clock: TokenClock;
  readonly span: BackendSpan;
  readonly #shared: Shared;
  readonly #settings: RecorderSettings;
  readonly #startUnixMicros: number;
  readonly #startedAtMs: number;
  #call: LlmCall;
  #requestAtMs: number;
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
    this.clock = createTokenClock({
      tapeMaxBytes: settings.tokenTapeMaxBytes,
      estimateTokens: settings.estimateTokens,
      stallMinSeconds: settings.stallMinSeconds,
      stallFactor: settings.stallFactor,
      stallFirstTokenSeconds: settings.stallFirstTokenSeconds,
      // A tape that no span can carry is not collected.
      tape: tokenTape && this.span.recording,
    });
    this.#overheadMs += shared.nowMs() - beganMs;
  }

  get requestAtMs(): number {
    return this.#requestAtMs;
  }

  get ended(): boolean {
    return this.#timings !== undefined;
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

  amend(change: Parameters<Recording["amend"]>[0]): void {
    if (this.ended) return;
    const { attributes, ...rest } = change;
    this.#call = { ...this.#call, ...rest };
    if (attributes !== undefined) this.span.setAttributes(attributes);
  }

  delegate(): void {
    if (this.ended || this.#delegated) return;
    this.#delegated = true;
    this.#shared.open.delete(this);
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
    const { nowMs, recordings, open, registry } = this.#shared;
    const beganMs = nowMs();
    const endMs = end.atMs ?? beganMs;
    const timings = this.clock.finish({
      outcome: end.outcome,
      streaming: this.#call.streaming,
      ...(end.outcome !== "abandoned" && { endMicros: this.micros(endMs) }),
    });
    this.#timings = timings;
    recordings.delete(this);
    open.delete(this);
    const slow = this.#slow(timings);
    if (!this.#delegated) this.#measure(end, timings, slow);
    this.#endSpan(end, timings, slow, endMs);
    this.#overheadMs += nowMs() - beganMs;
    registry.histogram(METRICS.nexentMonitorOverheadSeconds, {}).observe(this.#overheadMs / 1000);
    return timings;
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
    const { registry } = this.#shared;
    recordCallMetrics(registry, {
      labels: this.labels,
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

  #endSpan(end: CallEnd, timings: TokenTimings, slow: Slow, endMs: number): void {
    const { span } = this;
    const offsetMicros = (this.#requestAtMs - this.#startedAtMs) * 1000;
    const unixMicros = (micros: number): number => Math.round(this.#startUnixMicros + offsetMicros + micros);
    if (span.recording) {
      const ended = {
        call: this.#call,
        end,
        timings,
        serverTimings: this.clock.serverTimings,
        slow,
        lagSeconds: this.#shared.lag.longestSince(this.#startedAtMs),
        semconv: this.#settings.semconv ?? "v0.1.0",
      };
      span.setAttributes(this.#delegated ? delegatedAttributes(ended) : endAttributes(ended));
      this.#addEvents(end, timings, unixMicros);
    }
    span.end({
      endUnixMicros: unixMicros(timings.endMicros ?? this.micros(endMs)),
      ...(end.outcome === "error" && { error: end.errorType ?? "unknown" }),
    });
  }

  #addEvents(end: CallEnd, timings: TokenTimings, unixMicros: (micros: number) => number): void {
    const { firstTokenMicros } = timings;
    if (firstTokenMicros !== undefined) {
      this.span.addEvent(
        "first_token_received",
        { ttft_seconds: firstTokenMicros / 1e6 },
        unixMicros(firstTokenMicros),
      );
    }
    for (const stall of timings.stalls.slice(0, MAX_STALL_EVENTS)) {
      const attributes = {
        offset_seconds: stall.offsetMicros / 1e6,
        duration_seconds: stall.durationMicros / 1e6,
        phase: stall.phase,
      };
      this.span.addEvent("llm.stall", attributes, unixMicros(stall.offsetMicros + stall.durationMicros));
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

/** A recorder over a registry and a span backend. Without OpenTelemetry the backend is the no-op one; metrics go on. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { registry, backend, nowMs = () => performance.now(), wallMs = Date.now } = options;
  const recordings = new Set<OpenRecording>();
  const open = createOpenCalls(registry, nowMs);
  const shared: Shared = {
    registry,
    backend,
    nowMs,
    wallMs,
    open,
    lag: createLoopLag(nowMs, () => recordings.size > 0),
    recordings,
  };
  let settings: RecorderSettings = options;
  return {
    start(call, startOptions = {}) {
      const recording = new OpenRecording(shared, settings, call, startOptions);
      recordings.add(recording);
      open.add(recording);
      shared.lag.start();
      return recording;
    },
    update(changed) {
      settings = changed;
    },
    refresh: () => open.refresh(),
    close() {
      for (const recording of recordings) recording.end({ outcome: "abandoned" });
      open.stop();
      shared.lag.stop();
    },
  };
}
