import {
  createMemoryMetricStore,
  type MetricSeries,
  type MetricStore,
  type SeriesSamples,
} from "@nexent/monitor-store";

/** A metric store in memory that has these entries; its clock stands at `nowMs`. */
export async function metricStoreOf(entries: readonly SeriesSamples[], nowMs: number): Promise<MetricStore> {
  const store = createMemoryMetricStore({ now: () => nowMs });
  const outcome = await store.write({ entries });
  if (outcome.status !== "accepted") throw new Error(`the entries were not stored: ${JSON.stringify(outcome)}`);
  return store;
}

/** An entry with nothing measured but what is given. */
export function entryOf(series: MetricSeries, measured: Partial<SeriesSamples> = {}): SeriesSamples {
  return { scalars: [], histograms: [], summaries: [], exemplars: [], staleAtMs: [], ...measured, series };
}
