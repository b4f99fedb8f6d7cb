import { fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

const ROTATE_AT_BYTES = 10 * 1024 * 1024;

/** An open log. */
export interface LogFile {
  /** The caller closes it. */
  readonly fd: number;
  /** What was in it before. */
  readonly sizeBytes: number;
}

/** Opens a log for appending, mode 0600, folder included. From 10 MiB on the old one becomes `<path>.1`. */
export function openLog(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= ROTATE_AT_BYTES) renameSync(path, `${path}.1`);
  const fd = openSync(path, "a", 0o600);
  return { fd, sizeBytes: fstatSync(fd).size };
}

/** The last `count` lines after the first `skipBytes` bytes of a log; none when it cannot be read. */
export function lastLines(path: string, skipBytes: number, count: number): readonly string[] {
  try {
    const text = readFileSync(path).subarray(skipBytes).toString("utf8").trimEnd();
    return text === "" ? [] : text.split("\n").slice(-count);
  } catch {
    // No log is no reason to hide the fault that made somebody ask for it.
    return [];
  }
}
