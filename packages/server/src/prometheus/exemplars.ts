import type { MetricExemplar, MetricStore, SeriesSamples, TimeRange } from "@nexent/monitor-store";
import { LOOKBACK_MS } from "./evaluation.ts";
import { secondsOf, valueText } from "./number-text.ts";
import { compareLabels, labelsOf, selectionOf, withFamilies, type Labels, type Selection } from "./selection.ts";
import type { Matchers } from "./selector.ts";
import { bucketOf, sampleNamesOf } from "./series-names.ts";
import { rangeOf } from "./time-range.ts";

interface ExemplarSeries {
  readonly seriesLabels: Labels;
  readonly exemplars: object[];
}

/** Exemplars of the series that any of the selectors means, each below the bucket it was counted in. */
export async function exemplarsOf(
  store: MetricStore,
  selectors: readonly Matchers[],
  range: TimeRange,
  signal: AbortSignal,
): Promise<readonly ExemplarSeries[]> {
  const found = new Map<string, ExemplarSeries>();
  for (const matchers of selectors) {
    const selection = await withFamilies(store, selectionOf(matchers), range, signal);
    if (selection === undefined) continue;
    const entries = await store.exemplars(selection.filter, range, signal);
    for (const entry of entries.filter(({ exemplars }) => exemplars.length > 0)) {
      const bounds = await boundsOf(store, entry, signal);
      for (const one of exemplarSeries(entry, selection, bounds)) found.set(JSON.stringify(one.seriesLabels), one);
    }
  }
  return [...found.values()].toSorted((a, b) => compareLabels(a.seriesLabels, b.seriesLabels));
}

/** An exemplar does not say its bucket; the histograms measured around it do. */
async function boundsOf(
  store: MetricStore,
  { series, exemplars, histograms }: SeriesSamples,
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  if (series.type !== "histogram") return undefined;
  const own = histograms.at(-1);
  if (own !== undefined) return own.bounds;
  const newestMs = exemplars.at(-1)?.timestampMs ?? 0;
  const matchers = Object.entries(series.labels).map(([name, value]) => ({ name, op: "=" as const, value }));
  const around = rangeOf(newestMs - LOOKBACK_MS, newestMs + LOOKBACK_MS);
  const entries = await store.select({ families: [series.family], matchers }, around, signal);
  const count = matchers.length;
  const same = entries.find((entry) => Object.keys(entry.series.labels).length === count);
  return same?.histograms.at(-1)?.bounds;
}

function exemplarSeries(
  { series, exemplars }: SeriesSamples,
  selection: Selection,
  bounds: readonly number[] | undefined,
): readonly ExemplarSeries[] {
  const [name] = sampleNamesOf(series);
  if (name === undefined) return [];
  const byBucket = new Map<string | undefined, object[]>();
  for (const exemplar of exemplars) {
    const bucket = bounds === undefined ? undefined : bucketOf(bounds, exemplar.value);
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), jsonOf(exemplar)]);
  }
  return [...byBucket]
    .filter(([bucket]) => selection.accepts(series, name, bucket))
    .map(([bucket, own]) => ({ seriesLabels: labelsOf(series, name, bucket), exemplars: own }));
}

function jsonOf({ timestampMs, value, traceId, spanId, labels }: MetricExemplar): object {
  const all = Object.entries({ ...labels, trace_id: traceId, span_id: spanId }).filter(
    ([, text]) => text !== undefined,
  );
  return {
    labels: Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    value: valueText(value),
    timestamp: secondsOf(timestampMs),
  };
}
