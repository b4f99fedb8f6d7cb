import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import type { IoPort } from "../io-port.ts";
import { runStatement } from "./database.ts";
import {
  attachFile,
  clearLeftovers,
  createTables,
  exists,
  hasTables,
  isWritable,
  readEverything,
  removeFile,
  type DayFileSchema,
} from "./day-file.ts";
import {
  dayOfFile,
  fileAlias,
  fileName,
  fileOfName,
  isSealed,
  openFileOf,
  sealedFileOf,
  type IndexFile,
} from "./index-files.ts";
import type { FileSummary } from "./span-files.ts";

/** Day files attached at once; beyond, the one that was idle longest is detached. */
const ATTACHED = 40;

/** Options of the day files. */
export interface DayFilesOptions<S extends { readonly applied: bigint }> {
  readonly schema: DayFileSchema<S>;
  readonly directory: string;
  readonly quarantine: string;
  readonly io: IoPort;
  /** Connection on which files are attached. */
  readonly connection: DuckDBConnection;
  /** Called before a file goes or becomes another one. */
  readonly beforeChange?: (file: IndexFile) => Promise<void>;
  /** Called for each file that was set aside. */
  readonly onQuarantine: (file: string, cause: unknown) => void;
}

/** The files of the index: one or two per UTC day of span starts, an open one and a sealed one. */
export interface DayFiles<S extends { readonly applied: bigint } = FileSummary> {
  readonly summaries: ReadonlyMap<IndexFile, S>;
  /** Opens what is there; a file that does not open is set aside. @throws {DATA_DIR_TOO_NEW} */
  openAll(): Promise<void>;
  /** Attaches (and creates, if `create`) files for the length of `work`; those that do not exist are left out. */
  use<T>(files: readonly IndexFile[], create: boolean, work: (files: readonly IndexFile[]) => Promise<T>): Promise<T>;
  /** Waits until nobody uses the files, closes them, lets `work` move or remove them, and reads what is there then. */
  exchange(files: readonly IndexFile[], work: () => Promise<void>): Promise<void>;
  /** Gives back what the engine keeps in memory of a file, if nobody uses it now. */
  release(file: IndexFile): Promise<void>;
  /** Reads everything of a file, then asks `check`; sets it aside if one of them throws. */
  verify(file: IndexFile, check?: () => Promise<void>): Promise<boolean>;
}

interface Attached {
  pins: number;
  onIdle: (() => void) | undefined;
}

