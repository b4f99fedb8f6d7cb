import { constants, copyFile, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MonitorError } from "@nexent/monitor-core";
import { sha256Of } from "./file-hash.ts";
import type { IoPort } from "./io-port.ts";

/** A file of a backup, as it was when it was copied. */
export interface CopiedFile {
  /** Relative to the data folder. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Copies a file to the same place under another root, where none may be yet, and syncs it. */
export async function copySynced(io: IoPort, fromRoot: string, toRoot: string, path: string): Promise<CopiedFile> {
  const to = join(toRoot, path);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(join(fromRoot, path), to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const file = await open(to, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return { path, bytes: await io.sizeOf(to), sha256: await sha256Of(to) };
}

/** @throws {STORE_FULL} when so many bytes, and a little more, do not fit. */
export async function checkSpace(io: IoPort, to: string, bytes: number): Promise<void> {
  const { freeBytes } = await io.space(to);
  if (freeBytes > bytes * 1.05) return;
  throw new MonitorError("STORE_FULL", `the backup needs ${bytes} bytes, ${freeBytes} are free under ${to}`);
}
