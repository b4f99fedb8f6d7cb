import { LIMITS } from "@nexent/monitor-core";
import type { HistogramSample, MetricExemplar, MetricSeries, SeriesSamples, SummarySample } from "./metric-contract.ts";
import { sortedEntries } from "./metric-series.ts";

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why nothing of a series may be stored, or `undefined` if it may. */
export function brokenSeriesRule({ family, unit = "", help = "", labels }: MetricSeries): string | undefined {
  if (family === "" || Buffer.byteLength(family) > LIMITS.keyBytes) return "family name is empty or too long";
  if (Buffer.byteLength(unit) > LIMITS.keyBytes) return "unit is too long";
  if (Buffer.byteLength(help) > LIMITS.metricHelpBytes) return "help is too long";
  const entries = sortedEntries(labels).filter(([, value]) => value !== "");
  if (entries.length > LIMITS.metricLabels) return `more than ${LIMITS.metricLabels} labels`;
  if (entries.some(([name]) => name === "" || name === "__name__" || Buffer.byteLength(name) > LIMITS.keyBytes))
    return "label name is empty, reserved or too long";
  if (entries.some(([, value]) => Buffer.byteLength(value) > LIMITS.metricLabelValueBytes))
    return `label value is longer than ${LIMITS.metricLabelValueBytes} bytes`;
  if ([family, unit, help, ...entries.flat()].some((text) => LONE_SURROGATE.test(text))) return "text is not Unicode";
  return undefined;
}

/** Why a time may not be stored; `nowMs` is the wall clock. */
export function brokenTimeRule(timestampMs: number, startMs: number | undefined, nowMs: number): string | undefined {
  if (!Number.isSafeInteger(timestampMs) || timestampMs < 0) return "time is not a whole number of ms";
  if (timestampMs > nowMs + LIMITS.futureSkewMs) return "time is in the future";
  if (timestampMs < nowMs - LIMITS.pastAgeMs) return "time is too long ago";
  if (startMs !== undefined && (!Number.isSafeInteger(startMs) || startMs < 0))
    return "start is not a whole number of ms";
  return undefined;
}

/** Why a histogram may not be stored. */
export function brokenHistogramRule({ count, bounds, buckets }: HistogramSample): string | undefined {
  if (bounds.length >= LIMITS.metricBuckets) return `more than ${LIMITS.metricBuckets} buckets`;
  if (buckets.length !== bounds.length + 1) return "a histogram has one bucket more than bounds";
  if (!bounds.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > (bounds[at - 1] ?? bound))))
    return "bounds do not ascend";
  if (!buckets.every((value, at) => isCount(value) && value >= (buckets[at - 1] ?? 0)))
    return "buckets do not ascend from zero";
  return buckets.at(-1) === count ? undefined : "the last bucket is not the count";
}

/** Why a summary may not be stored. */
export function brokenSummaryRule({ count, quantiles }: SummarySample): string | undefined {
  if (!isCount(count)) return "count is not a number from zero";
  if (quantiles.length > LIMITS.metricBuckets) return `more than ${LIMITS.metricBuckets} quantiles`;
  return quantiles.every(({ quantile }) => quantile >= 0 && quantile <= 1) ? undefined : "quantile is outside 0..1";
}

/** Why the samples do not fit the type of their series. */
export function brokenKindRule(entry: SeriesSamples): string | undefined {
  const { scalars, histograms, summaries, series } = entry;
  const isOther = {
    histogram: scalars.length + summaries.length,
    summary: scalars.length + histograms.length,
  };
  const others =
    series.type === "histogram" || series.type === "summary"
      ? isOther[series.type]
      : histograms.length + summaries.length;
  return others === 0 ? undefined : "samples are not those of the type";
}

/** Whether an exemplar is worth keeping; the others are left out in silence, since no number depends on them. */
export function isUsableExemplar({ timestampMs, traceId, spanId, labels }: MetricExemplar, nowMs: number): boolean {
  if (brokenTimeRule(timestampMs, undefined, nowMs) !== undefined) return false;
  if (traceId !== undefined && !TRACE_ID.test(traceId)) return false;
  if (spanId !== undefined && !SPAN_ID.test(spanId)) return false;
  const texts = Object.entries(labels).flat();
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return bytes <= LIMITS.metricLabelValueBytes && !texts.some((text) => LONE_SURROGATE.test(text));
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
