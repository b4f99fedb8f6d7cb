import { SPAN_KINDS } from "@nexent/monitor-core";
import type { AggregateRow, FacetValue, GroupKey, ServiceLink, SpanName, TraceMatch } from "./contract.ts";
import { invalidQuery, MAX_AGGREGATE_ROWS } from "./query-rules.ts";
import { compareUtf8 } from "./utf8-order.ts";

/** Most values a facet offers. */
export const FACET_VALUES = 1_000;
/** Most span names an answer holds. */
export const SPAN_NAMES = 10_000;

/** By bucket, then by group values, absent last. @throws {QUERY_INVALID} when there are more than an answer may hold. */
export function sortedAggregate(rows: readonly AggregateRow[], groupBy: readonly GroupKey[]): readonly AggregateRow[] {
  if (rows.length > MAX_AGGREGATE_ROWS) throw invalidQuery("too many groups; narrow the range or the filter");
  return rows.toSorted(compareAggregateRows(groupBy));
}

function compareAggregateRows(groupBy: readonly GroupKey[]): (a: AggregateRow, b: AggregateRow) => number {
  return (a, b) => {
    const [left, right] = [a.bucketUnixNanos ?? 0n, b.bucketUnixNanos ?? 0n];
    if (left !== right) return left < right ? -1 : 1;
    for (const key of groupBy) {
      const order = compareOptional(a.group[key], b.group[key]);
      if (order !== 0) return order;
    }
    return 0;
  };
}

/** Most calls first, then by value. */
export function compareFacets(a: FacetValue, b: FacetValue): number {
  return b.calls - a.calls || compareUtf8(a.value, b.value);
}

/** Newest first, ties by trace id. */
export function compareTraceMatches(a: TraceMatch, b: TraceMatch): number {
  if (a.startUnixNanos !== b.startUnixNanos) return a.startUnixNanos < b.startUnixNanos ? 1 : -1;
  return compareUtf8(a.traceId, b.traceId);
}

/** By service, name, kind. */
export function compareSpanNames(a: SpanName, b: SpanName): number {
  return (
    compareUtf8(a.service, b.service) ||
    compareUtf8(a.name, b.name) ||
    SPAN_KINDS.indexOf(a.kind) - SPAN_KINDS.indexOf(b.kind)
  );
}

/** By parent, then child. */
export function compareServiceLinks(a: ServiceLink, b: ServiceLink): number {
  return compareUtf8(a.parent, b.parent) || compareUtf8(a.child, b.child);
}

function compareOptional(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return compareUtf8(a, b);
}
