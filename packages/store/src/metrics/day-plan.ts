import { BIGINT, LIST, listValue, type DuckDBConnection } from "@duckdb/node-api";
import { LIMITS } from "@nexent/monitor-core";
import { numberOrNothing, readRows, textOrNothing, type Parameter } from "../duckdb/statement.ts";
import type { MetricExemplar, SeriesSamples } from "../metric-contract.ts";
import { exemplarKey, samplesOf, type TimedSample } from "../metric-samples.ts";
import { dayOfMs, identityOf, keyOf } from "../metric-series.ts";
import { boundsKey, type DayState } from "./day-state.ts";
import { timesOf } from "./metric-schema.ts";
import {
  boundsRow,
  exemplarRow,
  familyRow,
  histogramRow,
  noRows,
  sampleRow,
  seriesRow,
  summaryRow,
  type MetricRows,
} from "./metric-rows.ts";
import { unmarkedValue } from "./value-columns.ts";

const MINUTE_MS = 60_000;

/** Rows to write into the file of a day. */
export interface DayPlan {
  readonly rows: MetricRows;
  readonly samples: number;
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
}

interface Numbered<T> {
  readonly seriesId: number;
  readonly family: string;
  readonly item: T;
}

/** Finds out what of some entries is new on a day; of one series and time the first stays. */
export async function planDay(
  connection: DuckDBConnection,
  alias: string,
  day: number,
  state: DayState,
  entries: readonly SeriesSamples[],
): Promise<DayPlan> {
  const rows = noRows();
  const samples: Numbered<TimedSample>[] = [];
  const exemplars: Numbered<MetricExemplar>[] = [];
  for (const entry of entries) {
    const identity = identityOf(entry.series);
    const own = samplesOf(entry, identity.kind).filter(({ sample }) => dayOfMs(sample.timestampMs) === day);
    const ownExemplars = entry.exemplars.filter(({ timestampMs }) => dayOfMs(timestampMs) === day);
    if (own.length + ownExemplars.length === 0) continue;
    const { id: seriesId, isNew } = state.ids.numberOf(keyOf(identity));
    if (isNew) rows.series.push(seriesRow(seriesId, identity));
    const description = state.descriptions.add(entry.series);
    if (description !== undefined) rows.families.push(familyRow(description));
    const numbered = { seriesId, family: identity.family };
    for (const item of own) samples.push({ ...numbered, item });
    for (const item of ownExemplars) exemplars.push({ ...numbered, item });
  }
  const fresh = await freshSamples(connection, alias, state, samples);
  for (const one of fresh) addSample(rows, state, one);
  for (const { seriesId, item } of await freshExemplars(connection, alias, exemplars))
    rows.exemplars.push(exemplarRow(seriesId, item));
  const times = fresh.map(({ item }) => item.sample.timestampMs);
  return {
    rows,
    samples: fresh.length,
    oldestMs: times.reduce<number | undefined>((low, time) => Math.min(low ?? time, time), undefined),
    newestMs: times.reduce<number | undefined>((high, time) => Math.max(high ?? time, time), undefined),
  };
}

function addSample(rows: MetricRows, state: DayState, { seriesId, item }: Numbered<TimedSample>): void {
  if (item.kind === "histogram") {
    const { bounds } = item.sample;
    const { id, isNew } = state.bounds.numberOf(boundsKey(bounds));
    if (isNew) rows.bounds.push(boundsRow(id, bounds));
    rows.histograms.push(histogramRow(seriesId, id, item.sample));
  } else if (item.kind === "summary") rows.summaries.push(summaryRow(seriesId, item.sample));
  else rows.samples.push(sampleRow(seriesId, item));
}

