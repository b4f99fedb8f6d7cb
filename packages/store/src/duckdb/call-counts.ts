import type { DuckDBConnection } from "@duckdb/node-api";
import type { CallFilter, CallList } from "../contract.ts";
import { countCalls } from "../rollup/aggregate-cells.ts";
import { EVERYTHING, filterCondition, rangeCondition, unionOfFiles } from "./call-conditions.ts";
import type { CallCells } from "./call-cells.ts";
import { coversFile, isSealed, type IndexFile } from "./index-files.ts";
import { countIn, type ManyCalls } from "./many-calls.ts";
import { bigintOf, readRows } from "./statement.ts";

type Counts = Pick<CallList, "shown" | "total">;

/** Calls of the given files that match, and all of the range: what is known of sealed files is not counted again. */
export async function readCounts(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  filter: CallFilter,
  { files: rolledUp, cells }: CallCells,
  { callsOf }: ManyCalls,
): Promise<Counts> {
  const shown = countCalls(cells, filter);
  const total = countCalls(cells, { range: filter.range });
  const others = files.filter((file) => !rolledUp.includes(file));
  const isWhole = filterCondition(filter).sql === EVERYTHING;
  const known = isWhole ? others.filter((file) => isSealed(file) && coversFile(filter.range, file)) : [];
  const whole = countIn(known, callsOf);
  const unread = others.filter((file) => !known.includes(file));
  const read = await scanCounts(connection, unread, filter);
  return { shown: shown + whole + read.shown, total: total + whole + read.total };
}

async function scanCounts(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  filter: CallFilter,
): Promise<Counts> {
  if (files.length === 0) return { total: 0, shown: 0 };
  const range = rangeCondition(filter.range);
  const matching = filterCondition(filter);
  const source = unionOfFiles(files, () => "(" + matching.sql + ") AS matching", range.sql);
  const [row] = await readRows(connection, "SELECT count(*), count(*) FILTER (matching) FROM (" + source + ")", {
    ...range.parameters,
    ...matching.parameters,
  });
  return { total: Number(bigintOf(row?.[0])), shown: Number(bigintOf(row?.[1])) };
}
