import { mkdir, readdir } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { MonitorError } from "@nexent/monitor-core";
import type { BackupReport } from "./contract.ts";
import { checkSpace, copySynced, type CopiedFile } from "./copy-files.ts";
import { fileName, isSealed } from "./duckdb/index-files.ts";
import type { EmbeddedParts } from "./embedded-start.ts";
import { errnoOf, type IoPort } from "./io-port.ts";
import { segmentName } from "./journal/segment-files.ts";
import { invalidQuery } from "./query-rules.ts";
import { replaceFile } from "./replace-file.ts";

const VERSION = 1;
/** Written last: a folder without it is no backup. */
const LIST = "backup.json";
/** Of a data folder; those of metric samples lie in it like one of their own. */
const FOLDERS = ["journal", "index", "metrics/journal", "metrics/index", "metrics"];

/** What a backup holds. */
interface BackupList {
  readonly version: number;
  readonly createdUnixMillis: number;
  readonly files: readonly CopiedFile[];
}

/** Options of a backup. */
export interface BackupOptions {
  readonly parts: EmbeddedParts;
  readonly io: IoPort;
  readonly dataDir: string;
  /** Further files to take along, relative; those that exist. */
  readonly also: readonly string[];
  /** Copies what others keep in the data folder, before the backup counts as complete. */
  readonly copyOthers?: ((to: string) => Promise<readonly CopiedFile[]>) | undefined;
  /** Wall clock, ms. */
  readonly now: () => number;
}

/**
 * Copies what must be copied: sealed files, closed segments, the manifest. Open day files are built again from the
 * segments. The caller keeps upkeep from removing anything meanwhile; writes go on.
 * @throws {QUERY_INVALID} {STORE_FULL}
 */
export async function backUp(options: BackupOptions, to: string): Promise<BackupReport> {
  const { parts, io, dataDir, also, now } = options;
  await checkTarget(dataDir, to);
  await parts.journal.rotate();
  const paths = [
    ...(await parts.catalogue.closed(parts.journal.closedThrough)).map(({ segment }) =>
      join("journal", segmentName(segment)),
    ),
    ...[...parts.keeper.index.summaries.keys()].filter(isSealed).map((file) => join("index", fileName(file))),
    ...(await existing(io, dataDir, ["FORMAT", "manifest.json", ...also])),
  ];
  let bytes = 0;
  for (const path of paths) bytes += await io.sizeOf(join(dataDir, path));
  await checkSpace(io, to, bytes);
  const files = [];
  for (const path of paths) files.push(await copySynced(io, dataDir, to, path));
  files.push(...((await options.copyOthers?.(to)) ?? []));
  for (const path of [join(to, "journal"), join(to, "index"), to]) await io.syncDirectory(path);
  const list: BackupList = { version: VERSION, createdUnixMillis: now(), files };
  await replaceFile(io, join(to, LIST), Buffer.from(JSON.stringify(list, undefined, 1)));
  return { directory: to, files: files.length, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}

/**
 * Makes a data folder of a backup. Every file is compared with what the backup said of it.
 * @param to must not exist or be empty. @throws {QUERY_INVALID} {DATA_DIR_UNUSABLE}
 */
export async function restoreBackup(from: string, to: string, io: IoPort): Promise<BackupReport> {
  const list = await readList(io, from);
  await checkEmpty(to);
  for (const folder of FOLDERS) await mkdir(join(to, folder), { recursive: true });
  let bytes = 0;
  // The format last: until then nobody takes the folder for a whole one.
  for (const { path, sha256 } of list.files.toSorted((a, b) => rank(a.path) - rank(b.path))) {
    const copy = await copySynced(io, from, to, checkedPath(path));
    if (copy.sha256 !== sha256) throw damaged(join(from, path));
    bytes += copy.bytes;
  }
  for (const path of [...FOLDERS.map((folder) => join(to, folder)), to]) await io.syncDirectory(path);
  return { directory: to, files: list.files.length, bytes };
}

function rank(path: string): number {
  return path === "FORMAT" ? 1 : 0;
}

async function existing(io: IoPort, root: string, paths: readonly string[]): Promise<readonly string[]> {
  const there = await Promise.all(
    paths.map((path) =>
      io.sizeOf(join(root, path)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, at) => there[at]);
}

async function readList(io: IoPort, from: string): Promise<BackupList> {
  try {
    const list = JSON.parse(Buffer.from(await io.read(join(from, LIST))).toString("utf8")) as BackupList;
    if (list.version !== VERSION || !Array.isArray(list.files)) throw new Error(`version ${list.version}`);
    return list;
  } catch (cause) {
    throw new MonitorError("DATA_DIR_UNUSABLE", `${from} is no complete backup of this version`, {
      cause,
      hint: `A backup is a folder with a ${LIST} in it, written last.`,
    });
  }
}

/** Names of a list are those that a backup writes; anything else could lead out of the folder. */
function checkedPath(path: string): string {
  if (
    /^((metrics\/)?(journal\/\d{12}\.seg|FORMAT)|index\/[\d-]{10}\.sealed\.duckdb|metrics\/index\/[\d-]{10}\.duckdb|control\/[a-z-]+\.json|manifest\.json)$/.test(
      path,
    )
  )
    return path;
  throw new MonitorError("DATA_DIR_UNUSABLE", `the backup names a file that is not one of ours: ${path.slice(0, 80)}`);
}

function damaged(path: string): MonitorError {
  return new MonitorError("DATA_DIR_UNUSABLE", `${path} is not what it was when it was backed up`, {
    hint: "Remove the unfinished folder and restore another backup.",
  });
}

async function checkTarget(dataDir: string, to: string): Promise<void> {
  if (!isAbsolute(to)) throw invalidQuery("the folder of a backup must be an absolute path");
  const inside = relative(dataDir, to);
  if (inside === "" || (!inside.startsWith(`..${sep}`) && inside !== ".." && !isAbsolute(inside)))
    throw invalidQuery("the folder of a backup must lie outside the data folder");
  await checkEmpty(to);
  for (const folder of ["journal", "index"]) await mkdir(join(to, folder), { recursive: true });
}

async function checkEmpty(path: string): Promise<void> {
  try {
    if ((await readdir(path)).length > 0) throw invalidQuery(`${path} is not empty`);
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") throw invalidQuery(`${path} is a file`);
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
