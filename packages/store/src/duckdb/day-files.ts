import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import type { IoPort } from "../io-port.ts";
import { quote, runStatement } from "./database.ts";
import { dayAlias, dayFileName, dayName, dayOfFileName } from "./days.ts";
import { createDayTables, SCHEMA_VERSION } from "./schema.ts";
import { bigintOf, bind, readRows, textOrNothing } from "./statement.ts";

/** Day files attached at once; beyond, the one that was idle longest is detached. */
const ATTACHED = 40;
/** Engine version whose format new files have; older engines of ours can read them. */
const STORAGE_VERSION = "v1.5.0";

/** What is known about a day file. */
export interface DaySummary {
  /** Everything up to this journal position that belongs to the day is in the file. */
  applied: bigint;
  spans: number;
  calls: number;
  oldestUnixNanos: bigint | undefined;
  newestCallUnixNanos: bigint | undefined;
}

/** Options of the day files. */
export interface DayFilesOptions {
  readonly directory: string;
  readonly quarantine: string;
  readonly io: IoPort;
  /** Connection on which files are attached. */
  readonly connection: DuckDBConnection;
  /** Called for each file that was set aside. */
  readonly onQuarantine: (file: string, cause: unknown) => void;
}

/** The files of the index, one per UTC day of span starts. */
export interface DayFiles {
  readonly summaries: ReadonlyMap<number, DaySummary>;
  /** Opens what is there; a file that does not open is set aside. @throws {DATA_DIR_TOO_NEW} */
  openAll(): Promise<void>;
  /** Attaches (and creates, if `create`) the days for the length of `work`; days without a file are left out. */
  use<T>(days: readonly number[], create: boolean, work: (days: readonly number[]) => Promise<T>): Promise<T>;
  /** Reads everything of a day; sets its file aside if that fails. */
  verify(day: number): Promise<boolean>;
}

