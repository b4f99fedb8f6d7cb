import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";
import { checkNesting, integerValue } from "./any-value.ts";
import type { ExponentialBuckets, MetricsPayload, OtlpExemplar, OtlpMetric, OtlpMetricData } from "./metric-points.ts";
import type {
  OneOf,
  WireAny,
  WireBuckets,
  WireExemplar,
  WireExponentialPoint,
  WireHistogramPoint,
  WireList,
  WireMap,
  WireMetric,
  WireNumberPoint,
  WirePair,
  WirePoint,
  WireSummaryPoint,
} from "./otlp-metrics-shape.ts";
import { decodeMetricsMessage } from "./otlp-protobuf.ts";

/** Decodes an OTLP metrics request. @throws {PAYLOAD_MALFORMED} {PAYLOAD_TOO_LARGE} */
export function decodeMetricsProtobuf(bytes: Uint8Array): MetricsPayload {
  return {
    resources: decodeMetricsMessage(bytes).resourceMetrics.map(({ resource, scopeMetrics }) => ({
      attributes: attributesOf(resource?.attributes ?? []),
      metrics: scopeMetrics.flatMap(({ metrics }) => metrics.map(metricOf)),
    })),
  };
}

function metricOf(metric: WireMetric): OtlpMetric {
  const { name, description, unit } = metric;
  return { name, description, unit, data: dataOf(metric) };
}

function dataOf({ gauge, sum, histogram, exponentialHistogram, summary }: WireMetric): OtlpMetricData | undefined {
  if (gauge !== undefined) return { kind: "gauge", points: gauge.dataPoints.map(numberPoint) };
  if (sum !== undefined) {
    const { aggregationTemporality: temporality, isMonotonic } = sum;
    return { kind: "sum", points: sum.dataPoints.map(numberPoint), temporality, isMonotonic };
  }
  if (histogram !== undefined) {
    const { dataPoints, aggregationTemporality: temporality } = histogram;
    return { kind: "histogram", points: dataPoints.map(histogramPoint), temporality };
  }
  if (exponentialHistogram !== undefined) {
    const { dataPoints, aggregationTemporality: temporality } = exponentialHistogram;
    return { kind: "exponentialHistogram", points: dataPoints.map(exponentialPoint), temporality };
  }
  return summary === undefined ? undefined : { kind: "summary", points: summary.dataPoints.map(summaryPoint) };
}

function pointOf(point: WirePoint) {
  return {
    attributes: attributesOf(point.attributes),
    startUnixNanos: point.startTimeUnixNano,
    timeUnixNanos: point.timeUnixNano,
    flags: point.flags,
  };
}

function numberPoint(point: WireNumberPoint) {
  return { ...pointOf(point), value: optionalNumber(point), exemplars: point.exemplars.map(exemplarOf) };
}

function histogramPoint(point: WireHistogramPoint) {
  return {
    ...pointOf(point),
    count: Number(point.count),
    sum: optionalNumber(point),
    bucketCounts: point.bucketCounts.map(Number),
    bounds: point.explicitBounds,
    exemplars: point.exemplars.map(exemplarOf),
  };
}

function exponentialPoint(point: WireExponentialPoint) {
  return {
    ...pointOf(point),
    count: Number(point.count),
    sum: optionalNumber(point),
    scale: point.scale,
    zeroCount: Number(point.zeroCount),
    zeroThreshold: point.zeroThreshold,
    positive: bucketsOf(point.positive),
    negative: bucketsOf(point.negative),
    exemplars: point.exemplars.map(exemplarOf),
  };
}

function bucketsOf(buckets: WireBuckets | undefined): ExponentialBuckets {
  return { offset: buckets?.offset ?? 0, bucketCounts: (buckets?.bucketCounts ?? []).map(Number) };
}

function summaryPoint(point: WireSummaryPoint) {
  const quantiles = point.quantileValues.map(({ quantile, value }) => ({ quantile, value }));
  return { ...pointOf(point), count: Number(point.count), sum: point.sum, quantiles };
}

function exemplarOf(exemplar: WireExemplar): OtlpExemplar {
  return {
    timeUnixNanos: exemplar.timeUnixNano,
    value: optionalNumber(exemplar),
    traceId: Buffer.from(exemplar.traceId).toString("hex"),
    spanId: Buffer.from(exemplar.spanId).toString("hex"),
    attributes: attributesOf(exemplar.filteredAttributes),
  };
}

function optionalNumber({ value }: OneOf<number | bigint>): number | undefined {
  return value.value === undefined ? undefined : Number(value.value);
}

function attributesOf(pairs: readonly WirePair[], level = 0): AttributeMap {
  return new Map(pairs.map(({ key, value }) => [key, valueOf(value, level)]));
}

function valueOf(any: WireAny | undefined, level: number): AttributeValue {
  const value = any?.value.value;
  if (value === undefined) return null;
  if (typeof value === "bigint") return integerValue(value);
  if (typeof value !== "object" || value instanceof Uint8Array) return value;
  checkNesting(level + 1);
  if (isPairs(any?.value.case, value)) return attributesOf(value.values, level + 1);
  return value.values.map((item) => valueOf(item, level + 1));
}

function isPairs(name: string | undefined, value: WireList | WireMap): value is WireMap {
  return name === "kvlistValue" && Array.isArray(value.values);
}
