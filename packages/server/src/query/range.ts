import type { RangeQuery } from "@nexent/monitor-api";
import type { CallFilter, TimeRange } from "@nexent/monitor-store";

const NANOS_PER_MS = 1_000_000n;
/** Latest time the store knows. */
const MAX_NANOS = 2n ** 63n - 1n;

/** Unix milliseconds as nanoseconds, inside what the store can hold. */
function nanosOf(unixMs: number): bigint {
  const nanos = BigInt(Math.trunc(unixMs)) * NANOS_PER_MS;
  return nanos > MAX_NANOS ? MAX_NANOS : nanos;
}

/** Nanoseconds as Unix milliseconds with fraction. */
export function msOf(unixNanos: bigint): number {
  return Number(unixNanos / NANOS_PER_MS) + Number(unixNanos % NANOS_PER_MS) / 1e6;
}

/** A half-open range of milliseconds. */
export function timeRange(fromMs: number, toMs: number): TimeRange {
  return { fromUnixNanos: nanosOf(fromMs), toUnixNanos: nanosOf(toMs) };
}

/** Range and label conditions of a question as the store takes them. */
export function callFilter(query: RangeQuery, extra: Omit<Partial<CallFilter>, "range"> = {}): CallFilter {
  return {
    range: timeRange(query.from, query.to),
    ...(query.m === undefined ? {} : { models: query.m }),
    ...(query.op === undefined ? {} : { operations: query.op }),
    ...(query.prov === undefined ? {} : { providers: query.prov }),
    ...extra,
  };
}