/** A sample that is newer than every other of its series is new; the file is asked about the rest. */
async function freshSamples(
  connection: DuckDBConnection,
  alias: string,
  { newestMs }: DayState,
  samples: readonly Numbered<TimedSample>[],
): Promise<readonly Numbered<TimedSample>[]> {
  const seen = new Set<string>();
  const first: { readonly one: Numbered<TimedSample>; readonly mark: string }[] = [];
  const doubtful: Numbered<TimedSample>[] = [];
  const newer = new Map<number, number>();
  for (const one of samples) {
    const { timestampMs } = one.item.sample;
    const mark = markOf(one.seriesId, timestampMs);
    if (seen.has(mark)) continue;
    seen.add(mark);
    first.push({ one, mark });
    const stored = newestMs.get(one.seriesId);
    if (stored !== undefined && timestampMs <= stored) doubtful.push(one);
    else newer.set(one.seriesId, Math.max(newer.get(one.seriesId) ?? timestampMs, timestampMs));
  }
  for (const [id, time] of newer) newestMs.set(id, time);
  if (doubtful.length === 0) return first.map(({ one }) => one);
  const stored = await readRows(
    connection,
    "SELECT t.series_id, t.ts_ms FROM (" +
      timesOf(alias) +
      ") t SEMI JOIN " +
      WANTED +
      " ON t.series_id = w.id AND t.ts_ms = w.ts",
    wanted(doubtful.map(({ seriesId, item }) => [seriesId, item.sample.timestampMs])),
  );
  const known = new Set(stored.map(([id, time]) => markOf(numberOrNothing(id) ?? 0, numberOrNothing(time) ?? 0)));
  return first.filter(({ mark }) => !known.has(mark)).map(({ one }) => one);
}

/** Exemplars that are not stored yet, as long as their family and minute takes more. */
async function freshExemplars(
  connection: DuckDBConnection,
  alias: string,
  exemplars: readonly Numbered<MetricExemplar>[],
): Promise<readonly Numbered<MetricExemplar>[]> {
  if (exemplars.length === 0) return [];
  const columns = "series_id, ts_ms, value, mark, trace_id, span_id";
  const stored = await readRows(
    connection,
    "SELECT " +
      columns +
      " FROM " +
      alias +
      ".main.exemplars SEMI JOIN " +
      WANTED +
      " ON series_id = w.id AND ts_ms = w.ts",
    wanted(exemplars.map(({ seriesId, item }) => [seriesId, item.timestampMs])),
  );
  const seen = new Set(
    stored.map(([id, time, value, mark, traceId, spanId]) =>
      exemplarMark(numberOrNothing(id) ?? 0, {
        timestampMs: numberOrNothing(time) ?? 0,
        value: unmarkedValue(value, mark) ?? 0,
        traceId: textOrNothing(traceId) ?? "",
        spanId: textOrNothing(spanId) ?? "",
        labels: {},
      }),
    ),
  );
  const fresh = exemplars.filter(({ seriesId, item }) => {
    const mark = exemplarMark(seriesId, item);
    return !seen.has(mark) && seen.add(mark);
  });
  if (fresh.length === 0) return [];
  const counts = await exemplarCounts(connection, alias, fresh);
  return fresh.filter(({ family, item }) => {
    const key = minuteOf(family, item.timestampMs);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= LIMITS.exemplarsPerFamilyMinute;
  });
}

async function exemplarCounts(
  connection: DuckDBConnection,
  alias: string,
  fresh: readonly Numbered<MetricExemplar>[],
): Promise<Map<string, number>> {
  const minutes = [...new Set(fresh.map(({ item }) => Math.floor(item.timestampMs / MINUTE_MS)))];
  const rows = await readRows(
    connection,
    "SELECT s.family, min(e.ts_ms), count(*) FROM " +
      alias +
      ".main.exemplars e JOIN " +
      alias +
      ".main.series s ON s.id = e.series_id WHERE e.ts_ms // 60000 IN (SELECT unnest($minutes)) GROUP BY s.family, e.ts_ms // 60000",
    { minutes: integers(minutes) },
  );
  return new Map(
    rows.map(([family, time, count]) => [
      minuteOf(textOrNothing(family) ?? "", numberOrNothing(time) ?? 0),
      numberOrNothing(count) ?? 0,
    ]),
  );
}

const WANTED = "(SELECT unnest($ids) AS id, unnest($times) AS ts) w";

function wanted(pairs: readonly (readonly [number, number])[]): Readonly<Record<string, Parameter>> {
  return { ids: integers(pairs.map(([id]) => id)), times: integers(pairs.map(([, time]) => time)) };
}

function integers(values: readonly number[]): Parameter {
  return { value: listValue(values.map(BigInt)), type: LIST(BIGINT) };
}

function markOf(seriesId: number, timestampMs: number): string {
  return String(seriesId) + " " + String(timestampMs);
}

function exemplarMark(seriesId: number, exemplar: MetricExemplar): string {
  return String(seriesId) + " " + exemplarKey(exemplar);
}

function minuteOf(family: string, timestampMs: number): string {
  return family + " " + String(Math.floor(timestampMs / MINUTE_MS));
}
