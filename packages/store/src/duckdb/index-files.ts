import type { TimeRange } from "../contract.ts";

const DAY_NANOS = 86_400_000_000_000n;
const DAY_MS = 86_400_000;
const FILE = /^(\d{4}-\d{2}-\d{2})(\.sealed)?\.duckdb$/;

/**
 * A file of the index: `2 * day` is the open file of a day, one more its sealed one. A number, so that it can stand in
 * a query and in a map.
 */
export type IndexFile = number;

/** The file that takes the rows of a day. */
export function openFileOf(day: number): IndexFile {
  return day * 2;
}

/** The file that holds the rows of a day that is closed. */
export function sealedFileOf(day: number): IndexFile {
  return day * 2 + 1;
}

/** Whether the file is never written again. */
export function isSealed(file: IndexFile): boolean {
  return file % 2 === 1;
}

/** Day since the Unix epoch on which a time lies. */
export function dayOf(unixNanos: bigint): number {
  return Number(unixNanos / DAY_NANOS);
}

/** Day whose rows a file holds. */
export function dayOfFile(file: IndexFile): number {
  return Math.floor(file / 2);
}

/** `2026-11-24` */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Name of the file's database inside the engine: made of digits and letters only, so it needs no quotes. */
export function fileAlias(file: IndexFile): string {
  return "d" + dayName(dayOfFile(file)).replaceAll("-", "") + (isSealed(file) ? "s" : "");
}

/** `2026-11-24.duckdb` or `2026-11-24.sealed.duckdb` */
export function fileName(file: IndexFile): string {
  return dayName(dayOfFile(file)) + (isSealed(file) ? ".sealed" : "") + ".duckdb";
}

/** Inverse of `fileName`; `undefined` for other names. */
export function fileOfName(name: string): IndexFile | undefined {
  const [, date, sealed] = FILE.exec(name) ?? [];
  const millis = date === undefined ? Number.NaN : Date.parse(date + "T00:00:00Z");
  if (Number.isNaN(millis)) return undefined;
  return sealed === undefined ? openFileOf(millis / DAY_MS) : sealedFileOf(millis / DAY_MS);
}

/** Whether the whole day of a file lies in a range. */
export function coversFile(range: TimeRange, file: IndexFile): boolean {
  const day = dayOfFile(file);
  return BigInt(day) * DAY_NANOS >= range.fromUnixNanos && BigInt(day + 1) * DAY_NANOS <= range.toUnixNanos;
}

/** Whether a range touches the day of a file. */
export function touchesFile(range: TimeRange, file: IndexFile): boolean {
  const day = dayOfFile(file);
  return BigInt(day) * DAY_NANOS < range.toUnixNanos && BigInt(day + 1) * DAY_NANOS > range.fromUnixNanos;
}
