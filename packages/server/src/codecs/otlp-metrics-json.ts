import {
  doubleOf,
  hexTextOf,
  int32Of,
  int64Of,
  listOf,
  objectOf,
  own,
  textOf,
  uint64Of,
  type JsonObject,
} from "./json-fields.ts";
import { malformed } from "./malformed.ts";
import { attributesOf, parseOtlpJson } from "./otlp-json.ts";
import type {
  ExponentialBuckets,
  ExponentialPoint,
  HistogramPoint,
  MetricsPayload,
  NumberPoint,
  OtlpExemplar,
  OtlpMetric,
  OtlpMetricData,
  OtlpPoint,
  SummaryPoint,
} from "./metric-points.ts";

/** Decodes an OTLP metrics request in JSON, as `decodeTracesJson` does traces. @throws {PAYLOAD_MALFORMED} */
export function decodeMetricsJson(bytes: Uint8Array): MetricsPayload {
  const resources = listOf(parseOtlpJson(bytes), "resourceMetrics").map((item) => {
    const resourceMetrics = objectOf(item, "resourceMetrics");
    const attributes = listOf(optionalObject(resourceMetrics, "resource"), "attributes");
    const metrics = listOf(resourceMetrics, "scopeMetrics").flatMap((scope) =>
      listOf(objectOf(scope, "scopeMetrics"), "metrics").map(metricOf),
    );
    return { attributes: attributesOf(attributes), metrics };
  });
  return { resources };
}

function metricOf(item: unknown): OtlpMetric {
  const metric = objectOf(item, "metrics");
  return {
    name: textOf(metric, "name"),
    description: textOf(metric, "description"),
    unit: textOf(metric, "unit"),
    data: dataOf(metric),
  };
}

function dataOf(metric: JsonObject): OtlpMetricData | undefined {
  const has = (field: string): boolean => (own(metric, field) ?? null) !== null;
  const pointsOf = <T>(field: string, read: (point: JsonObject) => T): readonly T[] =>
    listOf(optionalObject(metric, field), "dataPoints").map((point) => read(objectOf(point, "dataPoints")));
  const temporalityOf = (field: string): number => int32Of(optionalObject(metric, field), "aggregationTemporality");
  if (has("gauge")) return { kind: "gauge", points: pointsOf("gauge", numberPoint) };
  if (has("sum")) {
    const isMonotonic = own(optionalObject(metric, "sum"), "isMonotonic") ?? false;
    if (typeof isMonotonic !== "boolean") throw malformed("isMonotonic must be true or false");
    return { kind: "sum", points: pointsOf("sum", numberPoint), temporality: temporalityOf("sum"), isMonotonic };
  }
  if (has("histogram")) {
    const points = pointsOf("histogram", histogramPoint);
    return { kind: "histogram", points, temporality: temporalityOf("histogram") };
  }
  if (has("exponentialHistogram")) {
    const points = pointsOf("exponentialHistogram", exponentialPoint);
    return { kind: "exponentialHistogram", points, temporality: temporalityOf("exponentialHistogram") };
  }
  return has("summary") ? { kind: "summary", points: pointsOf("summary", summaryPoint) } : undefined;
}

function pointOf(point: JsonObject): OtlpPoint {
  return {
    attributes: attributesOf(listOf(point, "attributes")),
    startUnixNanos: uint64Of(point, "startTimeUnixNano"),
    timeUnixNanos: uint64Of(point, "timeUnixNano"),
    flags: int32Of(point, "flags"),
  };
}

function numberPoint(point: JsonObject): NumberPoint {
  return { ...pointOf(point), value: numberValue(point), exemplars: exemplarsOf(point) };
}

function numberValue(point: JsonObject): number | undefined {
  const double = optionalDouble(point, "asDouble");
  const integer = own(point, "asInt") ?? null;
  return double ?? (integer === null ? undefined : Number(int64Of(integer, "asInt")));
}

function histogramPoint(point: JsonObject): HistogramPoint {
  return {
    ...pointOf(point),
    count: Number(uint64Of(point, "count")),
    sum: optionalDouble(point, "sum"),
    bucketCounts: countsOf(point),
    bounds: listOf(point, "explicitBounds").map((bound) => doubleOf(bound, "explicitBounds")),
    exemplars: exemplarsOf(point),
  };
}

function exponentialPoint(point: JsonObject): ExponentialPoint {
  return {
    ...pointOf(point),
    count: Number(uint64Of(point, "count")),
    sum: optionalDouble(point, "sum"),
    scale: int32Of(point, "scale"),
    zeroCount: Number(uint64Of(point, "zeroCount")),
    zeroThreshold: optionalDouble(point, "zeroThreshold") ?? 0,
    positive: bucketsOf(point, "positive"),
    negative: bucketsOf(point, "negative"),
    exemplars: exemplarsOf(point),
  };
}

function bucketsOf(point: JsonObject, field: string): ExponentialBuckets {
  const buckets = optionalObject(point, field);
  return { offset: int32Of(buckets, "offset"), bucketCounts: countsOf(buckets) };
}

function countsOf(object: JsonObject): readonly number[] {
  return listOf(object, "bucketCounts").map((count) => Number(uint64Of({ bucketCounts: count }, "bucketCounts")));
}

function summaryPoint(point: JsonObject): SummaryPoint {
  const quantiles = listOf(point, "quantileValues").map((item) => {
    const pair = objectOf(item, "quantileValues");
    return { quantile: optionalDouble(pair, "quantile") ?? 0, value: optionalDouble(pair, "value") ?? 0 };
  });
  return {
    ...pointOf(point),
    count: Number(uint64Of(point, "count")),
    sum: optionalDouble(point, "sum") ?? 0,
    quantiles,
  };
}

function exemplarsOf(point: JsonObject): readonly OtlpExemplar[] {
  return listOf(point, "exemplars").map((item) => {
    const exemplar = objectOf(item, "exemplars");
    return {
      timeUnixNanos: uint64Of(exemplar, "timeUnixNano"),
      value: numberValue(exemplar),
      traceId: hexTextOf(exemplar, "traceId"),
      spanId: hexTextOf(exemplar, "spanId"),
      attributes: attributesOf(listOf(exemplar, "filteredAttributes")),
    };
  });
}

/** An absent or `null` message is empty. */
function optionalObject(object: JsonObject, field: string): JsonObject {
  const value = own(object, field) ?? null;
  return value === null ? {} : objectOf(value, field);
}

function optionalDouble(object: JsonObject, field: string): number | undefined {
  const value = own(object, field) ?? null;
  return value === null ? undefined : doubleOf(value, field);
}
