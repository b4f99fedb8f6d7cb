import type { MetricStore, SeriesFilter, SeriesSamples, TimeRange } from "@nexent/monitor-store";
import type { Selector } from "./expression.ts";
import { pickAll, pickNewest, type PickedSample, type Steps } from "./picked-samples.ts";
import { selectionOf, withFamilies } from "./selection.ts";
import { rangeOf, storableMs } from "./time-range.ts";
import { gatherValues, type ValueSeries } from "./value-series.ts";

/** How long a series without a new sample is still shown. */
export const LOOKBACK_MS = 5 * 60_000;

/** What answering a selector needs. */
export interface Evaluation {
  readonly store: MetricStore;
  readonly selector: Selector;
  /** An instant query has one step. */
  readonly steps: Steps;
  readonly lookbackMs: number;
  readonly signal: AbortSignal;
}

/** The newest value of each series at the only step. */
export async function instantValues(evaluation: Evaluation): Promise<readonly ValueSeries[]> {
  const { store, steps, lookbackMs, signal } = evaluation;
  const lookAtMs = storableMs(lookAt(evaluation)(steps.endMs));
  return gather(evaluation, {
    range: rangeOf(lookAtMs - lookbackMs, lookAtMs),
    // The store leaves out a sample that is exactly so old; Prometheus' 2.x shows it.
    read: (filter) => store.latest(filter, lookAtMs, { lookbackMs: lookbackMs + 1, signal }),
    pick: (entry) =>
      pickAll(entry)
        .slice(-1)
        .map(({ sample }) => ({ atMs: steps.endMs, sample })),
  });
}

/** The newest value of each series at each step. */
export async function steppedValues(evaluation: Evaluation): Promise<readonly ValueSeries[]> {
  const { store, steps, lookbackMs, signal } = evaluation;
  const lookAtOf = lookAt(evaluation);
  const range = rangeOf(lookAtOf(steps.startMs) - lookbackMs, lookAtOf(steps.endMs));
  return gather(evaluation, {
    range,
    read: (filter) => store.select(filter, range, signal),
    pick: (entry) => pickNewest(entry, steps, lookbackMs, lookAtOf),
  });
}

/** Every sample of each series in the time before the only step, each with its own time. */
export async function rangeValues(evaluation: Evaluation, rangeMs: number): Promise<readonly ValueSeries[]> {
  const { store, steps, signal } = evaluation;
  const toMs = lookAt(evaluation)(steps.endMs);
  const range = rangeOf(toMs - rangeMs, toMs);
  return gather(evaluation, { range, read: (filter) => store.select(filter, range, signal), pick: pickAll });
}

interface Reading {
  readonly range: TimeRange;
  readonly read: (filter: SeriesFilter) => Promise<readonly SeriesSamples[]>;
  readonly pick: (entry: SeriesSamples) => readonly PickedSample[];
}

async function gather(
  { store, selector, signal }: Evaluation,
  { range, read, pick }: Reading,
): Promise<readonly ValueSeries[]> {
  const selection = await withFamilies(store, selectionOf(selector.matchers), range, signal);
  if (selection === undefined) return [];
  const gathering = gatherValues(selection, signal);
  for (const entry of await read(selection.filter)) await gathering.add(entry.series, pick(entry));
  return gathering.series();
}

/** The time at which a step looks, `@` and `offset` applied. */
function lookAt({ selector, steps }: Evaluation): (atMs: number) => number {
  const { at, offsetMs } = selector;
  if (at === undefined) return (atMs) => atMs - offsetMs;
  const fixedMs = at === "start" ? steps.startMs : at === "end" ? steps.endMs : at.atMs;
  return () => fixedMs - offsetMs;
}