/** Day files of a folder. */
export function createDayFiles({ directory, quarantine, io, connection, onQuarantine }: DayFilesOptions): DayFiles {
  const summaries = new Map<number, DaySummary>();
  const attached = new Map<number, { pins: number }>();
  let turn: Promise<unknown> = Promise.resolve();

  /** Attaching and detaching happen one at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  }

  async function attach(day: number): Promise<void> {
    const path = join(directory, dayFileName(day));
    await runStatement(
      connection,
      "ATTACH " + quote(path) + " AS " + dayAlias(day) + " (STORAGE_VERSION '" + STORAGE_VERSION + "')",
    );
    attached.set(day, { pins: 0 });
  }

  async function detach(day: number): Promise<void> {
    attached.delete(day);
    await runStatement(connection, "DETACH " + dayAlias(day));
  }

  async function evictIdle(): Promise<void> {
    for (const [day, { pins }] of attached) {
      if (attached.size <= ATTACHED) return;
      if (pins === 0) await detach(day);
    }
  }

  async function create(day: number): Promise<void> {
    await attach(day);
    await createTables(connection, day);
    await io.syncDirectory(directory);
    summaries.set(day, { applied: 0n, spans: 0, calls: 0, oldestUnixNanos: undefined, newestCallUnixNanos: undefined });
  }

  async function setAside(day: number, cause: unknown): Promise<void> {
    summaries.delete(day);
    if (attached.has(day)) await detach(day).catch(() => attached.delete(day));
    const name = dayFileName(day);
    const mark = "." + String(Date.now());
    for (const file of [name, name + ".wal"]) {
      if (await exists(io, join(directory, file)))
        await io.rename(join(directory, file), join(quarantine, file + mark));
    }
    await io.syncDirectory(quarantine);
    await io.syncDirectory(directory);
    onQuarantine(name, cause);
  }

  async function open(day: number): Promise<void> {
    try {
      await attach(day);
      // A file whose creation was cut short is as good as none.
      if (!(await hasTables(connection, day))) await createTables(connection, day);
      summaries.set(day, await readSummary(connection, day));
    } catch (error) {
      if (error instanceof MonitorError) throw error;
      await setAside(day, error);
    }
  }

  async function pin(days: readonly number[], mayCreate: boolean): Promise<readonly number[]> {
    const present: number[] = [];
    for (const day of days) {
      if (!summaries.has(day)) {
        if (!mayCreate) continue;
        await create(day);
      }
      const entry = attached.get(day);
      if (entry === undefined) await attach(day);
      else {
        // Young again in the order of the map, which is the order of eviction.
        attached.delete(day);
        attached.set(day, entry);
      }
      const pinned = attached.get(day);
      if (pinned !== undefined) pinned.pins++;
      present.push(day);
    }
    await evictIdle();
    return present;
  }

  return {
    summaries,
    async openAll() {
      await mkdir(join(directory, "tmp"), { recursive: true });
      const names = new Set(await io.list(directory));
      for (const name of names) {
        const day = dayOfFileName(name.replace(/\.wal$/, ""));
        // A log whose file is gone must not be replayed into a new file of the same name.
        if (name.endsWith(".wal") && day !== undefined && !names.has(dayFileName(day)))
          await setAside(day, "no file for this log");
      }
      const days = [...names].flatMap((name) => dayOfFileName(name) ?? []).sort((a, b) => a - b);
      for (const day of days) {
        await open(day);
        await evictIdle();
      }
    },
    async use(days, mayCreate, work) {
      const present = await inTurn(() => pin(days, mayCreate));
      try {
        return await work(present);
      } finally {
        for (const day of present) {
          const entry = attached.get(day);
          if (entry !== undefined) entry.pins--;
        }
      }
    },
    verify: (day) =>
      inTurn(async () => {
        if (!summaries.has(day)) return false;
        try {
          if (!attached.has(day)) await attach(day);
          await readEverything(connection, day);
          return true;
        } catch (error) {
          await setAside(day, error);
          return false;
        }
      }),
  };
}

async function createTables(connection: DuckDBConnection, day: number): Promise<void> {
  await runStatement(connection, "BEGIN TRANSACTION");
  for (const statement of createDayTables(dayAlias(day))) await runStatement(connection, statement);
  await runStatement(connection, "COMMIT");
  // DDL that stands only in the write-ahead log is what crash loops are made of.
  await runStatement(connection, "CHECKPOINT " + dayAlias(day));
}

async function hasTables(connection: DuckDBConnection, day: number): Promise<boolean> {
  const rows = await readRows(connection, "SELECT 1 FROM duckdb_tables() WHERE database_name = $alias LIMIT 1", {
    alias: bind.text(dayAlias(day)),
  });
  return rows.length > 0;
}

async function readSummary(connection: DuckDBConnection, day: number): Promise<DaySummary> {
  const alias = dayAlias(day);
  const [meta] = await readRows(connection, "SELECT value FROM " + alias + ".main.meta WHERE key = 'schema'");
  if (Number(textOrNothing(meta?.[0]) ?? "0") > SCHEMA_VERSION) {
    throw new MonitorError("DATA_DIR_TOO_NEW", "the index of " + dayName(day) + " was written by a newer version", {
      hint: "Start the version that wrote this data folder, or choose another folder.",
    });
  }
  const [applied] = await readRows(connection, "SELECT max(position) FROM " + alias + ".main.applied");
  const counts =
    "SELECT count(*), count(*) FILTER (is_llm), min(start_ns), max(start_ns) FILTER (is_llm) FROM " +
    alias +
    ".main.spans";
  const [row] = await readRows(connection, counts);
  return {
    applied: bigintOf(applied?.[0]),
    spans: Number(bigintOf(row?.[0])),
    calls: Number(bigintOf(row?.[1])),
    oldestUnixNanos: typeof row?.[2] === "bigint" ? row[2] : undefined,
    newestCallUnixNanos: typeof row?.[3] === "bigint" ? row[3] : undefined,
  };
}

/** Every block of the file that holds data is read and its checksum compared by the engine. */
async function readEverything(connection: DuckDBConnection, day: number): Promise<void> {
  for (const table of ["spans", "resources", "applied", "meta"]) {
    await readRows(connection, "SELECT bit_xor(hash(t)) FROM " + dayAlias(day) + ".main." + table + " t");
  }
}

async function exists(io: IoPort, path: string): Promise<boolean> {
  try {
    await io.sizeOf(path);
    return true;
  } catch {
    return false; // a name that cannot be asked for cannot be moved either
  }
}
