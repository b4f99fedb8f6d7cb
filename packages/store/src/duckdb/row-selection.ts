import { SPAN_COLUMN, type ColumnBatch, type ColumnReader } from "@nexent/monitor-core";
import { dayOf } from "./index-files.ts";

const DAY_NANOS = 86_400e9;
/** More than a double is wrong by, at times in nanoseconds. */
const DOUBT_NANOS = 4096;

/** Rows of one batch that go into the file of one day, in the order of the batch. */
export interface RowSelection {
  readonly batch: ColumnBatch;
  readonly rows: readonly number[];
}

/** Rows of a selection, from `from` to before `to`, of which the first becomes cell `cell` of a vector. */
export interface SlicePart<T extends RowSelection = RowSelection> {
  readonly selection: T;
  readonly from: number;
  readonly to: number;
  readonly cell: number;
}

/** Rows that go to the engine at once. */
export interface RowSlice<T extends RowSelection = RowSelection> {
  readonly rowCount: number;
  readonly parts: readonly SlicePart<T>[];
}

/** The rows of a batch that have an end, by day of their start; days that `isWanted` refuses are left out. */
export function selectByDay(batch: ColumnBatch, isWanted: (day: number) => boolean): ReadonlyMap<number, number[]> {
  const days = new Map<number, number[]>();
  const start = batch.column(SPAN_COLUMN.startUnixNanos);
  const duration = batch.column(SPAN_COLUMN.durationNanos);
  const readDay = createDayReader(start);
  let day: number | undefined;
  let rows: number[] | undefined;
  for (let row = 0; row < batch.rowCount; row++) {
    if (!duration.has(row)) continue;
    const own = readDay(row);
    if (own !== day) {
      day = own;
      rows = days.get(own);
      if (rows === undefined && isWanted(own)) days.set(own, (rows = []));
    }
    rows?.push(row);
  }
  return days;
}

/** Reads days without a bigint for each row. */
function createDayReader(start: ColumnReader): (row: number) => number {
  const { values } = start;
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  let day = -1;
  let [low, high] = [0, 0];
  return (row) => {
    const at = start.startOf(row);
    const nanos = at < 0 ? 0 : view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    if (nanos > low && nanos < high) return day;
    day = dayOf(start.u64(row) ?? 0n);
    [low, high] = [day * DAY_NANOS + DOUBT_NANOS, (day + 1) * DAY_NANOS - DOUBT_NANOS];
    return day;
  };
}

/** Cuts selections into slices of at most so many rows. */
export function* slicesOf<T extends RowSelection>(selections: readonly T[], sliceRows: number): Generator<RowSlice<T>> {
  let parts: SlicePart<T>[] = [];
  let rowCount = 0;
  for (const selection of selections) {
    for (let from = 0; from < selection.rows.length;) {
      const to = Math.min(selection.rows.length, from + sliceRows - rowCount);
      parts.push({ selection, from, to, cell: rowCount });
      rowCount += to - from;
      from = to;
      if (rowCount < sliceRows) continue;
      yield { rowCount, parts };
      [parts, rowCount] = [[], 0];
    }
  }
  if (rowCount > 0) yield { rowCount, parts };
}

/** How many rows there are. */
export function countRows(selections: readonly RowSelection[]): number {
  return selections.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** The first and the last start among the given rows; `undefined` without rows. */
export function startsOf(
  batch: ColumnBatch,
  rows: readonly number[],
): { readonly first: bigint; readonly last: bigint } | undefined {
  const start = batch.column(SPAN_COLUMN.startUnixNanos);
  const view = new DataView(start.values.buffer, start.values.byteOffset, start.values.byteLength);
  let [first, last] = [rows[0], rows[0]];
  if (first === undefined || last === undefined) return undefined;
  for (const row of rows) {
    if (isEarlier(view, start.startOf(row), start.startOf(first))) first = row;
    else if (isEarlier(view, start.startOf(last), start.startOf(row))) last = row;
  }
  return { first: start.u64(first) ?? 0n, last: start.u64(last) ?? 0n };
}

/** Compares two numbers of 64 bits without a bigint. */
function isEarlier(view: DataView, a: number, b: number): boolean {
  const [highA, highB] = [view.getUint32(a + 4, true), view.getUint32(b + 4, true)];
  return highA === highB ? view.getUint32(a, true) < view.getUint32(b, true) : highA < highB;
}
