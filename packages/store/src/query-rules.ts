import { LIMITS, MonitorError, SPAN_KINDS, STATUS_CODES } from "@nexent/monitor-core";
import {
  GROUP_KEYS,
  NUMBER_COLUMNS,
  type AggregateSpec,
  type CallFilter,
  type CallPage,
  type NumberColumn,
  type RankedValues,
  type SpanFilter,
  type TimeRange,
} from "./contract.ts";

/** Most values one filter list may hold. */
const MAX_LIST = 1_000;
const MAX_QUANTILES = 16;
/** Most attributes one trace search may name. */
const MAX_ATTRIBUTES = 20;
/** Most columns one aggregate may compute. */
const MAX_COLUMNS = 4;
/** Most rows one aggregate may answer; past it the question is refused, never cut. */
export const MAX_AGGREGATE_ROWS = 50_000;

/** @throws {QUERY_INVALID} */
export function invalidQuery(message: string): MonitorError {
  return new MonitorError("QUERY_INVALID", message);
}

/** @throws {QUERY_INVALID} */
export function checkRange(range: TimeRange): void {
  if (range.fromUnixNanos > range.toUnixNanos) throw invalidQuery("the range ends before it begins");
}

/** @throws {QUERY_INVALID} */
function checkFilter(filter: CallFilter): void {
  checkRange(filter.range);
  const lists = [filter.models, filter.operations, filter.providers, filter.services, filter.outcomes, filter.number];
  for (const list of lists) {
    if (list !== undefined && list.length > MAX_LIST) throw invalidQuery(`a filter lists more than ${MAX_LIST} values`);
  }
  if (Buffer.byteLength(filter.text ?? "") > LIMITS.queryTextBytes) throw invalidQuery("the search text is too long");
  for (const condition of filter.number ?? []) {
    checkColumn(condition.column);
    if (Number.isNaN(condition.min ?? 0) || Number.isNaN(condition.max ?? 0))
      throw invalidQuery("a bound is not a number");
  }
}

/** @throws {QUERY_INVALID} */
export function checkCalls(filter: CallFilter, page: CallPage): void {
  checkFilter(filter);
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > LIMITS.pageRows) {
    throw invalidQuery(`limit must be 1..${LIMITS.pageRows}`);
  }
  if (page.sort !== undefined && page.sort.column !== "start") checkColumn(page.sort.column);
}

/** @throws {QUERY_INVALID} */
export function checkTraceIds(traceIds: readonly string[]): void {
  if (traceIds.length > LIMITS.pageRows) throw invalidQuery(`at most ${LIMITS.pageRows} traces at once`);
}

/** @throws {QUERY_INVALID} */
export function checkTraceSearch(filter: SpanFilter, limit: number): void {
  checkRange(filter.range);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.pageRows) {
    throw invalidQuery(`limit must be 1..${LIMITS.pageRows}`);
  }
  const { attributes = [], service = "", name = "", kind, status } = filter;
  if (attributes.length > MAX_ATTRIBUTES) throw invalidQuery(`a search names at most ${MAX_ATTRIBUTES} attributes`);
  if (attributes.some(({ key }) => key === "")) throw invalidQuery("an attribute needs a key");
  const texts = [service, name, ...attributes.flatMap(({ key, value }) => [key, value])];
  if (texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > LIMITS.queryTextBytes) {
    throw invalidQuery("the search text is too long");
  }
  if (kind !== undefined && !SPAN_KINDS.includes(kind)) throw invalidQuery("unknown span kind");
  if (status !== undefined && !STATUS_CODES.includes(status)) throw invalidQuery("unknown status");
}

/** @throws {QUERY_INVALID} */
export function checkRanks(filter: CallFilter, values: RankedValues): void {
  checkFilter(filter);
  for (const [column, value] of rankedColumns(values)) {
    checkColumn(column);
    if (Number.isNaN(value)) throw invalidQuery("a ranked value is not a number");
  }
}

/** The columns of ranked values, those without one left out. */
export function rankedColumns(values: RankedValues): readonly (readonly [NumberColumn, number])[] {
  return (Object.entries(values) as [NumberColumn, number | undefined][]).flatMap(([column, value]) =>
    value === undefined ? [] : [[column, value] as const],
  );
}

/** @throws {QUERY_INVALID} */
export function checkAggregate(spec: AggregateSpec): void {
  checkFilter(spec.filter);
  if (spec.columns.length > MAX_COLUMNS) throw invalidQuery(`an aggregate has at most ${MAX_COLUMNS} columns`);
  for (const column of spec.columns) checkColumn(column);
  if (spec.quantiles.length > MAX_QUANTILES) throw invalidQuery(`an aggregate has at most ${MAX_QUANTILES} quantiles`);
  if (!spec.quantiles.every((q) => q > 0 && q < 1)) throw invalidQuery("a quantile must lie between 0 and 1");
  if (!spec.groupBy.every((key) => GROUP_KEYS.includes(key))) throw invalidQuery("unknown group key");
  if (new Set(spec.groupBy).size !== spec.groupBy.length) throw invalidQuery("a group key is named twice");
  if (spec.bucketNanos !== undefined) checkBuckets(spec.filter.range, spec.bucketNanos);
}

function checkBuckets(range: TimeRange, width: bigint): void {
  if (width <= 0n) throw invalidQuery("a bucket must be wider than 0");
  if ((range.toUnixNanos - range.fromUnixNanos) / width > BigInt(LIMITS.queryPoints)) {
    throw invalidQuery(`the range has more than ${LIMITS.queryPoints} buckets`);
  }
}

function checkColumn(column: string): void {
  if (!(NUMBER_COLUMNS as readonly string[]).includes(column)) throw invalidQuery("unknown number column");
}

/** Text in the form in which a search compares it. */
export function foldCase(text: string): string {
  return text.toLowerCase();
}
