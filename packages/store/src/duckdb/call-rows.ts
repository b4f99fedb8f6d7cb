import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { STATUS_CODES } from "@nexent/monitor-core";
import type { CallRow, NumberColumn } from "../contract.ts";
import { nanosToSeconds } from "../number-columns.ts";
import type { Condition } from "./call-conditions.ts";
import type { CallPlace } from "./call-places.ts";
import { fileAlias } from "./index-files.ts";
import { atLeast, atMost } from "./number-bounds.ts";
import { llmFieldsFrom, LLM_COLUMN_NAMES, optional } from "./span-rows.ts";
import { startsCondition } from "./start-ranges.ts";
import { bigintOf, numberOrNothing, readRows, spanIdOf, textOrNothing, traceIdOf } from "./statement.ts";

/** The tape is for the detail view; a call list stays small. */
const LLM_SELECT = LLM_COLUMN_NAMES.map((column) => (column === "token_tape" ? "NULL::VARCHAR" : column)).join(", ");
const FIXED_COLUMNS = 10;
/** Columns of a call, as `toCall` reads them. */
export const CALL_SELECT =
  "rowid AS place, trace_id, span_id, parent_id, name, service, start_ns, duration_ns, status, status_msg, " +
  LLM_SELECT;

/** The calls of some places, in their order. @param column of a list by value. */
export async function readCalls<P extends CallPlace>(
  connection: DuckDBConnection,
  places: readonly P[],
  column: NumberColumn | undefined,
): Promise<readonly (P & { readonly call: CallRow })[]> {
  const found = new Map<P, CallRow>();
  for (const file of new Set(places.map((place) => place.file))) {
    const own = new Map(places.filter((place) => place.file === file).map((place) => [place.row, place]));
    const about = conditionOf([...own.values()], column);
    // Numbers that the engine gave: it skips row groups by a list that it knows when it plans.
    const among = " AND rowid IN (" + [...own.keys()].join(", ") + ")";
    const sql = "SELECT " + CALL_SELECT + " FROM " + fileAlias(file) + ".main.spans WHERE " + about.sql + among;
    for (const row of await readRows(connection, sql, about.parameters)) {
      const place = own.get(bigintOf(row[0]));
      if (place !== undefined) found.set(place, toCall(row));
    }
  }
  return places.flatMap((place) => {
    const call = found.get(place);
    return call === undefined ? [] : [{ ...place, call }];
  });
}

/** Comparisons that all places meet: the engine makes them before it unpacks other columns. */
function conditionOf(places: readonly CallPlace[], column: NumberColumn | undefined): Condition {
  const starts = startsCondition(places.map(({ mark: { startUnixNanos: at } }) => ({ first: at, last: at })));
  const values = places.map(({ mark }) => mark.value).filter((value) => value !== undefined);
  if (column === undefined || values.length < places.length) return starts;
  const low = atLeast(column, Math.min(...values), "low");
  const high = atMost(column, Math.max(...values), "high");
  return {
    sql: [starts.sql, low.sql, high.sql].join(" AND "),
    parameters: { ...starts.parameters, ...low.parameters, ...high.parameters },
  };
}

/** A row of {@link CALL_SELECT}. */
export function toCall(row: readonly DuckDBValue[]): CallRow {
  const [, trace, span, parent, name, service, start, duration, status, message] = row;
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
    llm: llmFieldsFrom(row.slice(FIXED_COLUMNS)),
  };
}
