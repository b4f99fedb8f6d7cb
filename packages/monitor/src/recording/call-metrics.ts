import { METRICS, type Exemplar, type Outcome, type TokenClock, type TokenTimings } from "@nexent/monitor-core";
import type { HistogramSeries } from "@nexent/monitor-core";
import type { CallSeries } from "./call-series.ts";
import type { CallEnd } from "./recording.ts";

/** One ended request, ready to be observed. */
export interface MeasuredCall {
  readonly series: CallSeries;
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
export function recordCallMetrics(call: MeasuredCall): void {
  recordEnd(call);
  recordFirsts(call);
  recordRates(call);
  recordTokens(call);
  recordStalls(call);
}

function recordEnd({ series, streaming, end, timings, slow, good, exemplar }: MeasuredCall): void {
  const stream = String(streaming);
  series.counter(METRICS.llmRequests, stream, end.outcome).add(1);
  if (end.outcome !== "abandoned" && timings.endMicros !== undefined) {
    const duration = series.histogram(METRICS.llmRequestDurationSeconds, stream, end.outcome);
    duration.observe(timings.endMicros / MICROS, exemplar);
  }
  if (end.outcome === "error") series.counter(METRICS.llmErrorCount, end.errorType ?? "unknown").add(1, exemplar);
  if (good === true) series.counter(METRICS.llmGoodRequests).add(1);
  for (const reason of slow) series.counter(METRICS.llmSlowRequests, reason).add(1);
}

function recordFirsts({ series, timings, exemplar }: MeasuredCall): void {
  const { firstTokenMicros: first, firstAnswerTokenMicros: answer } = timings;
  if (first !== undefined) {
    series.histogram(METRICS.llmTimeToFirstTokenSeconds).observe(first / MICROS, exemplar);
  }
  if (answer !== undefined) {
    series.histogram(METRICS.llmTimeToFirstAnswerTokenSeconds).observe(answer / MICROS, exemplar);
  }
}

function recordRates({ series, streaming, timings, clock, exemplar }: MeasuredCall): void {
  const estimated = String(timings.estimated);
  const { generationRateTokensPerSecond: rate, endToEndRateTokensPerSecond: endToEnd } = timings;
  if (rate !== undefined) {
    series.histogram(METRICS.llmTokenGenerationRate, estimated).observe(rate, exemplar);
    series.histogram(METRICS.llmTimePerOutputTokenSeconds, estimated).observe(1 / rate, exemplar);
  }
  if (endToEnd !== undefined) {
    series.histogram(METRICS.llmEndToEndTokenRate, String(streaming), estimated).observe(endToEnd, exemplar);
  }
  if (timings.countedChunkCount < 2) return;
  series.histogram(METRICS.llmInterChunkLatencySeconds).observeAscending(clock.gapsMicros, MICROS);
  recordTokenGaps(series, clock);
}

function recordTokenGaps(series: CallSeries, clock: TokenClock): void {
  const { gapTokens, gapsMicros } = clock;
  if (gapTokens === "unknown" || gapsMicros.length === 0) return;
  const family = (): HistogramSeries => series.histogram(METRICS.llmInterTokenLatencySeconds);
  if (gapTokens === "one") return family().observeAscending(gapsMicros, MICROS);
  let tokenGap: HistogramSeries | undefined;
  clock.forEachGap((gapSeconds, tokens) => {
    if (tokens === undefined || !(tokens >= 1 && tokens <= MAX_CHUNK_TOKENS)) return;
    tokenGap ??= family();
    for (let i = 0; i < tokens; i += 1) tokenGap.observe(gapSeconds / tokens);
  });
}

function recordTokens({ series, timings }: MeasuredCall): void {
  const { usage, outputTokens: output } = timings;
  if (output !== undefined) series.counter(METRICS.llmTotalTokens, "output", String(timings.estimated)).add(output);
  if (usage === undefined) return;
  if (usage.inputTokens !== undefined) {
    series.counter(METRICS.llmTotalTokens, "input", "false").add(usage.inputTokens);
  }
  const detail = (type: string, count: number | undefined): void => {
    if (count !== undefined) series.counter(METRICS.llmTokenDetails, type).add(count);
  };
  detail("cache_read", usage.cacheReadTokens);
  detail("cache_write", usage.cacheWriteTokens);
  detail("reasoning", usage.reasoningTokens);
  detail("audio_input", usage.audioInputTokens);
  detail("audio_output", usage.audioOutputTokens);
}

function recordStalls({ series, timings, stallsCounted }: MeasuredCall): void {
  timings.stalls.forEach((stall, i) => {
    if (i >= stallsCounted) series.counter(METRICS.llmStalls, stall.phase).add(1);
    series.counter(METRICS.llmStallSeconds, stall.phase).add(stall.lostMicros / MICROS);
  });
}

/** An attempt failed and another followed. */
export function recordRetry(series: CallSeries, failure: CallEnd): void {
  series.counter(METRICS.llmRetries, failure.errorType ?? "unknown").add(1);
}

/** One ended call with all its attempts; times are from the moment the application asked. */
export interface WholeCall {
  readonly series: CallSeries;
  readonly outcome: Outcome;
  readonly durationSeconds: number;
  readonly ttftSeconds: number | undefined;
  readonly exemplar: Exemplar | undefined;
}

/** Records the `llm_call_*` families: what the application waited, retries inside. */
export function recordWholeCall({ series, outcome, durationSeconds, ttftSeconds, exemplar }: WholeCall): void {
  series.histogram(METRICS.llmCallDurationSeconds, outcome).observe(durationSeconds, exemplar);
  if (ttftSeconds === undefined) return;
  series.histogram(METRICS.llmCallTimeToFirstTokenSeconds).observe(ttftSeconds, exemplar);
}
