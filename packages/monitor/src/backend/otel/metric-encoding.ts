/**
 * Our registry as OTLP metrics. The serialisers are those that spans leave by, so that a push needs no further package;
 * they take what `sdk-metrics` collects, which is built here at the time of a push and at no other.
 */
import type { FamilyReading, SeriesReading } from "@nexent/monitor-core";
import type { OtlpProtocol } from "../../config/destination.ts";
import type { PackageLoader } from "../load.ts";
import { loadSerializers, type Unavailable } from "./packages.ts";

/** Numbers of the enums `DataPointType`, `AggregationTemporality` and `ValueType`, in both lines of OpenTelemetry. */
const POINT = { histogram: 0, gauge: 2, sum: 3 } as const;
const CUMULATIVE = 1;
const DOUBLE = 1;

export interface MetricEncoderOptions {
  readonly protocol: OtlpProtocol;
  readonly resource: Readonly<Record<string, string>>;
  /** Instrumentation scope version. */
  readonly version: string;
  /** Since when the registry counts. */
  readonly startUnixMs: number;
  readonly loader: PackageLoader;
}

/** The body of a push at a time; `undefined` when it cannot be encoded. */
export type MetricEncoder = (families: readonly FamilyReading[], nowUnixMs: number) => Uint8Array | undefined;

function hrTime(unixMs: number): [number, number] {
  const seconds = Math.floor(unixMs / 1000);
  return [seconds, Math.round((unixMs - seconds * 1000) * 1e6)];
}

function valueOf(series: SeriesReading, boundaries: readonly number[]): object | number {
  if ("value" in series) return series.value;
  const count = series.counts.reduce((sum, one) => sum + one, 0);
  return { count, sum: series.sum, buckets: { boundaries, counts: series.counts } };
}

function metricOf(
  { definition, series }: FamilyReading,
  span: { startTime: [number, number]; endTime: [number, number] },
) {
  const { name, help, type, labels, buckets = [], unit } = definition;
  return {
    // Other units than seconds would become a suffix of the name in Prometheus, and the names are fixed.
    descriptor: { name, description: help, unit: unit === "seconds" ? "s" : "", valueType: DOUBLE },
    aggregationTemporality: CUMULATIVE,
    dataPointType: type === "counter" ? POINT.sum : POINT[type],
    isMonotonic: type === "counter",
    dataPoints: series.map((one) => ({
      ...span,
      attributes: Object.fromEntries(labels.map((label, i) => [label, one.labels[i] ?? ""])),
      value: valueOf(one, buckets),
    })),
  };
}

/** The encoder of a protocol. Exemplars are not in it: the serialisers know none. */
export function createMetricEncoder(options: MetricEncoderOptions): MetricEncoder | Unavailable {
  const { protocol, resource, version, startUnixMs, loader } = options;
  const serializers = loadSerializers(loader);
  if ("status" in serializers) return serializers;
  const { JsonMetricsSerializer, ProtobufMetricsSerializer } = serializers;
  const serializer = protocol === "http/json" ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  return (families, nowUnixMs) => {
    const span = { startTime: hrTime(startUnixMs), endTime: hrTime(nowUnixMs) };
    return serializer.serializeRequest({
      resource: { attributes: resource },
      scopeMetrics: [
        { scope: { name: "@nexent/monitor", version }, metrics: families.map((family) => metricOf(family, span)) },
      ],
    });
  };
}
