import type { MetricExemplar, MetricSeries, SummarySample } from "@nexent/monitor-store";
import type { Buckets } from "./bucket-sum.ts";

/** Why a data point is not kept; a closed list. */
export type PointRejection = "name" | "time" | "value" | "temporality" | "buckets" | "late_delta" | "store";

const MEANINGS: Readonly<Record<PointRejection, string>> = {
  name: "nothing of the metric's name is left in the Prometheus data model",
  time: "the time is missing, in the future or too long ago",
  value: "there is no value",
  temporality: "the temporality is neither delta nor cumulative",
  buckets: "the buckets do not make a histogram",
  late_delta: "a delta is older than the last one of its series",
  store: "the store does not take them",
};

/** Counts of rejected points by reason. */
export type PointRejections = Map<PointRejection, number>;

/** Adds to a count. */
export function reject(rejections: PointRejections, reason: PointRejection, points = 1): void {
  rejections.set(reason, (rejections.get(reason) ?? 0) + points);
}

/** What a sender is told; nothing of the payload is in it. */
export function rejectionMessage(rejections: PointRejections): string {
  return Array.from(rejections, ([reason, points]) => `${points} data points: ${MEANINGS[reason]}`).join("; ");
}

/** Value of a pushed point, in the shape of the store. */
export type PushedValue =
  | { readonly kind: "scalar"; readonly value: number }
  | ({ readonly kind: "histogram"; readonly sum?: number } & Buckets)
  | ({ readonly kind: "summary" } & Pick<SummarySample, "count" | "sum" | "quantiles">)
  /** The series ended. */
  | { readonly kind: "stale" };

/** A data point as it goes to the store; a delta must be summed up before. */
export interface PushedPoint {
  readonly series: MetricSeries;
  readonly timestampMs: number;
  readonly startMs?: number;
  readonly isDelta: boolean;
  readonly value: PushedValue;
  readonly exemplars: readonly MetricExemplar[];
}
