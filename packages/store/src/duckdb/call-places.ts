import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { CallFilter, CallSort, TimeRange } from "../contract.ts";
import type { PageMark } from "../page-cursor.ts";
import { filterCondition, NUMBER_SQL, rangeCondition, unionOfFiles, type Condition } from "./call-conditions.ts";
import { atLeast, atMost } from "./number-bounds.ts";
import { optional } from "./span-rows.ts";
import { bigintOf, bind, numberOrNothing, readRows, spanIdOf, traceIdOf } from "./statement.ts";
import type { TimeBatch } from "./time-batches.ts";

/** Where a call of a page lies. */
export interface CallPlace {
  readonly file: number;
  /** Row of the file; good for the transaction in which it was read. */
  readonly row: bigint;
  readonly mark: PageMark;
}

/** Which page of which calls. */
export interface PageWanted {
  readonly filter: CallFilter;
  readonly sort: CallSort;
  /** The last call of the page before. */
  readonly after: PageMark | undefined;
  readonly limit: number;
}

/** The part of a range in which a page by time lies. */
export function rangeOfPage({ filter: { range }, sort, after }: PageWanted): TimeRange {
  if (after === undefined) return range;
  const { startUnixNanos } = after;
  if (!sort.descending) return { ...range, fromUnixNanos: maxOf(range.fromUnixNanos, startUnixNanos) };
  const end = startUnixNanos + 1n;
  return { ...range, toUnixNanos: end < range.toUnixNanos ? end : range.toUnixNanos };
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Rows of a batch that are on a page or after it. */
function conditionsOf({ range }: TimeBatch, { filter, sort, after }: PageWanted): readonly Condition[] {
  const beyond = after === undefined ? [] : [afterCondition(sort, after)];
  return [rangeCondition(range), filterCondition(filter), ...beyond];
}

/**
 * A value that no row of the page goes beyond, from one look at the values alone: ids are unpacked then of the few rows
 * that keep it. `undefined` when rows without a value may belong to the page.
 */
export async function readBound(
  connection: DuckDBConnection,
  batch: TimeBatch,
  wanted: PageWanted,
): Promise<number | undefined> {
  const { sort, limit, after } = wanted;
  if (after !== undefined && after.value === undefined) return undefined;
  const conditions = conditionsOf(batch, wanted);
  const source = unionOfFiles(batch.files, () => sortExpression(sort) + " AS sort_value", joined(conditions));
  const [last, order] = sort.descending ? ["min", "DESC"] : ["max", "ASC"];
  const sql =
    "SELECT count(*), " +
    last +
    "(sort_value) FROM (SELECT sort_value FROM (" +
    source +
    ") WHERE sort_value IS NOT NULL ORDER BY sort_value " +
    order +
    " LIMIT $limit)";
  const parameters = { ...parametersOf(conditions), limit: bind.integer(limit) };
  const [row] = await readRows(connection, sql, parameters);
  return Number(bigintOf(row?.[0])) < limit ? undefined : numberOrNothing(row?.[1]);
}

/** The first calls of a page in its order, found with the few columns that it needs. @param bound of its values. */
export async function readPlaces(
  connection: DuckDBConnection,
  batch: TimeBatch,
  wanted: PageWanted,
  bound?: number,
): Promise<CallPlace[]> {
  const columns = (file: number): string => "start_ns, trace_id, span_id, rowid AS place, " + String(file) + " AS file";
  const rows = await readSorted(connection, batch, wanted, bound, columns);
  return rows.map(([start, traceId, spanId, row, file, sortValue]) => {
    const value = wanted.sort.column === "start" ? undefined : numberOrNothing(sortValue);
    const mark = {
      ...optional("value", value),
      startUnixNanos: bigintOf(start),
      traceId: traceIdOf(traceId),
      spanId: spanIdOf(spanId) ?? "",
    };
    return { file: numberOrNothing(file) ?? 0, row: bigintOf(row), mark };
  });
}

/** The first rows of a page in its order. @param columns the value of the sort comes behind them. */
export async function readSorted(
  connection: DuckDBConnection,
  batch: TimeBatch,
  wanted: PageWanted,
  bound: number | undefined,
  columns: (file: number) => string,
): Promise<readonly (readonly DuckDBValue[])[]> {
  const { sort, limit } = wanted;
  const bounds = bound === undefined ? [] : [boundCondition(sort, bound)];
  const conditions = [...conditionsOf(batch, wanted), ...bounds];
  const selected = (file: number): string => columns(file) + ", " + sortExpression(sort) + " AS sort_value";
  const source = unionOfFiles(batch.files, selected, joined(conditions));
  const sql = "SELECT * FROM (" + source + ") ORDER BY " + orderBy(sort) + " LIMIT $limit";
  return await readRows(connection, sql, { ...parametersOf(conditions), limit: bind.integer(limit) });
}

function boundCondition({ column, descending }: CallSort, bound: number): Condition {
  if (column === "start") return { sql: "TRUE", parameters: {} };
  return descending ? atLeast(column, bound, "bound") : atMost(column, bound, "bound");
}

function joined(conditions: readonly Condition[]): string {
  return conditions.map(({ sql }) => sql).join(" AND ");
}

function parametersOf(conditions: readonly Condition[]): Condition["parameters"] {
  return Object.assign({}, ...conditions.map(({ parameters }) => parameters)) as Condition["parameters"];
}

function sortExpression(sort: CallSort): string {
  return sort.column === "start" ? "start_ns" : NUMBER_SQL[sort.column] + "::DOUBLE";
}

function orderBy(sort: CallSort): string {
  return "sort_value " + (sort.descending ? "DESC" : "ASC") + " NULLS LAST, start_ns DESC, trace_id, span_id";
}

/** Rows that come after a mark in the order of `orderBy`. */
function afterCondition(sort: CallSort, mark: PageMark): Condition {
  const ids = "(trace_id > $afterTrace OR (trace_id = $afterTrace AND span_id > $afterSpan))";
  const tie = "(start_ns < $afterStart OR (start_ns = $afterStart AND " + ids + "))";
  const parameters = {
    afterStart: bind.nanos(mark.startUnixNanos),
    afterTrace: bind.traceId(mark.traceId),
    afterSpan: bind.spanId(mark.spanId),
  };
  const comparison = sort.descending ? " < " : " > ";
  if (sort.column === "start")
    return { sql: "(start_ns" + comparison + "$afterStart OR (start_ns = $afterStart AND " + ids + "))", parameters };
  const value = sortExpression(sort);
  if (mark.value === undefined) return { sql: "(" + value + " IS NULL AND " + tie + ")", parameters };
  const sql =
    "(" + value + comparison + "$afterValue OR " + value + " IS NULL OR (" + value + " = $afterValue AND " + tie + "))";
  return { sql, parameters: { ...parameters, afterValue: bind.number(mark.value) } };
}
