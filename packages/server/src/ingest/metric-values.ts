import type { MetricExemplar } from "@nexent/monitor-store";
import type { HistogramPoint, OtlpExemplar, OtlpMetricData, SummaryPoint } from "../codecs/metric-points.ts";
import type { Buckets } from "./bucket-sum.ts";
import { explicitBuckets } from "./exponential-bounds.ts";
import { pointLabels } from "./metric-labels.ts";
import type { PointRejection, PushedValue } from "./pushed-points.ts";

/** The value of a point, or why it has none. */
export type ValueReading = PushedValue | { readonly kind: "rejected"; readonly reason: PointRejection };

/** Readings of all points of a metric, in their order. */
export function valuesOf(data: OtlpMetricData): readonly ValueReading[] {
  switch (data.kind) {
    case "gauge":
    case "sum":
      return data.points.map(({ value }) =>
        value === undefined ? { kind: "rejected", reason: "value" } : { kind: "scalar", value },
      );
    case "histogram":
      return data.points.map((point) => histogramOf(explicitOf(point), point.sum));
    case "exponentialHistogram":
      return data.points.map((point) => histogramOf(explicitBuckets(point), point.sum));
    case "summary":
      return data.points.map(summaryOf);
  }
}

function histogramOf(buckets: Buckets | undefined, sum: number | undefined): ValueReading {
  if (buckets === undefined) return { kind: "rejected", reason: "buckets" };
  return { kind: "histogram", ...buckets, ...(sum === undefined ? {} : { sum }) };
}

/** Counts per bucket -> cumulative ones. A histogram may come without any bucket. */
function explicitOf({ count, bounds, bucketCounts }: HistogramPoint): Buckets | undefined {
  if (bucketCounts.length === 0 && bounds.length === 0) return { count, bounds, buckets: [count] };
  if (bucketCounts.length !== bounds.length + 1) return undefined;
  if (!bounds.every((bound, at) => Number.isFinite(bound) && bound > (bounds[at - 1] ?? -Infinity))) return undefined;
  let total = 0;
  const buckets = bucketCounts.map((more) => (total += more));
  return total === count ? { count, bounds, buckets } : undefined;
}

function summaryOf({ count, sum, quantiles }: SummaryPoint): ValueReading {
  const areQuantiles = quantiles.every(({ quantile }) => quantile >= 0 && quantile <= 1);
  return areQuantiles ? { kind: "summary", count, sum, quantiles } : { kind: "rejected", reason: "value" };
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Exemplars with a value and a time. */
export function exemplarsOf(exemplars: readonly OtlpExemplar[]): readonly MetricExemplar[] {
  return exemplars.flatMap(({ value, timeUnixNanos, traceId, spanId, attributes }) => {
    if (value === undefined || timeUnixNanos === 0n) return [];
    return {
      timestampMs: Number(timeUnixNanos / 1_000_000n),
      value,
      ...(TRACE_ID.test(traceId) ? { traceId } : {}),
      ...(SPAN_ID.test(spanId) ? { spanId } : {}),
      labels: pointLabels(attributes, {}),
    };
  });
}
