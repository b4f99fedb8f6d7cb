import { isStaleMarker, type SeriesSamples } from "@nexent/monitor-store";
import type { Sample } from "./series-names.ts";

/** A sample and the time it is shown at. */
export interface PickedSample {
  readonly atMs: number;
  readonly sample: Sample;
}

/** Times at which a selector is answered: every `stepMs` from `startMs` up to `endMs`. */
export interface Steps {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** Something that happened to a series; without a sample it ended. */
interface SeriesEvent {
  readonly timestampMs: number;
  readonly sample?: Sample;
}

/** Every sample of a series under its own time. */
export function pickAll(entry: SeriesSamples): readonly PickedSample[] {
  return eventsOf(entry).flatMap(({ timestampMs, sample }) =>
    sample === undefined ? [] : [{ atMs: timestampMs, sample }],
  );
}

/**
 * The newest sample at each step, neither older than `lookbackMs` nor before the series ended.
 * @param lookAtOf the time at which a step looks: itself, unless `offset` or `@` moves it; never falls.
 */
export function pickNewest(
  entry: SeriesSamples,
  steps: Steps,
  lookbackMs: number,
  lookAtOf: (atMs: number) => number,
): readonly PickedSample[] {
  const events = eventsOf(entry);
  const picked: PickedSample[] = [];
  let next = 0;
  for (let atMs = steps.startMs; atMs <= steps.endMs; atMs += steps.stepMs) {
    const lookAtMs = lookAtOf(atMs);
    while ((events[next]?.timestampMs ?? Number.POSITIVE_INFINITY) <= lookAtMs) next++;
    const newest = events[next - 1];
    if (newest?.sample !== undefined && newest.timestampMs >= lookAtMs - lookbackMs) {
      picked.push({ atMs, sample: newest.sample });
    }
  }
  return picked;
}

/** In time order; of an end and a sample at one time the sample stands. */
function eventsOf(entry: SeriesSamples): readonly SeriesEvent[] {
  const samples: readonly Sample[] = [...entry.scalars, ...entry.histograms, ...entry.summaries];
  const events = samples.map((sample): SeriesEvent => {
    const { timestampMs } = sample;
    return "value" in sample && isStaleMarker(sample.value) ? { timestampMs } : { timestampMs, sample };
  });
  if (entry.staleAtMs.length === 0) return events;
  const ends = entry.staleAtMs.map((timestampMs): SeriesEvent => ({ timestampMs }));
  return [...ends, ...events].toSorted((a, b) => a.timestampMs - b.timestampMs);
}
