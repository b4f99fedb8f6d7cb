import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { openDatabase, runStatement, type Database, type EngineLimits } from "../duckdb/database.ts";
import { removeFile } from "../duckdb/day-file.ts";
import { createDayFiles } from "../duckdb/day-files.ts";
import { dayOfFile, fileAlias, fileName, openFileOf, type IndexFile } from "../duckdb/index-files.ts";
import { createQuerySlots } from "../duckdb/query-slots.ts";
import { createReadGate } from "../duckdb/read-gate.ts";
import { inTransaction } from "../duckdb/transaction.ts";
import type { IoPort } from "../io-port.ts";
import { DAY_MS } from "../metric-series.ts";
import { METRIC_FILES, type MetricFileSummary } from "./metric-schema.ts";
import { createMetricWriter, type PositionedMetrics } from "./metric-writer.ts";
import { copyWithout, type Span } from "./rewrite-metrics.ts";

/** Memory of the engine, MiB: samples are few and small beside spans. */
const MEMORY_MIB = 128;

/** Options of the index. */
export interface MetricIndexOptions {
  readonly directory: string;
  readonly quarantine: string;
  readonly io: IoPort;
  readonly limits?: EngineLimits | undefined;
  /** Called for each file that was set aside. */
  readonly onQuarantine: (file: string, cause: unknown) => void;
  readonly failpoint?: ((name: string) => void) | undefined;
}

/** A sorted copy of a day file. */
export interface PackedCopy {
  /** What had been applied to the file. */
  readonly applied: bigint;
}

/** Covers no time: a copy without it has everything. */
const NO_SPAN: Span = { fromMs: 0, toMs: 0 };

/** Day files of metric samples, and an engine of their own. */
export interface MetricIndex {
  readonly summaries: ReadonlyMap<IndexFile, MetricFileSummary>;
  /** Everything of a day up to this position is in its file. */
  appliedOf(day: number): bigint;
  write(batches: readonly PositionedMetrics[]): Promise<void>;
  /** Takes the logs over that are at least that long. */
  checkpoint(minWalBytes: number): Promise<void>;
  /** Asks the files of a span of time, oldest first, in one state of all of them. */
  ask<T>(
    span: Span,
    signal: AbortSignal | undefined,
    query: (connection: DuckDBConnection, files: readonly IndexFile[]) => Promise<T>,
  ): Promise<T>;
  /** Reads the file of a day; sets it aside if that fails. */
  verify(file: IndexFile): Promise<boolean>;
  /** Copies a day, each series together, into a new file and reads it back. */
  copyForPack(day: number): Promise<PackedCopy>;
  /** The copy takes the place of the file, unless that changed since. Must not overlap with a write. */
  pack(day: number, copy: PackedCopy): Promise<void>;
  /** Writes the files of a span anew without it; answers how many samples went. Must not overlap with a write. */
  erase(span: Span): Promise<number>;
  /** Removes the file of a day. Must not overlap with a write. */
  remove(day: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens the files of a folder; those that do not open are set aside. @throws {DATA_DIR_TOO_NEW} */
export async function openMetricIndex(options: MetricIndexOptions): Promise<MetricIndex> {
  const database = await openDatabase(options.directory, { memoryMiB: MEMORY_MIB, ...options.limits });
  try {
    return await openIndex(options, database);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openIndex(options: MetricIndexOptions, database: Database): Promise<MetricIndex> {
  const { io, directory } = options;
  const admin = await database.connect();
  const writing = await database.connect();
  const packing = await database.connect();
  const files = createDayFiles({ ...options, schema: METRIC_FILES, connection: admin });
  await files.openAll();
  const gate = createReadGate();
  const writer = createMetricWriter({ files, gate, connection: writing, failpoint: options.failpoint });
  const slots = createQuerySlots({ connect: () => database.connect(), count: 2, timeoutMs: LIMITS.queryTimeoutMs });
  let closing = false;

  function filesIn({ fromMs, toMs }: Span): readonly IndexFile[] {
    const touched = [...files.summaries.keys()].filter((file) => {
      const day = dayOfFile(file);
      return day * DAY_MS < toMs && (day + 1) * DAY_MS > fromMs;
    });
    return touched.sort((a, b) => a - b);
  }

  async function removeNew(file: IndexFile): Promise<void> {
    for (const end of [".new", ".new.wal"]) await io.remove(join(directory, fileName(file) + end));
  }

  /** The copy takes the place of its file; an empty one only takes it away. */
  async function replace(file: IndexFile, isEmpty: boolean): Promise<void> {
    const path = join(directory, fileName(file));
    await files.exchange([file], async () => {
      // Closing the file took its log over.
      await io.remove(path + ".wal");
      if (!isEmpty) await io.rename(path + ".new", path);
      else for (const gone of [path + ".new", path]) await io.remove(gone);
      await io.syncDirectory(directory);
    });
  }

  async function eraseFrom(file: IndexFile, span: Span): Promise<number> {
    const before = files.summaries.get(file)?.samples ?? 0;
    const path = join(directory, fileName(file));
    await removeNew(file);
    const copy = await files.use([file], false, () => copyWithout(writing, file, path + ".new", span));
    options.failpoint?.("metric-erase-copied");
    await replace(file, copy.isEmpty);
    options.failpoint?.("metric-erase-renamed");
    return before - copy.samples;
  }

  return {
    summaries: files.summaries,
    appliedOf: (day) => files.summaries.get(openFileOf(day))?.applied ?? 0n,
    write: (batches) => writer.write(batches),
    async checkpoint(minWalBytes) {
      for (const file of files.summaries.keys()) {
        if ((await walBytes(directory, file)) < minWalBytes) continue;
        await files.use([file], false, () => runStatement(writing, "CHECKPOINT " + fileAlias(file)));
      }
    },
    ask(span, signal, query) {
      if (closing) throw new MonitorError("STORE_UNAVAILABLE", "the store is closed");
      return slots.run(signal, (connection) =>
        gate.shared(() =>
          files.use(filesIn(span), false, (present) => inTransaction(connection, () => query(connection, present))),
        ),
      );
    },
    verify: (file) => gate.exclusive(() => files.verify(file)),
    async copyForPack(day) {
      const file = openFileOf(day);
      const applied = files.summaries.get(file)?.applied ?? 0n;
      await removeNew(file);
      const path = join(directory, fileName(file) + ".new");
      await files.use([file], false, () => copyWithout(packing, file, path, NO_SPAN));
      return { applied };
    },
    async pack(day, { applied }) {
      const file = openFileOf(day);
      if (files.summaries.get(file)?.applied !== applied) return await removeNew(file);
      writer.forget();
      await replace(file, false);
      options.failpoint?.("metric-packed");
    },
    async erase(span) {
      writer.forget();
      let samples = 0;
      for (const file of filesIn(span)) samples += await eraseFrom(file, span);
      return samples;
    },
    async remove(day) {
      writer.forget();
      await files.exchange([openFileOf(day)], () => removeFile(io, directory, openFileOf(day)));
    },
    async close() {
      closing = true;
      await gate.exclusive(async () => {
        slots.close();
        for (const connection of [admin, writing, packing]) connection.closeSync();
        database.close();
      });
    },
  };
}

async function walBytes(directory: string, file: IndexFile): Promise<number> {
  try {
    return (await stat(join(directory, fileName(file) + ".wal"))).size;
  } catch {
    return -1; // no log, nothing to checkpoint
  }
}
