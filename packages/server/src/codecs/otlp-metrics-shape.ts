/** Shapes that reflection makes of the metric messages of otlp-fields.ts. */
export interface OneOf<T> {
  readonly value: { readonly case: string | undefined; readonly value?: T };
}
export interface WireList {
  readonly values: readonly WireAny[];
}
export interface WireMap {
  readonly values: readonly WirePair[];
}
export type WireAny = OneOf<string | boolean | bigint | number | Uint8Array | WireList | WireMap>;
export interface WirePair {
  readonly key: string;
  readonly value?: WireAny;
}
export interface WireExemplar extends OneOf<number | bigint> {
  readonly timeUnixNano: bigint;
  readonly spanId: Uint8Array;
  readonly traceId: Uint8Array;
  readonly filteredAttributes: readonly WirePair[];
}
export interface WirePoint {
  readonly startTimeUnixNano: bigint;
  readonly timeUnixNano: bigint;
  readonly attributes: readonly WirePair[];
  readonly flags: number;
}
export interface WithExemplars {
  readonly exemplars: readonly WireExemplar[];
}
export type WireNumberPoint = WirePoint & WithExemplars & OneOf<number | bigint>;
export type WireHistogramPoint = WirePoint &
  WithExemplars &
  OneOf<number> & {
    readonly count: bigint;
    readonly bucketCounts: readonly bigint[];
    readonly explicitBounds: readonly number[];
  };
export interface WireBuckets {
  readonly offset: number;
  readonly bucketCounts: readonly bigint[];
}
export type WireExponentialPoint = WirePoint &
  WithExemplars &
  OneOf<number> & {
    readonly count: bigint;
    readonly scale: number;
    readonly zeroCount: bigint;
    readonly zeroThreshold: number;
    readonly positive?: WireBuckets;
    readonly negative?: WireBuckets;
  };
export type WireSummaryPoint = WirePoint & {
  readonly count: bigint;
  readonly sum: number;
  readonly quantileValues: readonly { readonly quantile: number; readonly value: number }[];
};
export interface Points<T> {
  readonly dataPoints: readonly T[];
}
export interface Temporal {
  readonly aggregationTemporality: number;
}
/** A metric as reflection gives it. */
export interface WireMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly gauge?: Points<WireNumberPoint>;
  readonly sum?: Points<WireNumberPoint> & Temporal & { readonly isMonotonic: boolean };
  readonly histogram?: Points<WireHistogramPoint> & Temporal;
  readonly exponentialHistogram?: Points<WireExponentialPoint> & Temporal;
  readonly summary?: Points<WireSummaryPoint>;
}
/** An `ExportMetricsServiceRequest` as reflection gives it. */
export interface WireMetrics {
  readonly resourceMetrics: readonly {
    readonly resource?: { readonly attributes: readonly WirePair[] };
    readonly scopeMetrics: readonly { readonly metrics: readonly WireMetric[] }[];
  }[];
}
