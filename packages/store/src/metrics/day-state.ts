import { DuckDBListValue, DuckDBMapValue, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";
import { numberOrNothing, readRows, textOrNothing } from "../duckdb/statement.ts";
import type { FamilyMetadata, MetricType } from "../metric-contract.ts";
import { createDayDescriptions, type DayDescriptions } from "../metric-descriptions.ts";
import { keyOf, type SampleKind, type SeriesIdentity } from "../metric-series.ts";
import { timesOf } from "./metric-schema.ts";

/** What the writer remembers of a day file, so that most samples are known to be new without asking it. */
export interface DayState {
  /** Numbers of series by key. */
  readonly ids: NumberedKeys;
  readonly bounds: NumberedKeys;
  readonly descriptions: DayDescriptions;
  /** Time of the newest sample by number of the series. */
  readonly newestMs: Map<number, number>;
}

/** Numbers that keys have in one file. */
export interface NumberedKeys {
  readonly known: ReadonlyMap<string, number>;
  /** The number of a key, and whether it is new. */
  numberOf(key: string): { readonly id: number; readonly isNew: boolean };
}

/** Reads what a file holds. */
export async function loadDayState(connection: DuckDBConnection, alias: string): Promise<DayState> {
  const series = await readSeriesTable(connection, alias);
  const bounds = await readRows(connection, "SELECT id, bounds FROM " + alias + ".main.bounds");
  const newest = await readRows(
    connection,
    "SELECT series_id, max(ts_ms) FROM (" + timesOf(alias) + ") GROUP BY series_id",
  );
  return {
    ids: numberedKeys(series.map(({ id, identity }) => [keyOf(identity), id])),
    bounds: numberedKeys(bounds.map(([id, list]) => [boundsKey(numbersOf(list)), numberOrNothing(id) ?? 0])),
    descriptions: createDayDescriptions(await readDescriptions(connection, alias)),
    newestMs: new Map(newest.map(([id, time]) => [numberOrNothing(id) ?? 0, numberOrNothing(time) ?? 0])),
  };
}

/** A series of a file. */
export interface NumberedSeries {
  readonly id: number;
  readonly identity: SeriesIdentity;
}

/** Series of a file, all or those of a condition on `s`. */
export async function readSeriesTable(
  connection: DuckDBConnection,
  alias: string,
  where = "",
  parameters: Parameters<typeof readRows>[2] = {},
): Promise<readonly NumberedSeries[]> {
  const sql = "SELECT s.id, s.family, s.kind, s.labels FROM " + alias + ".main.series s" + where;
  return (await readRows(connection, sql, parameters)).map(([id, family, kind, labels]) => ({
    id: numberOrNothing(id) ?? 0,
    identity: {
      family: textOrNothing(family) ?? "",
      kind: textOrNothing(kind) as SampleKind,
      labels: labelsOf(labels),
    },
  }));
}

/** What was said of families, in the order in which it was first said. */
export async function readDescriptions(
  connection: DuckDBConnection,
  alias: string,
): Promise<readonly FamilyMetadata[]> {
  const sql = "SELECT family, type, unit, help FROM " + alias + ".main.families ORDER BY rowid";
  return (await readRows(connection, sql)).map(([family, type, unit, help]) => ({
    family: textOrNothing(family) ?? "",
    type: textOrNothing(type) as MetricType,
    ...(typeof unit === "string" ? { unit } : {}),
    ...(typeof help === "string" ? { help } : {}),
  }));
}

/** The key of a list of bounds. */
export function boundsKey(bounds: readonly number[]): string {
  return bounds.join(" ");
}

/** The numbers of a list. */
export function numbersOf(value: DuckDBValue | undefined): readonly number[] {
  return value instanceof DuckDBListValue ? value.items.map(Number) : [];
}

function labelsOf(value: DuckDBValue | undefined): Readonly<Record<string, string>> {
  if (!(value instanceof DuckDBMapValue)) return {};
  return Object.fromEntries(value.entries.map(({ key, value: text }) => [String(key), String(text)]));
}

function numberedKeys(entries: readonly (readonly [string, number])[]): NumberedKeys {
  const known = new Map(entries);
  let next = entries.reduce((high, [, id]) => Math.max(high, id), 0) + 1;
  return {
    known,
    numberOf(key) {
      const id = known.get(key);
      if (id !== undefined) return { id, isNew: false };
      known.set(key, next);
      return { id: next++, isNew: true };
    },
  };
}
