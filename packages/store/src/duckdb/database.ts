import { totalmem } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { readMemoryLimit } from "../memory-limit.ts";

/** Sizes of the engine. */
export interface EngineLimits {
  /** Default a sixteenth of the memory of the host or of its control group, from 256 to 512. */
  readonly memoryMiB?: number;
  /** Default 2. */
  readonly threads?: number;
  /** Most disk the engine may spill to, MiB; default 512. */
  readonly spillMiB?: number;
  /** How new files are packed; default what the engine finds best. */
  readonly compression?: "auto" | "uncompressed";
}

/**
 * Exact quantiles hold every value of their range at once: with 256 MiB the summary over 10 million calls is refused. It is
 * a ceiling, not a reservation.
 */
async function defaultMemoryMiB(): Promise<number> {
  const bytes = Math.min((await readMemoryLimit()) ?? Infinity, totalmem());
  return Math.min(512, Math.max(256, Math.floor(bytes / 2 ** 20 / 16)));
}

/** The in-memory instance to which day files are attached. */
export interface Database {
  /** What it may use for questions. */
  readonly memoryBytes: number;
  connect(): Promise<DuckDBConnection>;
  close(): void;
}

/**
 * Starts an engine that can reach nothing but the files under `directory`: no extension, no network, no other path, and
 * no way to change that.
 */
export async function openDatabase(directory: string, limits: EngineLimits = {}): Promise<Database> {
  const instance = await DuckDBInstance.create(":memory:");
  const memoryMiB = limits.memoryMiB ?? (await defaultMemoryMiB());
  try {
    await lockDown(instance, directory, { ...limits, memoryMiB });
  } catch (error) {
    instance.closeSync();
    throw error;
  }
  return {
    memoryBytes: memoryMiB * 2 ** 20,
    connect: () => instance.connect(),
    close: () => instance.closeSync(),
  };
}

/** The order matters: access is closed after the folder was allowed, and the lock comes last. */
async function lockDown(
  instance: DuckDBInstance,
  directory: string,
  limits: EngineLimits & { readonly memoryMiB: number },
): Promise<void> {
  const connection = await instance.connect();
  const settings = [
    "SET allowed_directories = [" + quote(join(directory, "/")) + "]",
    "SET temp_directory = " + quote(join(directory, "tmp")),
    "SET max_temp_directory_size = '" + String(limits.spillMiB ?? 512) + "MiB'",
    "SET memory_limit = '" + String(limits.memoryMiB) + "MiB'",
    "SET threads = " + String(limits.threads ?? 2),
    "SET force_compression = '" + (limits.compression ?? "auto") + "'",
    "SET checkpoint_threshold = '256MiB'",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
  ];
  for (const setting of settings) await runStatement(connection, setting);
  connection.closeSync();
}

/** Runs one statement without a result; `prepare` refuses a text that holds several. */
export async function runStatement(connection: DuckDBConnection, sql: string): Promise<void> {
  const statement = await connection.prepare(sql);
  try {
    await statement.run();
  } finally {
    statement.destroySync();
  }
}

/** A string literal, for the few statements that take no parameter. */
export function quote(text: string): string {
  return "'" + text.replaceAll("'", "''") + "'";
}
