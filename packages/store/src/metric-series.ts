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

/** The identity of a series; labels without a value are left out, since they say the same as absent ones. */
export function identityOf({ family, type, labels }: MetricSeries): SeriesIdentity {
  const entries = Object.entries(labels).filter(([, value]) => value !== "");
  entries.sort(([a], [b]) => compareUtf8(a, b));
  return { family, kind: kindOfType(type), labels: Object.fromEntries(entries) };
}

/** Two identities are the same exactly when their keys are. */
export function keyOf({ family, kind, labels }: SeriesIdentity): string {
  // Entries, not the object: names that look like numbers would be put first.
  return JSON.stringify([family, kind, ...sortedEntries(labels).flat()]);
}

/** Labels in UTF-8 order of their names. */
export function sortedEntries(labels: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => compareUtf8(a, b));
}

/** By family, then by labels: name and value of the first label, of the second, and so on; fewer labels first. */
export function compareIdentities(a: SeriesIdentity, b: SeriesIdentity): number {
  const texts = (one: SeriesIdentity): readonly string[] => [one.family, ...sortedEntries(one.labels).flat()];
  const [left, right] = [texts(a), texts(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = compareUtf8(left[at] ?? "", right[at] ?? "");
    if (order !== 0) return order;
  }
  return left.length - right.length || compareUtf8(a.kind, b.kind);
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
