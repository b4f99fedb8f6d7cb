/**
 * What a store of metric samples promises: raw samples, exactly as they were measured. Rates, sums over series and every
 * other evaluation are not its business.
 */
import type { CopiedFile } from "./copy-files.ts";
import type { RetentionPolicy, RetentionReport, TimeRange, WriteOutcome } from "./contract.ts";

/** Prometheus' word for what a family is. */
export type MetricType = "counter" | "gauge" | "histogram" | "summary" | "info" | "stateset" | "unknown";

/** A time series: one family and one set of labels. A histogram is one series, whatever number of buckets it has. */
export interface MetricSeries {
  /** Name of the family in the Prometheus data model, `_total`, `_bucket`, `_sum` and `_count` left off. */
  readonly family: string;
  readonly type: MetricType;
  /** Unit as the source names it (`seconds`, `bytes`); absent when it names none. */
  readonly unit?: string;
  /** Absent when the source explains nothing; of several the newest is kept per family. */
  readonly help?: string;
  /** Without `__name__`, `le` and `quantile` of histograms and summaries; never an empty value. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A value at a time. */
export interface ScalarSample {
  readonly timestampMs: number;
  /** Start of a cumulative counter, when the source tells it. */
  readonly startMs?: number;
  /** Any double; the bits of a stale marker (`STALE_NAN_BITS`) mean: the series ended here. */
  readonly value: number;
}

/** A cumulative histogram at a time, exactly as sent. */
export interface HistogramSample {
  readonly timestampMs: number;
  readonly startMs?: number;
  readonly count: number;
  /** Absent when the source has none (values below zero, for example). */
  readonly sum?: number;
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Values up to each bound, cumulative as in Prometheus, one more than bounds; the last equals `count`. */
  readonly buckets: readonly number[];
}

/** A summary at a time, exactly as sent. */
export interface SummarySample {
  readonly timestampMs: number;
  readonly startMs?: number;
  readonly count: number;
  readonly sum: number;
  /** Quantiles of the source; they cannot be joined over series. */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

/** A single measurement that shows where a value came from. */
export interface MetricExemplar {
  readonly timestampMs: number;
  readonly value: number;
  /** 32 hex digits. */
  readonly traceId?: string;
  /** 16 hex digits. */
  readonly spanId?: string;
  /** The labels of the exemplar but those two. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A series and what was measured of it. Samples of one entry have one kind, by time. */
export interface SeriesSamples {
  readonly series: MetricSeries;
  readonly scalars: readonly ScalarSample[];
  readonly histograms: readonly HistogramSample[];
  readonly summaries: readonly SummarySample[];
  readonly exemplars: readonly MetricExemplar[];
  /**
   * Times at which the series ended (stale), for histograms and summaries, whose samples have no value to mark. Of a
   * scalar series they may be written so too; answers have the marker among its values.
   */
  readonly staleAtMs: readonly number[];
}

/** What is written at once; a series may appear in several entries. */
export interface MetricBatch {
  readonly entries: readonly SeriesSamples[];
}

/** A condition on one label; an absent label has the value "" as in Prometheus. Regular expressions are RE2, anchored. */
export interface LabelMatcher {
  readonly name: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

/** Which series. Conditions are joined by AND. */
export interface SeriesFilter {
  /** Any of these families; absent = all. */
  readonly families?: readonly string[];
  readonly matchers?: readonly LabelMatcher[];
}

/** What is known of a family, newest first when sources differ. */
export interface FamilyMetadata {
  readonly family: string;
  readonly type: MetricType;
  readonly unit?: string;
  readonly help?: string;
}

/** What is stored of metrics. */
export interface MetricStoreStats {
  /** Samples stored; a histogram or summary at a time is one. */
  readonly samples: number;
  /** Series with a sample today. */
  readonly activeSeries: number;
  readonly diskBytes: number;
  readonly oldestMs?: number;
  readonly newestMs?: number;
  /** Series refused because their family has too many. */
  readonly overflowedSeries: number;
  readonly rejectedSamples: number;
}

/** Prometheus' stale marker: a NaN with a bit pattern of its own (`value.StaleNaN`). */
export const STALE_NAN_BITS = 0x7ff0000000000002n;

/**
 * A value with those bits. JavaScript makes a quiet NaN of it on the way, and forgets it altogether in an array of
 * numbers: keep it in objects (`ScalarSample.value`) or a `Float64Array`, and ask `isStaleMarker`, never the bits.
 */
export const STALE_MARKER: number = new DataView(new BigUint64Array([STALE_NAN_BITS]).buffer).getFloat64(0, true);

const NAN_PAYLOAD = 0x0007_ffff_ffff_ffffn;
const scratch = new DataView(new ArrayBuffer(8));

/** Whether a value is the stale marker; its quiet form, which engines make of it, counts too. */
export function isStaleMarker(value: number): boolean {
  if (!Number.isNaN(value)) return false;
  scratch.setFloat64(0, value);
  return (scratch.getBigUint64(0) & NAN_PAYLOAD) === (STALE_NAN_BITS & NAN_PAYLOAD);
}

/** What reading a day of samples found. */
export interface MetricDayReport {
  /** `2026-11-24` */
  readonly day: string;
  readonly samples: number;
  readonly bytes: number;
  /** Absent when everything could be read. */
  readonly problem?: string;
}

/** What a retention removed of metric samples. */
export type MetricRetention = Omit<RetentionReport, "spans">;

/**
 * Keeps metric samples. Safe for concurrent calls; queries take an AbortSignal and throw as those of `TraceStore` do.
 * Of two samples of one series and timestamp the first stays, and the repeat is acknowledged.
 */
export interface MetricStore {
  /** `accepted` and `partial` count samples; nothing is acknowledged before it is durable. */
  write(batch: MetricBatch, signal?: AbortSignal): Promise<WriteOutcome>;
  /**
   * Series with a sample in the range, by family, then labels. At most `LIMITS.seriesPerQuery`, else `QUERY_INVALID`.
   * @param limit answers at most so many instead, whichever they are, and never refuses.
   */
  series(
    filter: SeriesFilter,
    range: TimeRange,
    signal?: AbortSignal,
    limit?: number,
  ): Promise<readonly MetricSeries[]>;
  /** Raw samples in time order, stale markers included. At most 5 M samples, else `QUERY_INVALID`. */
  select(filter: SeriesFilter, range: TimeRange, signal?: AbortSignal): Promise<readonly SeriesSamples[]>;
  /** The newest sample of each series at a time that is neither stale nor older than `lookbackMs` (5 min). */
  latest(
    filter: SeriesFilter,
    atMs: number,
    options?: { readonly lookbackMs?: number; readonly signal?: AbortSignal },
  ): Promise<readonly SeriesSamples[]>;
  /** Names of labels in use, UTF-8 order. */
  labelNames(filter: SeriesFilter, range: TimeRange, signal?: AbortSignal): Promise<readonly string[]>;
  /** Values of a label, UTF-8 order. */
  labelValues(name: string, filter: SeriesFilter, range: TimeRange, signal?: AbortSignal): Promise<readonly string[]>;
  /** Every family of the last 24 h, or the one named. */
  metadata(family?: string): Promise<readonly FamilyMetadata[]>;
  /** Exemplars in time order. */
  exemplars(filter: SeriesFilter, range: TimeRange, signal?: AbortSignal): Promise<readonly SeriesSamples[]>;
  stats(): Promise<MetricStoreStats>;
  /** Files that were set aside because they could not be read. Costs nothing to ask. */
  quarantinedFiles(): number;
  /** Removes whole UTC days older than that, never today's. */
  retain(policy: RetentionPolicy): Promise<MetricRetention>;
  /** Erases everything, or the samples of a time range; no file has them afterwards. */
  purge(selector: { readonly all: true } | { readonly range: TimeRange }): Promise<{ readonly samples: number }>;
  /** Reads everything that is stored; damaged days are set aside and rebuilt as far as the journal holds them. */
  verify(): Promise<readonly MetricDayReport[]>;
  /**
   * Copies everything acknowledged before into the folder of a backup, while writes go on; answers the files, none for a
   * store without any. @throws {STORE_FULL}
   */
  backUp(directory: string): Promise<readonly CopiedFile[]>;
  /** Waits until everything acknowledged is visible to every query. */
  flush(): Promise<void>;
  /** Finishes writes in flight and closes files. Idempotent. */
  close(): Promise<void>;
}
