import type {
  LabelMatcher,
  MetricSeries,
  MetricStore,
  SeriesFilter,
  SeriesSamples,
  TimeRange,
} from "@nexent/monitor-store";
import { isStaleMarker } from "../prometheus/stale.ts";

/** A metric store over a list of entries, one for each series; it only answers. */
export function listedMetricStore(entries: readonly SeriesSamples[]): MetricStore {
  const within = async (filter: SeriesFilter, range: TimeRange): Promise<readonly SeriesSamples[]> =>
    entries.filter(({ series }) => isMeant(series, filter)).map((entry) => cut(entry, range));
  const measured = async (filter: SeriesFilter, range: TimeRange): Promise<readonly SeriesSamples[]> =>
    (await within(filter, range)).filter((entry) => timesOf(entry).length > 0);
  const series = async (filter: SeriesFilter, range: TimeRange): Promise<readonly MetricSeries[]> =>
    (await measured(filter, range)).map((entry) => entry.series);
  const times = entries.flatMap(timesOf);
  const refuse = (): Promise<never> => Promise.reject(new Error("this store only answers"));
  return {
    write: refuse,
    retain: refuse,
    purge: refuse,
    series,
    select: measured,
    latest: async (filter, atMs, { lookbackMs = 300_000 } = {}) =>
      (await measured(filter, rangeMs(atMs - lookbackMs, atMs))).map(newestOf).filter((one) => timesOf(one).length > 0),
    labelNames: async (filter, range) =>
      sorted((await series(filter, range)).flatMap(({ labels }) => Object.keys(labels))),
    labelValues: async (name, filter, range) =>
      sorted((await series(filter, range)).flatMap(({ labels }) => labels[name] ?? [])),
    metadata: async () => [...new Map(entries.map((entry) => [entry.series.family, entry.series])).values()],
    exemplars: async (filter, range) =>
      (await within(filter, range))
        .filter(({ exemplars }) => exemplars.length > 0)
        .map((entry) => ({ ...entry, scalars: [], histograms: [], summaries: [], staleAtMs: [] })),
    stats: async () => ({
      samples: times.length,
      activeSeries: entries.length,
      diskBytes: 0,
      ...(times.length === 0 ? {} : { oldestMs: Math.min(...times), newestMs: Math.max(...times) }),
      overflowedSeries: 0,
      rejectedSamples: 0,
    }),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** An entry with nothing measured but what is given. */
export function entryOf(series: MetricSeries, measured: Partial<SeriesSamples> = {}): SeriesSamples {
  return { scalars: [], histograms: [], summaries: [], exemplars: [], staleAtMs: [], ...measured, series };
}

function isMeant(series: MetricSeries, { families, matchers = [] }: SeriesFilter): boolean {
  return (
    (families?.includes(series.family) ?? true) && matchers.every((one) => fits(one, series.labels[one.name] ?? ""))
  );
}

/** Patterns of tests are the same in JavaScript and RE2. */
function fits({ op, value }: LabelMatcher, text: string): boolean {
  const isEqual = op === "=" || op === "!=" ? text === value : new RegExp(`^(?:${value})$`, "s").test(text);
  return op === "=" || op === "=~" ? isEqual : !isEqual;
}

function timesOf({ scalars, histograms, summaries }: SeriesSamples): readonly number[] {
  return [...scalars, ...histograms, ...summaries].map(({ timestampMs }) => timestampMs);
}

function cut(entry: SeriesSamples, { fromUnixNanos, toUnixNanos }: TimeRange): SeriesSamples {
  const isIn = (timeMs: number): boolean => {
    const nanos = BigInt(timeMs) * 1_000_000n;
    return nanos >= fromUnixNanos && nanos < toUnixNanos;
  };
  const keep = <T extends { readonly timestampMs: number }>(all: readonly T[]): readonly T[] =>
    all.filter(({ timestampMs }) => isIn(timestampMs));
  return {
    series: entry.series,
    scalars: keep(entry.scalars),
    histograms: keep(entry.histograms),
    summaries: keep(entry.summaries),
    exemplars: keep(entry.exemplars),
    staleAtMs: entry.staleAtMs.filter(isIn),
  };
}

function newestOf(entry: SeriesSamples): SeriesSamples {
  const newestMs = Math.max(...timesOf(entry));
  const isOver = entry.staleAtMs.some((endMs) => endMs > newestMs);
  const keep = <T extends { readonly timestampMs: number }>(all: readonly T[]): readonly T[] =>
    isOver ? [] : all.slice(-1);
  const scalars = keep(entry.scalars).filter(({ value }) => !isStaleMarker(value));
  return { ...entry, scalars, histograms: keep(entry.histograms), summaries: keep(entry.summaries) };
}

function rangeMs(fromMs: number, toMs: number): TimeRange {
  const nanos = (timeMs: number): bigint => BigInt(Math.max(timeMs, 0)) * 1_000_000n;
  return { fromUnixNanos: nanos(fromMs), toUnixNanos: nanos(toMs) + 1n };
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
