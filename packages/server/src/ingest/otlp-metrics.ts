import { LIMITS, type AttributeMap } from "@nexent/monitor-core";
import type { MetricSeries, MetricType } from "@nexent/monitor-store";
import {
  NO_RECORDED_VALUE,
  TEMPORALITY,
  type MetricsPayload,
  type OtlpExemplar,
  type OtlpMetric,
  type OtlpMetricData,
  type OtlpPoint,
} from "../codecs/metric-points.ts";
import { pointLabels, resourceLabels, targetInfoLabels } from "./metric-labels.ts";
import { familyOf } from "./metric-names.ts";
import { exemplarsOf, valuesOf } from "./metric-values.ts";
import { reject, type PointRejections, type PushedPoint } from "./pushed-points.ts";

/** A request in the Prometheus data model. */
export interface PushedMetrics {
  readonly points: readonly PushedPoint[];
  /** `target_info` of each resource; not a data point of the sender. */
  readonly targets: readonly PushedPoint[];
  readonly rejections: PointRejections;
}

/** Translates names, labels, times and values; what cannot be translated is rejected by the point. */
export function translateMetrics(payload: MetricsPayload, nowMs: number): PushedMetrics {
  const rejections: PointRejections = new Map();
  const points: PushedPoint[] = [];
  const targets: PushedPoint[] = [];
  for (const { attributes, metrics } of payload.resources) {
    const labels = resourceLabels(attributes);
    const own = metrics.flatMap((metric) => translateMetric(metric, labels, nowMs, rejections));
    points.push(...own);
    const newestMs = own.reduce((newest, { timestampMs }) => Math.max(newest, timestampMs), 0);
    if (newestMs > 0) targets.push(...targetInfo(attributes, newestMs));
  }
  return { points, targets, rejections };
}

function targetInfo(resource: AttributeMap, timestampMs: number): readonly PushedPoint[] {
  const labels = targetInfoLabels(resource);
  if (labels === undefined) return [];
  const series = { family: "target_info", type: "info" as const, help: "Resource of the sender.", labels };
  return [{ series, timestampMs, isDelta: false, value: { kind: "scalar", value: 1 }, exemplars: [] }];
}

/** Labels that mean something else in a series of that type. */
const RESERVED: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  histogram: ["le"],
  summary: ["quantile"],
};

function translateMetric(
  { name, description, unit, data }: OtlpMetric,
  target: Readonly<Record<string, string>>,
  nowMs: number,
  rejections: PointRejections,
): readonly PushedPoint[] {
  if (data === undefined) return [];
  const type = typeOf(data);
  const { family, unit: unitText } = familyOf({ name, unit, type });
  const isDelta = "temporality" in data && data.temporality === TEMPORALITY.delta;
  if (family === "" || !hasTemporality(data)) {
    reject(rejections, family === "" ? "name" : "temporality", data.points.length);
    return [];
  }
  const about = {
    family,
    type,
    ...(unitText === undefined ? {} : { unit: unitText }),
    ...(description === "" ? {} : { help: description.slice(0, LIMITS.metricHelpChars).toWellFormed() }),
  };
  const values = valuesOf(data);
  return data.points.flatMap((point: OtlpPoint & { readonly exemplars?: readonly OtlpExemplar[] }, at) => {
    const isStale = (point.flags & NO_RECORDED_VALUE) !== 0;
    const value = isStale ? ({ kind: "stale" } as const) : values[at];
    const times = timesOf(point, nowMs);
    if (times === undefined) reject(rejections, "time");
    else if (value === undefined || value.kind === "rejected") reject(rejections, value?.reason ?? "value");
    else {
      const series: MetricSeries = { ...about, labels: pointLabels(point.attributes, target, RESERVED[type]) };
      return [{ series, ...times, isDelta: isDelta && !isStale, value, exemplars: exemplarsOf(point.exemplars ?? []) }];
    }
    return [];
  });
}

function typeOf(data: OtlpMetricData): "counter" | "gauge" | "histogram" | "summary" {
  if (data.kind === "sum") return data.isMonotonic ? "counter" : "gauge";
  return data.kind === "exponentialHistogram" ? "histogram" : data.kind;
}

function hasTemporality(data: OtlpMetricData): boolean {
  if (!("temporality" in data)) return true;
  return data.temporality === TEMPORALITY.delta || data.temporality === TEMPORALITY.cumulative;
}

function timesOf(point: OtlpPoint, nowMs: number): { timestampMs: number; startMs?: number } | undefined {
  const timestampMs = Number(point.timeUnixNanos / 1_000_000n);
  if (timestampMs > nowMs + LIMITS.futureSkewMs || timestampMs < nowMs - LIMITS.pastAgeMs) return undefined;
  const startMs = Number(point.startUnixNanos / 1_000_000n);
  return startMs > 0 && startMs <= timestampMs ? { timestampMs, startMs } : { timestampMs };
}
