import type { HistogramSample, MetricSeries, MetricType, SeriesSamples, SummarySample } from "./metric-contract.ts";
import type { TimeRange } from "./contract.ts";
import { compareUtf8 } from "./utf8-order.ts";

/** How the samples of a series look. */
export type SampleKind = "scalar" | "histogram" | "summary";

/** What makes a series itself: its family, the kind of its samples, and its labels. */
export interface SeriesIdentity {
  readonly family: string;
  readonly kind: SampleKind;
  /** In UTF-8 order of the names. */
  readonly labels: Readonly<Record<string, string>>;
}

export const DAY_MS = 86_400_000;
const MILLI_NANOS = 1_000_000n;

/** The kind of samples that a type has. */
export function kindOfType(type: MetricType): SampleKind {
  return type === "histogram" || type === "summary" ? type : "scalar";
}

/** An identity and its key: two identities are the same exactly when their keys are. */
export interface KeyedIdentity {
  readonly identity: SeriesIdentity;
  readonly key: string;
}

const keyed = new WeakMap<MetricSeries, KeyedIdentity>();

/** The identity of a series; labels without a value are left out, since they say the same as absent ones. */
export function keyedIdentityOf(series: MetricSeries): KeyedIdentity {
  const known = keyed.get(series);
  if (known !== undefined) return known;
  const entries = sortedEntries(series.labels).filter(([, value]) => value !== "");
  const { family } = series;
  const kind = kindOfType(series.type);
  // Entries, not the object: names that look like numbers would be put first.
  const key = JSON.stringify([family, kind, ...entries.flat()]);
  const result = { identity: { family, kind, labels: Object.fromEntries(entries) }, key };
  keyed.set(series, result);
  return result;
}

/** A series with the labels of its identity. */
export function plainSeries(series: MetricSeries): MetricSeries {
  const known = keyedIdentityOf(series);
  const plain = { ...series, labels: known.identity.labels };
  keyed.set(plain, known);
  return plain;
}

/** The key of an identity. */
export function keyOf({ family, kind, labels }: SeriesIdentity): string {
  return JSON.stringify([family, kind, ...sortedEntries(labels).flat()]);
}

/** Labels in UTF-8 order of their names. */
export function sortedEntries(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => compareUtf8(a, b));
}

/** Sorts by family, then by labels: name and value of the first label, of the second, and so on; fewer labels first. */
export function inSeriesOrder<T extends { readonly identity: SeriesIdentity }>(items: Iterable<T>): T[] {
  const decorated = Array.from(items, (item) => {
    const { family, labels } = item.identity;
    return { item, texts: [family, ...sortedEntries(labels).flat()] };
  });
  decorated.sort((a, b) => compareTexts(a.texts, b.texts) || compareUtf8(a.item.identity.kind, b.item.identity.kind));
  return decorated.map(({ item }) => item);
}

function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareUtf8(a[at] ?? "", b[at] ?? "");
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** UTC day since the Unix epoch. */
export function dayOfMs(timestampMs: number): number {
  return Math.floor(timestampMs / DAY_MS);
}

/** Whole milliseconds `from <= t < to` that lie in a range. */
export function millisOf(range: TimeRange): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: ceilMillis(range.fromUnixNanos), toMs: ceilMillis(range.toUnixNanos) };
}

function ceilMillis(unixNanos: bigint): number {
  return Number((unixNanos + MILLI_NANOS - 1n) / MILLI_NANOS);
}

/** Samples as they are stored: counts, bounds and quantiles know no negative zero. */
export function plainHistogram(sample: HistogramSample): HistogramSample {
  const { count, bounds, buckets } = sample;
  return { ...sample, count: plus(count), bounds: bounds.map(plus), buckets: buckets.map(plus) };
}

/** As `plainHistogram`. */
export function plainSummary(sample: SummarySample): SummarySample {
  const quantiles = sample.quantiles.map(({ quantile, value }) => ({ quantile: plus(quantile), value: plus(value) }));
  return { ...sample, count: plus(sample.count), quantiles };
}

/** Minus zero becomes zero. */
function plus(value: number): number {
  return value + 0;
}

/** Samples of an entry; a histogram or summary at a time, or its end, is one. */
export function countSamples({ scalars, histograms, summaries, staleAtMs }: Omit<SeriesSamples, "series">): number {
  return scalars.length + histograms.length + summaries.length + staleAtMs.length;
}
