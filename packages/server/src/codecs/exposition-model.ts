import type { MetricExemplar, MetricType, SummarySample } from "@nexent/monitor-store";

/** The two text formats: Prometheus text 0.0.4 and OpenMetrics 1.0. */
export type TextFormat = "text" | "openmetrics";

/** An exemplar as it stands at a sample; without a time of its own it has that of the scrape. */
export type ReadExemplar = Omit<MetricExemplar, "timestampMs"> & { readonly timestampMs?: number };

/** What every read sample may have. Times are absent where the text names none. */
interface ReadTimes {
  readonly timestampMs?: number;
  /** From `_created`. */
  readonly startMs?: number;
}

export type ReadScalar = ReadTimes & { readonly kind: "scalar"; readonly value: number };
export type ReadHistogram = ReadTimes & {
  readonly kind: "histogram";
  readonly count: number;
  readonly sum?: number;
  /** Ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Cumulative, one more than bounds. */
  readonly buckets: readonly number[];
};
export type ReadSummary = ReadTimes & {
  readonly kind: "summary";
  readonly count: number;
  readonly sum: number;
  readonly quantiles: SummarySample["quantiles"];
};

/** One series at one time. */
export interface ReadSample {
  readonly family: ReadFamily;
  /** Without `le` and `quantile` of histograms and summaries; empty values left out. */
  readonly labels: Readonly<Record<string, string>>;
  readonly point: ReadScalar | ReadHistogram | ReadSummary;
  readonly exemplars: readonly ReadExemplar[];
}

/** A family as it is stored: a counter without `_total`, any other name as its samples carry it. */
export interface ReadFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly unit?: string;
  readonly help?: string;
}

/** What one exposition says. */
export interface ReadExposition {
  readonly samples: readonly ReadSample[];
  /** Sample lines; a histogram has several. */
  readonly lineSamples: number;
}

/** A sample line, taken apart. */
export interface SampleLine {
  readonly line: number;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  readonly timestampMs?: number;
  readonly exemplar?: ReadExemplar;
}
