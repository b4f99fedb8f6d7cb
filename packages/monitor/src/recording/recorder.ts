/** One record per request: span and metrics, exactly one outcome. The same code serves the SDK and the gateway. */
import {
  createTokenClock,
  METRICS,
  type CountedText,
  type Exemplar,
  type HistogramSeries,
  type LiveStall,
  type MetricRegistry,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";
import { createTextKeeper, type AnswerText, type TextKeeper } from "./answer-text.ts";
import type { BackendSpan, SpanBackend } from "../backend/backend.ts";
import { recordCallMetrics, recordRetry, recordWholeCall } from "./call-metrics.ts";
import { createCallSeries, type BaseLabels, type CallSeries } from "./call-series.ts";
import { openContent, type CallContent } from "./call-content.ts";
import { createGenAiMetrics, type GenAiMetrics } from "./gen-ai-metrics.ts";
import { meetsObjectives } from "./goodput.ts";
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
import { keepReasonOf } from "../sampling/keep-reason.ts";
import {
  attemptAttributes,
  delegatedAttributes,
  endAttributes,
  spanName,
  startAttributes,
  type EndedCall,
} from "./span-attributes.ts";
import { addEndEvents } from "./span-events.ts";
import { createTextCounting, type TextCounting } from "./text-counting.ts";
import type { Tokenizer } from "../config/tokenizer.ts";

const SAMPLED = 1;
const RECENT_LAG_MS = 1000;

/** What the recordings of one recorder share. */
interface Shared {
  readonly registry: MetricRegistry;
  readonly backend: SpanBackend;
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  readonly open: OpenCalls<OpenRecording>;
  readonly lag: LoopLag;
  readonly callFamilies: boolean;
  readonly genAi: GenAiMetrics;
  readonly texts: TextKeeper;
  readonly counting: TextCounting;
  readonly seriesOf: (labels: BaseLabels) => CallSeries;
  /** Found at the first end: a family without a value is not shown. */
  overhead: HistogramSeries | undefined;
}

/** Whether a change says anything new of a call; most say what its start has said. */
function saysMore(call: LlmCall, change: CallChange): boolean {
  return (
    (change.streaming ?? call.streaming) !== call.streaming ||
    (change.clockSource ?? call.clockSource) !== call.clockSource ||
    (change.serverAddress ?? call.serverAddress) !== call.serverAddress ||
    (change.serverPort ?? call.serverPort) !== call.serverPort ||
    (change.modelLabel ?? call.modelLabel) !== call.modelLabel
  );
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
  readonly #tokenizer: Tokenizer | undefined;
  readonly #onStall: StartOptions["onStall"];
  #text: AnswerText | undefined;
  readonly content: CallContent | undefined;
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
  /** Event loop lag when the call ended: what came later does not touch its marks. */
  #lagSeconds: number | undefined;
  /** The trace is exported: an exemplar may point at it. */
  #kept: boolean;

  constructor(shared: Shared, settings: RecorderSettings, call: LlmCall, options: StartOptions) {
    const beganMs = shared.nowMs();
    const { atMs = beganMs, parent, tokenTape = settings.tokenTape, tokenizer = settings.tokenizer } = options;
    this.#shared = shared;
    this.#settings = settings;
    this.#tokenizer = tokenizer;
    this.#onStall = options.onStall;
    this.#text = this.#openText();
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
    this.content = openContent(settings.content, options.request, this.span);
    this.#kept = ((this.span.context?.traceFlags ?? 0) & SAMPLED) !== 0;
    // A tape that no span can carry is not collected.
    this.#tape = tokenTape && this.span.recording;
    this.#clock = this.#newClock();
    this.#overheadMs += shared.nowMs() - beganMs;
  }

  get clock(): TokenClock {
    return this.#clock;
  }

  get text(): AnswerText | undefined {
    return this.content === undefined ? this.#text : this.content.over(this.#text);
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
    if (this.ended) return;
    this.#attemptFailure ??= { ...end, atMs: end.atMs ?? this.#shared.nowMs() };
  }

  markRead(atMs: number): void {
    this.readAtMs = atMs;
  }

  amend(change: CallChange): void {
    if (this.ended) return;
    if (change.attributes !== undefined) this.span.setAttributes(change.attributes);
    if (!saysMore(this.#call, change)) return;
    const { attributes: _written, ...rest } = change;
    this.#call = { ...this.#call, ...rest };
  }

  delegate(): void {
    if (this.ended || this.#delegated) return;
    this.#delegated = true;
    this.#text?.drop();
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
    this.#onStall?.(stall);
  }

  end(end: CallEnd): TokenTimings {
    if (this.#timings !== undefined) return this.#timings;
    const { nowMs, open } = this.#shared;
    const beganMs = nowMs();
    const endMs = end.atMs ?? beganMs;
    // Whoever stops waiting for another attempt ends the call; the request itself had failed before.
    const request = end.outcome === "cancelled" ? (this.#attemptFailure ?? end) : end;
    const timings = this.#finish(request, request.atMs ?? endMs);
    this.#timings = timings;
    this.#lagSeconds = this.#shared.lag.longestSince(this.#startedAtMs);
    open.delete(this);
    this.#overheadMs += nowMs() - beganMs;
    const write = (told: TokenTimings): void => this.#write(end, request, told, endMs);
    if (!this.#countLater(end, timings, write)) write(timings);
    return timings;
  }

  /** With a tokenizer, an answer that came whole and without usage is counted before it is written. */
  #countLater(end: CallEnd, timings: TokenTimings, write: (timings: TokenTimings) => void): boolean {
    const tokenizer = this.#tokenizer;
    const text = this.#text;
    if (tokenizer === undefined || text === undefined) return false;
    if (!text.complete || timings.usage?.outputTokens !== undefined || end.outcome === "abandoned") {
      text.drop();
      return false;
    }
    const done = (counted?: CountedText): void => write(counted === undefined ? timings : this.#clock.recount(counted));
    this.#shared.counting.add({ text, outputBytes: timings.outputBytes, tokenizer, model: this.#call.model, done });
    return true;
  }

  #openText(): AnswerText | undefined {
    return this.#tokenizer === undefined ? undefined : this.#shared.texts.open();
  }

  /** The record of the call: once, whenever its counts are final. */
  #write(end: CallEnd, request: CallEnd, timings: TokenTimings, endMs: number): void {
    const { nowMs, registry } = this.#shared;
    const beganMs = nowMs();
    const slow = this.#slow(timings);
    this.#demandKeep(end, timings, slow, endMs);
    if (!this.#delegated) {
      this.#measure(request, timings, slow);
      this.#measureCall(end, timings, endMs);
    }
    this.#endSpan(end, timings, slow, endMs);
    this.#overheadMs += nowMs() - beganMs;
    this.#shared.overhead ??= registry.histogram(METRICS.nexentMonitorOverheadSeconds, {});
    this.#shared.overhead.observe(this.#overheadMs / 1000);
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
    this.#text?.drop();
    this.#text = this.#openText();
    this.content?.restart();
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

  #measureCall(end: CallEnd, timings: TokenTimings, endMs: number): void {
    const { callFamilies, genAi } = this.#shared;
    const durationSeconds = end.outcome === "abandoned" ? undefined : Math.max(0, endMs - this.#startedAtMs) / 1000;
    const waitSeconds = (this.#requestAtMs - this.#startedAtMs) / 1000;
    const exemplar = this.#exemplar();
    const semconv = this.#settings.semconv ?? "v0.1.0";
    const { clock } = this;
    genAi.record({
      call: this.#call,
      end,
      timings,
      clock,
      durationSeconds,
      waitSeconds,
      semconv,
      exemplar,
    });
    if (!callFamilies || durationSeconds === undefined) return;
    const { firstTokenMicros } = timings;
    const ttftSeconds = firstTokenMicros === undefined ? undefined : firstTokenMicros / 1e6 + waitSeconds;
    recordWholeCall({
      series: this.#shared.seriesOf(this.labels),
      outcome: end.outcome,
      durationSeconds,
      ttftSeconds,
      exemplar,
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
      good: meetsObjectives(end, timings, this.#settings),
      stallsCounted: this.#stallsCounted,
      exemplar: this.#exemplar(),
    });
    if (timings.malformedCount > 0) {
      registry.counter(METRICS.nexentMonitorParseErrors, { provider: this.#call.provider }).add(timings.malformedCount);
    }
  }

  /** Failed, stalled and slow calls are kept whatever the head decision. Who left its record to another has no stream. */
  #demandKeep(end: CallEnd, timings: TokenTimings, slow: Slow, endMs: number): void {
    const reason = keepReasonOf({
      failed: end.outcome === "error",
      stalled: !this.#delegated && timings.stalls.length > 0,
      slow: end.outcome !== "abandoned" && (endMs - this.#startedAtMs) / 1000 > this.#settings.slowRequestSeconds,
      slowRate: slow.includes("rate"),
    });
    if (reason !== undefined && this.span.keep(reason)) this.#kept = true;
  }

  /** Only a kept trace may be pointed at. */
  #exemplar(): Exemplar | undefined {
    const { context } = this.span;
    if (!this.#settings.exemplars || context === undefined || !this.#kept) return undefined;
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
      lagSeconds: this.ended ? this.#lagSeconds : this.#shared.lag.longestSince(this.#startedAtMs),
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
      if (!this.#delegated) this.content?.writeAnswered(span, timings.finishReasons);
      addEndEvents(span, end, timings, (micros) => this.#unixMicros(micros));
    }
    this.#endBackendSpan(span, end, this.#unixMicros(this.micros(endMs)));
  }

  #endBackendSpan(span: BackendSpan, end: CallEnd, endUnixMicros: number): void {
    span.end(end.outcome === "error" ? { endUnixMicros, error: end.errorType ?? "unknown" } : { endUnixMicros });
  }
}

/** The recording that was handed to a backend as owner; undefined when it is not one of ours, or is over. */
export function openRecordingOf(owner: object | undefined): Recording | undefined {
  return owner instanceof OpenRecording && !owner.ended ? owner : undefined;
}

/** The global of this name is a getter, so it is read once; not at import, as it loads a part of Node. */
function monotonicClock(): () => number {
  const time = performance;
  return () => time.now();
}

/** A recorder over a registry and a span backend. Without OpenTelemetry the backend is the no-op one; metrics go on. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { registry, backend, nowMs = monotonicClock(), wallMs = Date.now, callFamilies = false } = options;
  const open = createOpenCalls<OpenRecording>(registry, nowMs);
  const shared: Shared = {
    registry,
    backend,
    nowMs,
    wallMs,
    open,
    lag: createLoopLag(nowMs, () => open.all.length > 0),
    callFamilies,
    genAi: createGenAiMetrics(registry),
    texts: createTextKeeper(),
    counting: createTextCounting(nowMs),
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
    get lagSeconds() {
      return shared.lag.longestSince(nowMs() - RECENT_LAG_MS) ?? 0;
    },
    close() {
      for (const recording of open.all.slice()) recording.end({ outcome: "abandoned" });
      shared.counting.close();
      open.stop();
      shared.lag.stop();
    },
  };
}
