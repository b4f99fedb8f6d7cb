import type { DuckDBConnection } from "@duckdb/node-api";
import type { CallFilter, CallList, CallPage, CallRow, CallSort, NumberColumn } from "../contract.ts";
import { decodeCursor, encodeCursor, sortOf, type PageMark } from "../page-cursor.ts";
import { countBins } from "../rollup/aggregate-cells.ts";
import { pageBound } from "../rollup/page-bound.ts";
import { readCallCells, type CallCells } from "./call-cells.ts";
import { readCounts } from "./call-counts.ts";
import { rangeOfPage, readBound, readPlaces, readSorted, type CallPlace, type PageWanted } from "./call-places.ts";
import { CALL_SELECT, readCalls, toCall } from "./call-rows.ts";
import type { IndexFile } from "./index-files.ts";
import { countIn, type ManyCalls } from "./many-calls.ts";
import { optional } from "./span-rows.ts";
import { batchesOfTime, widthOfShare, type TimeBatch } from "./time-batches.ts";

/** Whole rows are sorted up to so many for each that a page holds; of more the order is found first. */
const MAX_WHOLE_ROWS = 3;
/** Calls that are looked at first, for each that a page by time holds. */
const FIRST_SHARE = 2;
/** A part of so many calls, matching or not, is small. */
const MAX_CALLS_AT_ONCE = 8_192;

/** A call with its place in the list. */
interface MarkedCall {
  readonly mark: PageMark;
  readonly call: CallRow;
}

/** One page of calls of the given files, with both counts from the same snapshot. */
export async function queryCalls(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  filter: CallFilter,
  page: CallPage,
  many: ManyCalls,
): Promise<CallList> {
  const sort = sortOf(page);
  const after = page.cursor === undefined ? undefined : decodeCursor(sort, page.cursor);
  if (files.length === 0) return { rows: [], shown: 0, total: 0 };
  const cells = await readCallCells(connection, files, filter, many);
  const counts = await readCounts(connection, files, filter, cells, many);
  const wanted = { filter, sort, after, limit: page.limit + 1 };
  const found =
    sort.column === "start"
      ? await byTime(connection, files, wanted, counts)
      : await byValue(connection, files, wanted, sort.column, cells, many);
  const rows = found.slice(0, page.limit);
  const last = rows.at(-1);
  const next = last !== undefined && found.length > rows.length ? encodeCursor(sort, last.mark) : undefined;
  return { rows: rows.map(({ call }) => call), ...optional("next", next), ...counts };
}

/**
 * Parts of the range are asked until there are enough; the first one, with about twice as many calls as wanted, should
 * do. If it is small, whole rows are read of it at once.
 */
async function byTime(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  wanted: PageWanted,
  { shown, total }: Pick<CallList, "shown" | "total">,
): Promise<readonly MarkedCall[]> {
  const { filter, sort, limit } = wanted;
  const share = Math.min(1, (FIRST_SHARE * limit) / Math.max(1, shown));
  const firstWidth = widthOfShare(files, filter.range, share);
  const batches = [...batchesOfTime(files, rangeOfPage(wanted), sort.descending, firstWidth)];
  const small = share * total <= MAX_CALLS_AT_ONCE ? batches.shift() : undefined;
  const found = small === undefined ? [] : await readWhole(connection, small, wanted);
  const places: CallPlace[] = [];
  for (const batch of batches) {
    const missing = limit - found.length - places.length;
    if (missing <= 0) break;
    places.push(...(await readPlaces(connection, batch, { ...wanted, limit: missing })));
  }
  return [...found, ...(await readCalls(connection, places, undefined))];
}

async function readWhole(
  connection: DuckDBConnection,
  batch: TimeBatch,
  wanted: PageWanted,
  bound?: number,
): Promise<readonly MarkedCall[]> {
  const { column } = wanted.sort;
  const rows = await readSorted(connection, batch, wanted, bound, () => CALL_SELECT);
  return rows.map(toCall).map((call) => ({ mark: markOf(call, column), call }));
}

/**
 * Few rows are read whole at once where rollups tell how far the page goes; else the order is found with the few columns
 * it needs, and whole rows are read for one page only.
 */
async function byValue(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  wanted: PageWanted,
  column: NumberColumn,
  cells: CallCells,
  many: ManyCalls,
): Promise<readonly MarkedCall[]> {
  const batch = { files, range: wanted.filter.range };
  const known = knownBound(wanted, column, cells);
  const unknown = countIn(
    files.filter((file) => !cells.files.includes(file)),
    many.callsOf,
  );
  if (known !== undefined && known.calls + unknown <= MAX_WHOLE_ROWS * wanted.limit) {
    return await readWhole(connection, batch, wanted, known.value);
  }
  const isMany = countIn(files, many.callsOf) > many.limit;
  const bound = known?.value ?? (isMany ? await readBound(connection, batch, wanted) : undefined);
  return await readCalls(connection, await readPlaces(connection, batch, wanted, bound), column);
}

/** By the bins of sealed files alone it is right too: others only add to what is on the page. */
function knownBound({ filter, sort, after, limit }: PageWanted, column: NumberColumn, { cells }: CallCells) {
  if (after !== undefined && after.value === undefined) return undefined;
  return pageBound(countBins(cells, filter, column), sort.descending, after?.value, limit);
}

function markOf(call: CallRow, column: CallSort["column"]): PageMark {
  const { startUnixNanos, traceId, spanId, llm, durationSeconds } = call;
  const value = column === "start" ? undefined : column === "durationSeconds" ? durationSeconds : llm[column];
  return { ...optional("value", value), startUnixNanos, traceId, spanId };
}
