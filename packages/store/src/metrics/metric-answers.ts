import { LIMITS } from "@nexent/monitor-core";
import { fileAlias } from "../duckdb/index-files.ts";
import type { FamilyMetadata, MetricSeries, SeriesFilter, SeriesSamples } from "../metric-contract.ts";
import { listMetadata, newestByKind } from "../metric-descriptions.ts";
import { checkFound } from "../metric-query-rules.ts";
import { compareExemplars, isEnd, toSeriesSamples } from "../metric-samples.ts";
import { DAY_MS, dayOfMs, inSeriesOrder } from "../metric-series.ts";
import { readDescriptions } from "./day-state.ts";
import type { MetricIndex } from "./metric-index.ts";
import {
  countSampled,
  findExemplars,
  findSamples,
  findSeries,
  type FoundByKey,
  type FoundSeries,
  type MetricQuestion,
} from "./metric-queries.ts";

type Finder = (...args: Parameters<typeof findSeries>) => Promise<void>;

/** Asks every file of the question's time and puts the answers together. */
async function find(
  index: MetricIndex,
  question: MetricQuestion,
  signal: AbortSignal | undefined,
  finder: Finder,
  keep: (found: FoundSeries) => FoundSeries | undefined = (found) => found,
  limit = Number.POSITIVE_INFINITY,
): Promise<readonly SeriesSamples[]> {
  return await index.ask(question, signal, async (connection, files) => {
    const found: FoundByKey = new Map();
    const descriptions: (readonly FamilyMetadata[])[] = [];
    for (const file of files) {
      await finder(connection, file, question, found);
      descriptions.push(await readDescriptions(connection, fileAlias(file)));
    }
    if (limit === Number.POSITIVE_INFINITY) checkFound("series", found.size, LIMITS.seriesPerQuery);
    const describe = newestByKind(descriptions);
    const inOrder = inSeriesOrder(found.values());
    return inOrder.slice(0, limit).flatMap((one) => {
      // Samples of different kinds come from different tables.
      if (one.identity.kind !== "scalar") one.samples.sort((a, b) => a.sample.timestampMs - b.sample.timestampMs);
      const kept = keep(one);
      if (kept === undefined) return [];
      const { identity, samples, exemplars } = kept;
      return [toSeriesSamples(identity, describe(identity.family, identity.kind), samples, exemplars)];
    });
  });
}

/** Series with a sample in the time of the question. */
export async function answerSeries(
  index: MetricIndex,
  question: MetricQuestion,
  signal: AbortSignal | undefined,
  limit?: number,
): Promise<readonly MetricSeries[]> {
  const finder: Finder = (connection, file, asked, found) => findSeries(connection, file, asked, found, limit);
  return (await find(index, question, signal, finder, undefined, limit)).map(({ series }) => series);
}

export function answerSamples(
  index: MetricIndex,
  question: MetricQuestion,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<readonly SeriesSamples[]> {
  return find(index, question, signal, (connection, file, asked, found) =>
    findSamples(connection, file, asked, found, { limit }),
  );
}

/** The newest sample of each series in the time of the question, unless the series ended. */
export function answerLatest(
  index: MetricIndex,
  question: MetricQuestion,
  signal: AbortSignal | undefined,
): Promise<readonly SeriesSamples[]> {
  return find(
    index,
    question,
    signal,
    (connection, file, asked, found) =>
      findSamples(connection, file, asked, found, { limit: LIMITS.samplesPerQuery, newestOnly: true }),
    (found) => {
      const last = found.samples.at(-1);
      return last === undefined || isEnd(last) ? undefined : { ...found, samples: [last] };
    },
  );
}

export function answerExemplars(
  index: MetricIndex,
  question: MetricQuestion,
  signal: AbortSignal | undefined,
): Promise<readonly SeriesSamples[]> {
  return find(index, question, signal, findExemplars, (found) => ({
    ...found,
    exemplars: found.exemplars.sort(compareExemplars),
  }));
}

/** Label values or names are read off the series; `pick` names those of one. */
export async function answerLabels(
  index: MetricIndex,
  question: MetricQuestion,
  signal: AbortSignal | undefined,
  pick: (labels: Readonly<Record<string, string>>) => readonly string[],
): Promise<ReadonlySet<string>> {
  return await index.ask(question, signal, async (connection, files) => {
    const found: FoundByKey = new Map();
    for (const file of files) await findSeries(connection, file, question, found);
    return new Set([...found.values()].flatMap(({ identity }) => pick(identity.labels)));
  });
}

/** Families with a sample since a time, or the one named. */
export async function answerMetadata(
  index: MetricIndex,
  filter: SeriesFilter,
  fromMs: number,
): Promise<readonly FamilyMetadata[]> {
  const question = { filter, fromMs, toMs: Number.MAX_SAFE_INTEGER };
  return await index.ask(question, undefined, async (connection, files) => {
    const found: FoundByKey = new Map();
    const days: (readonly FamilyMetadata[])[] = [];
    for (const file of files) {
      await findSeries(connection, file, question, found);
      days.push(await readDescriptions(connection, fileAlias(file)));
    }
    const families = new Set([...found.values()].map(({ identity }) => identity.family));
    return listMetadata(days.map((all) => all.filter(({ family }) => families.has(family))));
  });
}

/** Series with a sample on the UTC day of a time. */
export async function countActive(index: MetricIndex, nowMs: number): Promise<number> {
  const fromMs = dayOfMs(nowMs) * DAY_MS;
  return await index.ask({ fromMs, toMs: fromMs + DAY_MS }, undefined, async (connection, [file]) =>
    file === undefined ? 0 : await countSampled(connection, file),
  );
}
