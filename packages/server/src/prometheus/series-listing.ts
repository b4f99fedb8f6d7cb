import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { MetricSeries, MetricStore, TimeRange } from "@nexent/monitor-store";
import { compareLabels, labelsOf, narrowed, selectionOf, type Labels, type Selection } from "./selection.ts";
import type { Matchers } from "./selector.ts";
import { sampleNamesOf, valuesOf, type SampleName } from "./series-names.ts";
import { rangeOf } from "./time-range.ts";

/** What is listed, of which time. */
export interface Listing {
  readonly store: MetricStore;
  /** Joined by OR; none = every series. */
  readonly matches: readonly Matchers[];
  readonly range: TimeRange;
  readonly signal: AbortSignal;
  /** More series than `LIMITS.seriesPerQuery` were found by one of `matches`; the first ones are answered. */
  readonly onCut: () => void;
}

/** A series of the store under one of its names. */
export interface ListedName {
  readonly series: MetricSeries;
  readonly sample: SampleName;
}

/** Samples are read in pieces of this length, so that a long range needs no more memory than a short one. */
const PIECE_NANOS = 3_600n * 1_000_000_000n;

/** Series and their names; of a name with bounds once, whatever bounds there are. */
export async function listNames({ store, matches, range, signal, onCut }: Listing): Promise<readonly ListedName[]> {
  const selections = matches.length === 0 ? [everything] : matches.map(selectionOf);
  const listed: ListedName[] = [];
  for (const selection of selections) {
    const found = await store.series(selection.filter, range, signal, LIMITS.seriesPerQuery + 1);
    if (found.length > LIMITS.seriesPerQuery) onCut();
    for (const series of found.slice(0, LIMITS.seriesPerQuery)) {
      const names = sampleNamesOf(series).filter((sample) => selection.mayAccept(series, sample));
      listed.push(...names.map((sample) => ({ series, sample })));
    }
  }
  return listed;
}

const everything: Selection = { filter: {}, accepts: () => true, mayAccept: () => true };

/** Every series with its labels, in their order; bounds are those that samples of the range have. */
export async function listSeries(listing: Listing): Promise<readonly Labels[]> {
  const found = new Map<string, Labels>();
  const add = (labels: Labels): void => void found.set(JSON.stringify(labels), labels);
  for (const matchers of listing.matches) {
    for (const { series, sample } of await listNames({ ...listing, matches: [matchers] })) {
      if (!isRead(series)) add(labelsOf(series, sample));
    }
    await readBounds(listing, selectionOf(matchers), (series, sample, bound) => add(labelsOf(series, sample, bound)));
  }
  return [...found.values()].toSorted(compareLabels);
}

/** Values of the label `le` or `quantile`, those of samples included. */
export async function listBounds(listing: Listing, label: string): Promise<ReadonlySet<string>> {
  const values = new Set<string>();
  for (const { series } of await listNames(listing)) {
    const own = series.labels[label];
    if (own !== undefined) values.add(own);
  }
  for (const selection of listing.matches.length === 0 ? [everything] : listing.matches.map(selectionOf)) {
    await readBounds(listing, selection, (_series, { boundLabel }, bound) => {
      if (boundLabel === label && bound !== undefined) values.add(bound);
    });
  }
  return values;
}

type TellBound = (series: MetricSeries, sample: SampleName, bound: string | undefined) => void;

/** Whether the names that a series has depend on its samples. */
function isRead({ type }: MetricSeries): boolean {
  return type === "histogram" || type === "summary";
}

/** Tells every name and bound that samples of histograms and summaries have. */
async function readBounds(listing: Listing, selection: Selection, tell: TellBound): Promise<void> {
  try {
    await readAllBounds(listing, selection, tell);
  } catch (error) {
    // Too much to be read; what was found so far is told.
    if (!(error instanceof MonitorError) || error.code !== "QUERY_INVALID") throw error;
    listing.onCut();
  }
}

async function readAllBounds({ store, range, signal }: Listing, selection: Selection, tell: TellBound): Promise<void> {
  const read = {
    ...selection,
    mayAccept: (one: MetricSeries, name: SampleName) => isRead(one) && selection.mayAccept(one, name),
  };
  const selected = await narrowed(store, read, range, signal);
  if (selected === undefined) return;
  for (const piece of piecesOf(await withSamples(store, range))) {
    for (const entry of await store.select(selected.filter, piece, signal)) {
      for (const sample of [...entry.histograms, ...entry.summaries]) {
        for (const { bound, value: _value, ...name } of valuesOf(entry.series, sample)) {
          if (selection.accepts(entry.series, name, bound)) tell(entry.series, name, bound);
        }
      }
    }
  }
}

/** The part of a range in which there are samples. */
async function withSamples(store: MetricStore, range: TimeRange): Promise<TimeRange> {
  const { oldestMs, newestMs } = await store.stats();
  if (oldestMs === undefined || newestMs === undefined) return { ...range, toUnixNanos: range.fromUnixNanos };
  const known = rangeOf(oldestMs, newestMs);
  return {
    fromUnixNanos: range.fromUnixNanos > known.fromUnixNanos ? range.fromUnixNanos : known.fromUnixNanos,
    toUnixNanos: range.toUnixNanos < known.toUnixNanos ? range.toUnixNanos : known.toUnixNanos,
  };
}

function* piecesOf({ fromUnixNanos, toUnixNanos }: TimeRange): Generator<TimeRange> {
  for (let from = fromUnixNanos; from < toUnixNanos; from += PIECE_NANOS) {
    const end = from + PIECE_NANOS;
    yield { fromUnixNanos: from, toUnixNanos: end < toUnixNanos ? end : toUnixNanos };
  }
}