/** Day files of a folder. */
export function createDayFiles<S extends { readonly applied: bigint }>(options: DayFilesOptions<S>): DayFiles<S> {
  const { schema, directory, quarantine, io, connection, onQuarantine } = options;
  const summaries = new Map<IndexFile, S>();
  const attached = new Map<IndexFile, Attached>();
  let turn: Promise<unknown> = Promise.resolve();

  /** Attaching and detaching happen one at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  /** Where the disk takes nothing the file is opened to be read: that it cannot be written is no damage. */
  async function attach(file: IndexFile): Promise<void> {
    const [path, alias] = [join(directory, fileName(file)), fileAlias(file)];
    try {
      await attachFile(connection, path, alias, isSealed(file), schema.rowGroupRows);
    } catch (error) {
      if (isSealed(file) || (await isWritable(io, directory))) throw error;
      await attachFile(connection, path, alias, true, schema.rowGroupRows);
    }
    attached.set(file, { pins: 0, onIdle: undefined });
  }

  async function detach(file: IndexFile): Promise<void> {
    attached.delete(file);
    await runStatement(connection, "DETACH " + fileAlias(file));
  }

  async function detachIdle(file: IndexFile): Promise<void> {
    const entry = attached.get(file);
    if (entry === undefined) return;
    if (entry.pins > 0) await new Promise<void>((resolve) => (entry.onIdle = resolve));
    await detach(file);
  }

  async function evictIdle(): Promise<void> {
    for (const [file, { pins }] of attached) {
      if (attached.size <= ATTACHED) return;
      if (pins === 0) await detach(file);
    }
  }

  async function create(file: IndexFile): Promise<void> {
    await attach(file);
    await createTables(connection, schema.createTables(fileAlias(file)), fileAlias(file));
    await io.syncDirectory(directory);
    summaries.set(file, schema.emptySummary());
  }

  async function setAside(file: IndexFile, cause: unknown): Promise<void> {
    if (!(await isWritable(io, directory))) {
      throw new MonitorError("STORE_UNAVAILABLE", "the folder " + directory + " cannot be written", { cause });
    }
    summaries.delete(file);
    await options.beforeChange?.(file);
    if (attached.has(file)) await detach(file).catch(() => attached.delete(file));
    const name = fileName(file);
    const mark = "." + String(Date.now());
    for (const part of [name, name + ".wal"]) {
      if (await exists(io, join(directory, part)))
        await io.rename(join(directory, part), join(quarantine, part + mark));
    }
    await io.syncDirectory(quarantine);
    await io.syncDirectory(directory);
    onQuarantine(name, cause);
    // What the journal still holds of the day begins before the open file does: both are built again as one.
    const open = openFileOf(dayOfFile(file));
    if (isSealed(file) && summaries.has(open)) await setAside(open, "its sealed part is lost");
  }

  async function open(file: IndexFile): Promise<void> {
    try {
      await attach(file);
      // A file whose creation was cut short is as good as none.
      if (!isSealed(file) && !(await hasTables(connection, file)))
        await createTables(connection, schema.createTables(fileAlias(file)), fileAlias(file));
      summaries.set(file, await schema.readSummary(connection, file));
    } catch (error) {
      if (error instanceof MonitorError) throw error;
      await setAside(file, error);
    }
  }

  async function pin(files: readonly IndexFile[], mayCreate: boolean): Promise<readonly IndexFile[]> {
    const present: IndexFile[] = [];
    for (const file of files) {
      if (!summaries.has(file)) {
        if (!mayCreate) continue;
        await create(file);
      }
      const entry = attached.get(file);
      if (entry === undefined) await attach(file);
      else {
        // Young again in the order of the map, which is the order of eviction.
        attached.delete(file);
        attached.set(file, entry);
      }
      const pinned = attached.get(file);
      if (pinned !== undefined) pinned.pins++;
      present.push(file);
    }
    await evictIdle();
    return present;
  }

  function unpin(files: readonly IndexFile[]): void {
    for (const file of files) {
      const entry = attached.get(file);
      if (entry === undefined) continue;
      entry.pins--;
      if (entry.pins === 0) entry.onIdle?.();
    }
  }

  /** A kill between the making of a sealed file and the removal of the open one leaves its rows twice. */
  async function removeCopied(file: IndexFile): Promise<void> {
    const sealed = summaries.get(sealedFileOf(dayOfFile(file)));
    const own = summaries.get(file);
    if (isSealed(file) || sealed === undefined || own === undefined || own.applied > sealed.applied) return;
    if (attached.has(file)) await detach(file);
    summaries.delete(file);
    await removeFile(io, directory, file);
  }

  async function openAll(): Promise<void> {
    await clearLeftovers(io, directory);
    const names = new Set(await io.list(directory));
    for (const name of names) {
      const file = fileOfName(name.replace(/\.wal$/, ""));
      // A log whose file is gone must not be replayed into a new file of the same name.
      if (name.endsWith(".wal") && file !== undefined && !names.has(fileName(file)))
        await setAside(file, "no file for this log");
    }
    const files = [...names].flatMap((name) => fileOfName(name) ?? []).sort((a, b) => a - b);
    for (const file of files) {
      // It may have gone with its sealed part.
      if (await exists(io, join(directory, fileName(file)))) await open(file);
      await evictIdle();
    }
    for (const file of files) await removeCopied(file);
  }

  return {
    summaries,
    openAll,
    async use(files, mayCreate, work) {
      const present = await inTurn(() => pin(files, mayCreate));
      try {
        return await work(present);
      } finally {
        unpin(present);
      }
    },
    exchange: (files, work) =>
      inTurn(async () => {
        for (const file of files) await detachIdle(file);
        for (const file of files) await options.beforeChange?.(file);
        try {
          await work();
        } finally {
          for (const file of files) {
            summaries.delete(file);
            if (await exists(io, join(directory, fileName(file)))) await open(file);
          }
        }
      }),
    release: (file) =>
      inTurn(async () => {
        if (attached.get(file)?.pins === 0) await detach(file);
      }),
    verify: (file, check) =>
      inTurn(async () => {
        if (!summaries.has(file)) return false;
        try {
          if (!attached.has(file)) await attach(file);
          await readEverything(connection, fileAlias(file), schema.tables);
          await check?.();
          return true;
        } catch (error) {
          await setAside(file, error);
          return false;
        }
      }),
  };
}
