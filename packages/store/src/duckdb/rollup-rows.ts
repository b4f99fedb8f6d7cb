import { setImmediate as nextTurn } from "node:timers/promises";
import {
  DuckDBDoubleVector,
  DuckDBListVector,
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBValue,
} from "@duckdb/node-api";
import { SUM_SCALE } from "../number-columns.ts";
import { binOf, type BinCounts } from "../rollup/bins.ts";
import { createCellTableBuilder, type CellTable, type CellTableBuilder } from "../rollup/cell-table.ts";
import type { ExactSum } from "../rollup/exact-sum.ts";
import { ROLLUP_COLUMNS, ROLLUP_KEYS, SLOT_NANOS, SLOT_SECONDS } from "../rollup/rollup-rules.ts";
import { NUMBER_SQL, type Condition } from "./call-conditions.ts";
import { fileAlias, type IndexFile } from "./index-files.ts";
import { bigintOf, readChunks, textOrNothing } from "./statement.ts";

/** Cells of one table; a day with more combinations of keys is not rolled up. */
const MAX_CELLS = 200_000;
/** Values between two turns of the event loop. */
const VALUES_PER_TURN = 40_000;
const FIRST_COLUMN = 2 + ROLLUP_KEYS.length;

/** Some calls of a file. */
export interface RowsOfFile {
  readonly file: IndexFile;
  readonly condition: Condition;
}

/** Stands for an unknown value, as present ones are never negative: a vector without NULL is read far faster. */
const UNKNOWN = -1;
const SELECTED = ROLLUP_COLUMNS.map(
  (column) => "coalesce(" + NUMBER_SQL[column] + "::DOUBLE, " + String(UNKNOWN) + ") AS " + column,
).join(", ");
const SCALES = ROLLUP_COLUMNS.map((column) => SUM_SCALE[column]);
const LISTS = ROLLUP_COLUMNS.map((column) => "list(" + column + ")").join(", ");

/**
 * Cells of the calls that meet the conditions; parameters of different conditions have different names.
 * `undefined` when there are too many.
 */
export async function readCells(
  connection: DuckDBConnection,
  sources: readonly RowsOfFile[],
): Promise<CellTable | undefined> {
  const builder = createCellTableBuilder(SLOT_SECONDS);
  if (sources.length === 0) return builder.finish();
  const keys = ROLLUP_KEYS.join(", ");
  const unit = "(start_ns // " + String(SLOT_NANOS) + ")::INTEGER AS unit, ";
  const rows = sources.map(
    ({ file, condition }) =>
      "SELECT " +
      unit +
      keys +
      ", " +
      SELECTED +
      " FROM " +
      fileAlias(file) +
      ".main.spans WHERE is_llm AND " +
      condition.sql,
  );
  const sql =
    "SELECT unit, count(*), " +
    keys +
    ", " +
    LISTS +
    " FROM (" +
    rows.join(" UNION ALL ") +
    ") GROUP BY unit, " +
    keys +
    " LIMIT " +
    String(MAX_CELLS + 1);
  const parameters = Object.assign(
    {},
    ...sources.map(({ condition }) => condition.parameters),
  ) as Condition["parameters"];
  let cells = 0;
  await readChunks(connection, sql, parameters, async (chunk) => {
    cells += chunk.rowCount;
    if (cells <= MAX_CELLS) await addChunk(builder, chunk);
  });
  return cells > MAX_CELLS ? undefined : builder.finish();
}

async function addChunk(builder: CellTableBuilder, chunk: DuckDBDataChunk): Promise<void> {
  const lists = ROLLUP_COLUMNS.map((_, at) => chunk.getColumnVector(FIRST_COLUMN + at));
  const [units, calls, ...keys] = Array.from({ length: FIRST_COLUMN }, (_, at) => chunk.getColumnValues(at));
  let values = 0;
  for (let row = 0; row < chunk.rowCount; row++) {
    for (const [at, list] of lists.entries()) {
      const [counts, sum] = [builder.counts[at], builder.sums[at]];
      if (!(list instanceof DuckDBListVector) || counts === undefined || sum === undefined) continue;
      addValues(list, row, SCALES[at] ?? 1, counts, sum);
      values += list.getEntryLength(row);
    }
    const [provider, model, operation, outcome] = keys.map((column) => textOrNothing(column[row]));
    builder.endCell(numberOf(units?.[row]), { provider, model, operation, outcome }, numberOf(calls?.[row]));
    if (values > VALUES_PER_TURN) {
      values = 0;
      await nextTurn();
    }
  }
}

/** Counts and adds up the values of a list. @param scale units of the sum in one. */
function addValues(lists: DuckDBListVector, row: number, scale: number, counts: BinCounts, sum: ExactSum): void {
  const items = lists.childVector;
  if (!(items instanceof DuckDBDoubleVector)) return;
  const from = lists.getEntryOffset(row);
  const to = from + lists.getEntryLength(row);
  for (let at = from; at < to; at++) {
    const value = items.getItem(at);
    if (value === null || value === UNKNOWN) continue;
    counts.add(binOf(value), 1);
    sum.add(Math.round(value * scale));
  }
}

function numberOf(value: DuckDBValue | undefined): number {
  return Number(bigintOf(value));
}
