import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import type { IoPort } from "../io-port.ts";
import { quote, runStatement } from "./database.ts";
import { dayName, dayOfFile, fileAlias, fileName, type IndexFile } from "./index-files.ts";
import { bigintOf, bind, readRows, textOrNothing } from "./statement.ts";

/** Engine version whose format new files have; older engines of ours can read them. */
const STORAGE_VERSION = "v1.5.0";

/** What files hold: spans, or something else that comes in days. */
export interface DayFileSchema<S extends { readonly applied: bigint }> {
  /** Statements that make the tables of a new file. */
  readonly createTables: (alias: string) => readonly string[];
  /** Of a new file. */
  readonly emptySummary: () => S;
  /** @throws {DATA_DIR_TOO_NEW} */
  readonly readSummary: (connection: DuckDBConnection, file: IndexFile) => Promise<S>;
  readonly tables: readonly string[];
  /** Rows of a row group in files that are written to; default the engine's. A multiple of 2,048. */
  readonly rowGroupRows?: number;
}

/** Attaches a file, made if it does not exist. */
export async function attachFile(
  connection: DuckDBConnection,
  path: string,
  alias: string,
  isReadOnly = false,
  rowGroupRows?: number,
): Promise<void> {
  const rowGroups = rowGroupRows === undefined ? "" : ", ROW_GROUP_SIZE " + String(rowGroupRows);
  const options = isReadOnly ? "READ_ONLY" : "STORAGE_VERSION '" + STORAGE_VERSION + "'" + rowGroups;
  await runStatement(connection, "ATTACH " + quote(path) + " AS " + alias + " (" + options + ")");
}

/** Makes the tables of a new file. */
export async function createTables(
  connection: DuckDBConnection,
  statements: readonly string[],
  alias: string,
): Promise<void> {
  await runStatement(connection, "BEGIN TRANSACTION");
  for (const statement of statements) await runStatement(connection, statement);
  await runStatement(connection, "COMMIT");
  // DDL that stands only in the write-ahead log is what crash loops are made of.
  await runStatement(connection, "CHECKPOINT " + alias);
}

/** Removes a file and its log for good. */
export async function removeFile(io: IoPort, directory: string, file: IndexFile): Promise<void> {
  // The log first: without its file it would be damage.
  for (const name of [fileName(file) + ".wal", fileName(file)]) await io.remove(join(directory, name));
  await io.syncDirectory(directory);
}

/** What a killed process left: files that were being written, and what the engine had spilled. */
export async function clearLeftovers(io: IoPort, directory: string): Promise<void> {
  const spill = join(directory, "tmp");
  await mkdir(spill, { recursive: true });
  for (const name of await io.list(spill)) await io.remove(join(spill, name));
  for (const name of await io.list(directory)) if (/\.new(\.wal)?$/.test(name)) await io.remove(join(directory, name));
}

/** Whether the making of the file came to its end. */
export async function hasTables(connection: DuckDBConnection, file: IndexFile): Promise<boolean> {
  const rows = await readRows(connection, "SELECT 1 FROM duckdb_tables() WHERE database_name = $alias LIMIT 1", {
    alias: bind.text(fileAlias(file)),
  });
  return rows.length > 0;
}

/** @throws {DATA_DIR_TOO_NEW} when a newer release made the file. */
export async function checkSchema(connection: DuckDBConnection, file: IndexFile, known: number): Promise<void> {
  const [meta] = await readRows(connection, "SELECT value FROM " + fileAlias(file) + ".main.meta WHERE key = 'schema'");
  if (Number(textOrNothing(meta?.[0]) ?? "0") <= known) return;
  throw new MonitorError(
    "DATA_DIR_TOO_NEW",
    "the index of " + dayName(dayOfFile(file)) + " was written by a newer version",
    { hint: "Start the version that wrote this data folder, or choose another folder." },
  );
}

/** The highest journal position whose rows the file has. */
export async function readApplied(connection: DuckDBConnection, alias: string): Promise<bigint> {
  const [applied] = await readRows(connection, "SELECT max(position) FROM " + alias + ".main.applied");
  return bigintOf(applied?.[0]);
}

/** Every block of the file that holds data is read and its checksum compared by the engine. */
export async function readEverything(
  connection: DuckDBConnection,
  alias: string,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) {
    await readRows(connection, "SELECT bit_xor(hash(t)) FROM " + alias + ".main." + table + " t");
  }
}

/** Whether the folder takes new files: what fails where it does not may be whole. */
export async function isWritable(io: IoPort, directory: string): Promise<boolean> {
  const path = join(directory, "probe.new");
  try {
    await io.writeFile(path, new Uint8Array());
    await io.remove(path);
    return true;
  } catch {
    return false; // read-only, full, or no descriptor is left
  }
}

/** Whether a file is there. */
export async function exists(io: IoPort, path: string): Promise<boolean> {
  try {
    await io.sizeOf(path);
    return true;
  } catch {
    return false; // a name that cannot be asked for cannot be moved either
  }
}
