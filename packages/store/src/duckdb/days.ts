import type { TimeRange } from "../contract.ts";

const DAY_NANOS = 86_400_000_000_000n;
const DAY_MS = 86_400_000;
const FILE = /^(\d{4}-\d{2}-\d{2})\.duckdb$/;

/** Day since the Unix epoch on which a time lies. */
export function dayOf(unixNanos: bigint): number {
  return Number(unixNanos / DAY_NANOS);
}

/** `2026-11-24` */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Name of the day's database inside the engine: made of digits only, so it needs no quotes. */
export function dayAlias(day: number): string {
  return "d" + dayName(day).replaceAll("-", "");
}

/** File name of a day. */
export function dayFileName(day: number): string {
  return dayName(day) + ".duckdb";
}

/** Inverse of `dayFileName`; `undefined` for other names. */
export function dayOfFileName(name: string): number | undefined {
  const date = FILE.exec(name)?.[1];
  const millis = date === undefined ? Number.NaN : Date.parse(date + "T00:00:00Z");
  return Number.isNaN(millis) ? undefined : millis / DAY_MS;
}

/** Whether a range touches a day. */
export function touchesDay(range: TimeRange, day: number): boolean {
  return BigInt(day) * DAY_NANOS < range.toUnixNanos && BigInt(day + 1) * DAY_NANOS > range.fromUnixNanos;
}
