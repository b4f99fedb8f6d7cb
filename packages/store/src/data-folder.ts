import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { access, constants, link, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MonitorError } from "@nexent/monitor-core";
import { errnoOf, type IoPort } from "./io-port.ts";

/** Version of the folder as a whole; 1 had no manifest and no sealed files, and is taken over as it is. */
const FORMAT_VERSION = 2;

/** A data folder that this process holds. */
export interface DataFolder {
  readonly journal: string;
  readonly index: string;
  readonly quarantine: string;
  release(): Promise<void>;
}

/**
 * Creates and locks a data folder.
 * @throws {DATA_DIR_UNUSABLE} {DATA_DIR_LOCKED} {DATA_DIR_TOO_NEW}
 */
export async function openDataFolder(dataDir: string, io: IoPort): Promise<DataFolder> {
  await makeUsable(dataDir);
  await checkFormat(dataDir);
  await takeLock(dataDir, io);
  try {
    const [journal, index, quarantine] = [
      join(dataDir, "journal"),
      join(dataDir, "index"),
      join(dataDir, "quarantine"),
    ];
    for (const path of [journal, index, quarantine]) await makeUsable(path);
    await writeFormat(dataDir, io);
    return { journal, index, quarantine, release: () => io.remove(join(dataDir, "LOCK")) };
  } catch (error) {
    await io.remove(join(dataDir, "LOCK"));
    throw error;
  }
}

async function makeUsable(path: string): Promise<void> {
  try {
    await makePath(path);
    if (!(await stat(path)).isDirectory()) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/** `mkdir -p`. Node's own never comes back where a folder exists but takes no entries, as in `/proc`. */
async function makePath(path: string): Promise<void> {
  const code = await mkdirOnce(path);
  if (code !== "ENOENT") return;
  await makePath(dirname(path));
  if ((await mkdirOnce(path)) === "ENOENT") throw Object.assign(new Error("no such folder"), { code: "ENOENT" });
}

/** `undefined` when the folder is made, `EEXIST` when something is there, `ENOENT` when its parent is missing. */
async function mkdirOnce(path: string): Promise<"EEXIST" | "ENOENT" | undefined> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EEXIST" || code === "ENOENT") return code;
    throw error;
  }
}

function unusable(path: string, cause: unknown): MonitorError {
  const errno = errnoOf(cause);
  const reasons: Readonly<Record<string, string>> = {
    EEXIST: "it is a file, not a folder",
    ENOTDIR: "a part of the path is a file",
    EACCES: "this user may not create, read or write it",
    EPERM: "this user may not create, read or write it",
    ENOENT: "its parent folder takes no new folders",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
  };
  return new MonitorError(
    "DATA_DIR_UNUSABLE",
    `the data folder ${path} cannot be used: ${reasons[errno ?? ""] ?? errno ?? String(cause)}`,
    {
      hint: "Set LLM_MONITOR_DATA_DIR to a folder that this user may create, read and write, or change the permissions.",
      cause,
    },
  );
}

async function checkFormat(dataDir: string): Promise<void> {
  const text = await readFile(join(dataDir, "FORMAT"), "utf8").catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw unusable(dataDir, error);
  });
  if (text === undefined || Number(text) <= FORMAT_VERSION) return;
  throw new MonitorError(
    "DATA_DIR_TOO_NEW",
    `the data folder ${dataDir} has format ${text.trim().slice(0, 40)}, this version knows ${FORMAT_VERSION}`,
    {
      hint: "Start the version that wrote it, or choose another folder. Nothing was changed.",
    },
  );
}

async function writeFormat(dataDir: string, io: IoPort): Promise<void> {
  const path = join(dataDir, "FORMAT");
  if ((await readFile(path, "utf8").catch(() => "")) === `${FORMAT_VERSION}\n`) return;
  await io.writeFile(`${path}.tmp`, Buffer.from(`${FORMAT_VERSION}\n`));
  await io.rename(`${path}.tmp`, path);
  await io.syncDirectory(dataDir);
}

/** The holder of a lock: a process id means nothing without the time that process was started. */
interface Holder {
  readonly pid: number;
  readonly started: string;
}

async function takeLock(dataDir: string, io: IoPort): Promise<void> {
  const path = join(dataDir, "LOCK");
  const own = JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? "" });
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await tryLock(path, own, io).catch((cause: unknown) => Promise.reject(unusable(dataDir, cause)))) return;
    const text = await readFile(path, "utf8").catch(() => "");
    const holder = parseHolder(text);
    if (holder !== undefined && isAlive(holder)) throw locked(dataDir, holder);
    await removeStale(path, text, io);
  }
  throw new MonitorError("DATA_DIR_LOCKED", `other processes keep taking the data folder ${dataDir}`);
}

/** The lock appears whole or not at all: a link to a file that is written already. */
async function tryLock(path: string, content: string, io: IoPort): Promise<boolean> {
  const own = `${path}.${process.pid}.${randomUUID()}`;
  try {
    await writeFile(own, content);
    await link(own, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await io.remove(own);
  }
}

/** Takes the lock of a dead holder away; one that somebody took meanwhile is put back. */
async function removeStale(path: string, expected: string, io: IoPort): Promise<void> {
  const aside = `${path}.${process.pid}.${randomUUID()}`;
  try {
    await io.rename(path, aside);
    if ((await readFile(aside, "utf8")) !== expected) await link(aside, path);
  } catch (error) {
    // Another process was faster: the next attempt sees what it left.
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "EEXIST") throw error;
  } finally {
    await io.remove(aside);
  }
}

function locked(dataDir: string, { pid }: Holder): MonitorError {
  return new MonitorError("DATA_DIR_LOCKED", `the data folder ${dataDir} is held by process ${pid}`, {
    hint: `Stop process ${pid}, or set LLM_MONITOR_DATA_DIR to another folder.`,
  });
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === "number" && typeof started === "string" ? { pid, started } : undefined;
  } catch {
    return undefined; // cut short
  }
}

function isAlive({ pid, started }: Holder): boolean {
  const now = startOf(pid);
  // Where the start time cannot be read, a living process of that id counts as the holder.
  if (now !== undefined && started !== "") return now === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}

/** Start time of a process in clock ticks since boot, where the system tells (Linux). */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the name in brackets, which may hold anything; the start time is the 22nd.
    return fields.slice(fields.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined; // no such process, or no /proc
  }
}
