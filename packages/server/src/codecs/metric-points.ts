import type { AttributeMap } from "@nexent/monitor-core";

/** A decoded request of metrics, still shaped as the sender shaped it. */
export interface MetricsPayload {
  readonly resources: readonly {
    readonly attributes: AttributeMap;
    readonly metrics: readonly OtlpMetric[];
  }[];
}

/** A metric and all its data points. A kind nobody knows has none. */
export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly data: OtlpMetricData | undefined;
}

export type OtlpMetricData =
  | { readonly kind: "gauge"; readonly points: readonly NumberPoint[] }
  | {
      readonly kind: "sum";
      readonly points: readonly NumberPoint[];
      readonly temporality: number;
      readonly isMonotonic: boolean;
    }
  | { readonly kind: "histogram"; readonly points: readonly HistogramPoint[]; readonly temporality: number }
  | {
      readonly kind: "exponentialHistogram";
      readonly points: readonly ExponentialPoint[];
      readonly temporality: number;
    }
  | { readonly kind: "summary"; readonly points: readonly SummaryPoint[] };

/** OTLP numbers of the aggregation temporality. */
export const TEMPORALITY = { delta: 1, cumulative: 2 } as const;

/** Bit of `flags`: the series ended, the point has no value. */
export const NO_RECORDED_VALUE = 1;

/** What every point has. */
export interface OtlpPoint {
  readonly attributes: AttributeMap;
  readonly startUnixNanos: bigint;
  readonly timeUnixNanos: bigint;
  readonly flags: number;
}

export interface NumberPoint extends OtlpPoint {
  /** Absent when the sender wrote none. */
  readonly value: number | undefined;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface HistogramPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number | undefined;
  /** Per bucket, not cumulative. */
  readonly bucketCounts: readonly number[];
  readonly bounds: readonly number[];
  readonly exemplars: readonly OtlpExemplar[];
}

/** Buckets of a side: number `i` of them holds `(base^(offset+i), base^(offset+i+1)]`. */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly number[];
}

export interface ExponentialPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number | undefined;
  /** The base is 2^(2^-scale). */
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly exemplars: readonly OtlpExemplar[];
}

export interface SummaryPoint extends OtlpPoint {
  readonly count: number;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface OtlpExemplar {
  readonly timeUnixNanos: bigint;
  readonly value: number | undefined;
  /** Lower-case hex of whatever length was sent. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: AttributeMap;
}
