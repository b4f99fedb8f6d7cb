import {
  METRICS,
  type Exemplar,
  type HistogramSeries,
  type MetricRegistry,
  type Outcome,
  type TokenClock,
  type TokenTimings,
} from "@nexent/monitor-core";
import type { CallEnd } from "./recording.ts";

type BaseLabels = { readonly model: string; readonly operation: string; readonly provider: string };

/** One ended request, ready to be observed. */
export interface MeasuredCall {
  readonly labels: BaseLabels;
  readonly streaming: boolean;
  readonly end: CallEnd;
  readonly timings: TokenTimings;
  readonly clock: TokenClock;
  readonly slow: readonly ("duration" | "rate")[];
  /** Whether it met its objectives; undefined when it has none. */
  readonly good: boolean | undefined;
  /** Stalls that were counted while the stream was open. */
  readonly stallsCounted: number;
  readonly exemplar: Exemplar | undefined;
}

const MICROS = 1_000_000;
/** More tokens than this in one chunk are not believed: a hostile count must not keep the event loop busy. */
const MAX_CHUNK_TOKENS = 1024;

/** Records every family of one request, once, at its end (measurement contract 4.1, 4.2). Unknown is not observed. */
export function recordCallMetrics(registry: MetricRegistry, call: MeasuredCall): void {
  recordEnd(registry, call);
  recordFirsts(registry, call);
  recordRates(registry, call);
  recordTokens(registry, call);
  recordStalls(registry, call);
}

function recordEnd(registry: MetricRegistry, call: MeasuredCall): void {
  const { labels, streaming, end, timings, slow, good, exemplar } = call;
  const ended: { readonly outcome: Outcome; readonly stream: string } = {
    stream: String(streaming),
    outcome: end.outcome,
  };
  registry.counter(METRICS.llmRequests, { ...labels, ...ended }).add(1);
  if (end.outcome !== "abandoned" && timings.endMicros !== undefined) {
    const duration = registry.histogram(METRICS.llmRequestDurationSeconds, { ...labels, ...ended });
    duration.observe(timings.endMicros / MICROS, exemplar);
  }
  if (end.outcome === "error") {
    registry.counter(METRICS.llmErrorCount, { ...labels, error_type: end.errorType ?? "unknown" }).add(1, exemplar);
  }
  if (good === true) registry.counter(METRICS.llmGoodRequests, labels).add(1);
  for (const reason of slow) registry.counter(METRICS.llmSlowRequests, { ...labels, reason }).add(1);
}

function recordFirsts(registry: MetricRegistry, { labels, timings, exemplar }: MeasuredCall): void {
  if (timings.firstTokenMicros !== undefined) {
    registry.histogram(METRICS.llmTimeToFirstTokenSeconds, labels).observe(timings.firstTokenMicros / MICROS, exemplar);
  }
  if (timings.firstAnswerTokenMicros !== undefined) {
    const first = registry.histogram(METRICS.llmTimeToFirstAnswerTokenSeconds, labels);
    first.observe(timings.firstAnswerTokenMicros / MICROS, exemplar);
  }
}

function recordRates(registry: MetricRegistry, { labels, streaming, timings, clock, exemplar }: MeasuredCall): void {
  const estimated = String(timings.estimated);
  const { generationRateTokensPerSecond: rate, endToEndRateTokensPerSecond: endToEnd } = timings;
  if (rate !== undefined) {
    registry.histogram(METRICS.llmTokenGenerationRate, { ...labels, estimated }).observe(rate, exemplar);
    registry.histogram(METRICS.llmTimePerOutputTokenSeconds, { ...labels, estimated }).observe(1 / rate, exemplar);
  }
  if (endToEnd !== undefined) {
    const family = registry.histogram(METRICS.llmEndToEndTokenRate, {
      ...labels,
      stream: String(streaming),
      estimated,
    });
    family.observe(endToEnd, exemplar);
  }
  if (timings.countedChunkCount < 2) return;
  registry.histogram(METRICS.llmInterChunkLatencySeconds, labels).observeAscending(clock.gapsMicros, MICROS);
  recordTokenGaps(registry, labels, clock);
}

function recordTokenGaps(registry: MetricRegistry, labels: BaseLabels, clock: TokenClock): void {
  const { gapTokens, gapsMicros } = clock;
  if (gapTokens === "unknown" || gapsMicros.length === 0) return;
  const family = (): HistogramSeries => registry.histogram(METRICS.llmInterTokenLatencySeconds, labels);
  if (gapTokens === "one") return family().observeAscending(gapsMicros, MICROS);
  let tokenGap: HistogramSeries | undefined;
  clock.forEachGap((gapSeconds, tokens) => {
    if (tokens === undefined || !(tokens >= 1 && tokens <= MAX_CHUNK_TOKENS)) return;
    tokenGap ??= family();
    for (let i = 0; i < tokens; i += 1) tokenGap.observe(gapSeconds / tokens);
  });
}

function recordTokens(registry: MetricRegistry, { labels, timings }: MeasuredCall): void {
  const add = (type: string, count: number | undefined, estimated: boolean): void => {
    if (count === undefined) return;
    registry.counter(METRICS.llmTotalTokens, { ...labels, type, estimated: String(estimated) }).add(count);
  };
  add("input", timings.usage?.inputTokens, false);
  add("output", timings.outputTokens, timings.estimated);
  const detail = (type: string, count: number | undefined): void => {
    if (count !== undefined) registry.counter(METRICS.llmTokenDetails, { ...labels, type }).add(count);
  };
  detail("cache_read", timings.usage?.cacheReadTokens);
  detail("cache_write", timings.usage?.cacheWriteTokens);
  detail("reasoning", timings.usage?.reasoningTokens);
  detail("audio_input", timings.usage?.audioInputTokens);
  detail("audio_output", timings.usage?.audioOutputTokens);
}

function recordStalls(registry: MetricRegistry, { labels, timings, stallsCounted }: MeasuredCall): void {
  timings.stalls.forEach((stall, i) => {
    const phase = { ...labels, phase: stall.phase };
    if (i >= stallsCounted) registry.counter(METRICS.llmStalls, phase).add(1);
    registry.counter(METRICS.llmStallSeconds, phase).add(stall.lostMicros / MICROS);
  });
}

/** An attempt failed and another followed. */
export function recordRetry(registry: MetricRegistry, labels: BaseLabels, failure: CallEnd): void {
  registry.counter(METRICS.llmRetries, { ...labels, error_type: failure.errorType ?? "unknown" }).add(1);
}

/** One ended call with all its attempts; times are from the moment the application asked. */
export interface WholeCall {
  readonly labels: BaseLabels;
  readonly outcome: Outcome;
  readonly durationSeconds: number;
  readonly ttftSeconds: number | undefined;
  readonly exemplar: Exemplar | undefined;
}

/** Records the `llm_call_*` families: what the application waited, retries inside. */
export function recordWholeCall(registry: MetricRegistry, call: WholeCall): void {
  const { labels, outcome, durationSeconds, ttftSeconds, exemplar } = call;
  registry.histogram(METRICS.llmCallDurationSeconds, { ...labels, outcome }).observe(durationSeconds, exemplar);
  if (ttftSeconds === undefined) return;
  registry.histogram(METRICS.llmCallTimeToFirstTokenSeconds, labels).observe(ttftSeconds, exemplar);
}
