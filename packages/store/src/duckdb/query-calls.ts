import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { STATUS_CODES } from "@nexent/monitor-core";
import type { CallFilter, CallList, CallPage, CallRow, CallSort } from "../contract.ts";
import { nanosToSeconds } from "../number-columns.ts";
import { decodeCursor, encodeCursor, sortOf, type PageMark } from "../page-cursor.ts";
import {
  EVERYTHING,
  filterCondition,
  NUMBER_SQL,
  rangeCondition,
  unionOfFiles,
  type Condition,
} from "./call-conditions.ts";
import { batchesOfDays } from "./day-batches.ts";
import { fileAlias } from "./index-files.ts";
import { llmFieldsFrom, LLM_COLUMN_NAMES, optional } from "./span-rows.ts";
import { startsCondition } from "./start-ranges.ts";
import { bigintOf, bind, numberOrNothing, readRows, spanIdOf, textOrNothing, traceIdOf } from "./statement.ts";

/** The tape is for the detail view; a call list stays small. */
const LLM_SELECT = LLM_COLUMN_NAMES.map((column) => (column === "token_tape" ? "NULL::VARCHAR" : column)).join(", ");
const ROW_SELECT =
  "trace_id, span_id, parent_id, name, service, start_ns, duration_ns, status, status_msg, " + LLM_SELECT;

/** One page of calls of the given files, with both counts from the same snapshot. */
export async function queryCalls(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: CallFilter,
  page: CallPage,
  knownCalls: KnownCalls,
): Promise<CallList> {
  const sort = sortOf(page);
  const after = page.cursor === undefined ? undefined : decodeCursor(sort, page.cursor);
  if (files.length === 0) return { rows: [], shown: 0, total: 0 };
  const counts = await readCounts(connection, files, filter, knownCalls);
  // The order is found with the few columns it needs; whole rows are read for one page only.
  const found = await readPlaces(connection, files, filter, sort, after, page.limit + 1);
  const places = found.slice(0, page.limit);
  const last = places.at(-1);
  const next = last !== undefined && found.length > places.length ? encodeCursor(sort, last.mark) : undefined;
  return { rows: await readCalls(connection, places), ...optional("next", next), ...counts };
}

/** Calls of a file that lie in the range, where that is known without reading it. */
export type KnownCalls = (file: number) => number | undefined;

async function readCounts(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: CallFilter,
  knownCalls: KnownCalls,
): Promise<Pick<CallList, "shown" | "total">> {
  const range = rangeCondition(filter.range);
  const matching = filterCondition(filter);
  const isWhole = matching.sql === EVERYTHING;
  const unknown = isWhole ? files.filter((file) => knownCalls(file) === undefined) : files;
  const known = isWhole ? files.reduce((sum, file) => sum + (knownCalls(file) ?? 0), 0) : 0;
  if (unknown.length === 0) return { total: known, shown: known };
  const source = unionOfFiles(unknown, () => "(" + matching.sql + ") AS matching", range.sql);
  const [row] = await readRows(connection, "SELECT count(*), count(*) FILTER (matching) FROM (" + source + ")", {
    ...range.parameters,
    ...matching.parameters,
  });
  return { total: known + Number(bigintOf(row?.[0])), shown: known + Number(bigintOf(row?.[1])) };
}

/** Where a call of the page lies. */
interface Place {
  readonly file: number;
  readonly mark: PageMark;
}

/** By time, days are asked until the page is full; by anything else, all at once. */
async function readPlaces(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: CallFilter,
  sort: CallSort,
  after: PageMark | undefined,
  limit: number,
): Promise<Place[]> {
  const places: Place[] = [];
  for (const batch of sort.column === "start" ? batchesOfDays(files, sort.descending) : [files]) {
    places.push(...(await readPlacesOf(connection, batch, filter, sort, after, limit - places.length)));
    if (places.length >= limit) break;
  }
  return places;
}

async function readPlacesOf(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: CallFilter,
  sort: CallSort,
  after: PageMark | undefined,
  limit: number,
): Promise<Place[]> {
  const range = rangeCondition(filter.range);
  const matching = filterCondition(filter);
  const beyond = after === undefined ? { sql: "TRUE", parameters: {} } : afterCondition(sort, after);
  const columns = sortExpression(sort) + " AS sort_value, start_ns, trace_id, span_id, ";
  const source = unionOfFiles(
    files,
    (file) => columns + String(file) + " AS file",
    range.sql + " AND " + matching.sql + " AND " + beyond.sql,
  );
  const rows = await readRows(
    connection,
    "SELECT * FROM (" + source + ") ORDER BY " + orderBy(sort) + " LIMIT $limit",
    {
      ...range.parameters,
      ...matching.parameters,
      ...beyond.parameters,
      limit: bind.integer(limit),
    },
  );
  return rows.map(([sortValue, start, traceId, spanId, file]) => {
    const value = sort.column === "start" ? undefined : numberOrNothing(sortValue);
    const mark = {
      ...optional("value", value),
      startUnixNanos: bigintOf(start),
      traceId: traceIdOf(traceId),
      spanId: spanIdOf(spanId) ?? "",
    };
    return { file: numberOrNothing(file) ?? 0, mark };
  });
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

/** The rows of some places, in their order. */
async function readCalls(connection: DuckDBConnection, places: readonly Place[]): Promise<readonly CallRow[]> {
  const found = new Map<string, CallRow>();
  for (const file of new Set(places.map((place) => place.file))) {
    const marks = places.filter((place) => place.file === file).map(({ mark }) => mark);
    const starts = startsCondition(marks.map(({ startUnixNanos: at }) => ({ first: at, last: at })));
    const wanted = "(SELECT unnest($traces) AS trace_id, unnest($spans) AS span_id)";
    const sql =
      "SELECT " +
      ROW_SELECT +
      " FROM " +
      fileAlias(file) +
      ".main.spans SEMI JOIN " +
      wanted +
      " w USING (trace_id, span_id) WHERE " +
      starts.sql;
    const rows = await readRows(connection, sql, {
      traces: bind.traceIds(marks.map(({ traceId }) => traceId)),
      spans: bind.spanIds(marks.map(({ spanId }) => spanId)),
      ...starts.parameters,
    });
    for (const call of rows.map(toCall)) found.set(call.traceId + call.spanId, call);
  }
  return places.map(({ mark }) => found.get(mark.traceId + mark.spanId)).filter((call) => call !== undefined);
}

function toCall(row: readonly DuckDBValue[]): CallRow {
  const [trace, span, parent, name, service, start, duration, status, message] = row;
  return {
    traceId: traceIdOf(trace),
    spanId: spanIdOf(span) ?? "",
    ...optional("parentSpanId", spanIdOf(parent)),
    name: textOrNothing(name) ?? "",
    service: textOrNothing(service) ?? "",
    startUnixNanos: bigintOf(start),
    durationSeconds: nanosToSeconds(bigintOf(duration)),
    status: STATUS_CODES[numberOrNothing(status) ?? 0] ?? "unset",
    ...optional("statusMessage", textOrNothing(message)),
    llm: llmFieldsFrom(row.slice(9)),
  };
}
