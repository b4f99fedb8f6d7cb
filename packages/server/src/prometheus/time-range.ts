import type { TimeRange } from "@nexent/monitor-store";

const NANOS_PER_MS = 1_000_000n;
/** The last whole millisecond that 64-bit nanoseconds hold (year 2262); samples cannot be later. */
const LAST_MS = 9_223_372_036_854;

/** Both ends inclusive, as Prometheus means them; times that no sample can have are moved to the nearest that can. */
export function rangeOf(fromMs: number, toMs: number): TimeRange {
  return { fromUnixNanos: nanosOf(fromMs), toUnixNanos: nanosOf(toMs) + 1n };
}

/** The nearest whole millisecond that a sample can have. */
export function storableMs(timeMs: number): number {
  return Math.min(Math.max(Math.round(timeMs), 0), LAST_MS);
}

function nanosOf(timeMs: number): bigint {
  return BigInt(storableMs(timeMs)) * NANOS_PER_MS;
}
