import type { CallSort, StoredSpan } from "../contract.ts";
import { numberOf } from "../number-columns.ts";
import type { PageMark } from "../page-cursor.ts";

/** The place of a call in a sorted list. */
export function markOf(stored: StoredSpan, sort: CallSort): PageMark {
  const { startUnixNanos, traceId, spanId } = stored.span;
  const value = sort.column === "start" ? undefined : numberOf(stored, sort.column);
  return { startUnixNanos, traceId, spanId, ...(value === undefined ? {} : { value }) };
}

/** Order of a call list: the sort column, absent values last; ties by start descending, trace id, span id. */
export function compareMarks(sort: CallSort): (a: PageMark, b: PageMark) => number {
  const sign = sort.descending ? -1 : 1;
  return (a, b) => {
    const byValue =
      sort.column === "start" ? sign * compare(a.startUnixNanos, b.startUnixNanos) : compareValues(a, b, sign);
    return (
      byValue ||
      compare(b.startUnixNanos, a.startUnixNanos) ||
      compare(a.traceId, b.traceId) ||
      compare(a.spanId, b.spanId)
    );
  };
}

function compareValues(a: PageMark, b: PageMark, sign: number): number {
  if (a.value === undefined || b.value === undefined)
    return Number(a.value === undefined) - Number(b.value === undefined);
  return sign * (a.value - b.value);
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}
