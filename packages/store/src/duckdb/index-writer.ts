import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import { runStatement } from "./database.ts";
import type { DayFiles, FileSummary } from "./day-files.ts";
import { dayOf, fileAlias, fileName, isSealed, openFileOf, type IndexFile } from "./index-files.ts";
import type { ReadGate } from "./read-gate.ts";
import { loadResourceTable, type ResourceTable } from "./resource-table.ts";
import { createRowAppender } from "./row-appender.ts";
import type { IndexRow } from "./row-columns.ts";
import { bind, readRows } from "./statement.ts";

/** Where failpoints of the index stand. */
export type IndexFailpoint =
  | "index-flush"
  | "index-checkpoint"
  | "purge-partition-written"
  | "purge-renamed"
  | "seal-copied"
  | "seal-renamed";

/** A batch of the journal on its way into the index. */
export interface IndexedBatch {
  readonly position: bigint;
  readonly batch: ColumnBatch;
}

/** A row on its way into the file of its day. */
type MissingRow = Omit<IndexRow, "resourceId">;

/** Options of the index writer. */
export interface IndexWriterOptions {
  readonly directory: string;
  readonly files: DayFiles;
  /** Nobody else writes. */
  readonly connection: DuckDBConnection;
  readonly gate: ReadGate;
  /** Everything of a day up to this position is in the index, or was removed from it for good. */
  readonly appliedOf: (day: number) => bigint;
  readonly failpoint?: ((name: IndexFailpoint) => void) | undefined;
}

/** Puts batches into their day files, each batch exactly once per file. */
export interface IndexWriter {
  /**
   * Writes the rows that have an end; batches come in the order of their positions. After an error nothing is lost:
   * the same batches are written again, and files that have them already skip them.
   */
  write(batches: readonly IndexedBatch[]): Promise<void>;
  /** Checkpoints the files whose log is larger than that. */
  checkpoint(minWalBytes: number): Promise<void>;
  /** Forgets what it knows of a file that was removed or written anew. */
  forget(file: IndexFile): void;
}

/** A writer over the given files. */
export function createIndexWriter(options: IndexWriterOptions): IndexWriter {
  const { files, connection, gate } = options;
  const appendRows = createRowAppender(connection);
  const resources = new Map<IndexFile, ResourceTable>();

  async function resourcesOf(day: number): Promise<ResourceTable> {
    const file = openFileOf(day);
    let table = resources.get(file);
    if (table === undefined) {
      table = await loadResourceTable(connection, fileAlias(file));
      resources.set(file, table);
    }
    return table;
  }

  /** Rows with an end that their day lacks. */
  function missingRows(batches: readonly IndexedBatch[]): readonly MissingRow[] {
    const rows: MissingRow[] = [];
    for (const { position, batch } of batches) {
      const start = batch.column(SPAN_COLUMN.startUnixNanos);
      const duration = batch.column(SPAN_COLUMN.durationNanos);
      for (let row = 0; row < batch.rowCount; row++) {
        const day = dayOf(start.u64(row) ?? 0n);
        if (duration.has(row) && options.appliedOf(day) < position) rows.push({ batch, row, day });
      }
    }
    return rows;
  }

  async function withResources(rows: readonly MissingRow[]): Promise<readonly IndexRow[]> {
    const complete: IndexRow[] = [];
    for (const { batch, row, day } of rows) {
      const resource = batch.resources[batch.column(SPAN_COLUMN.resource).u32(row) ?? 0];
      if (resource === undefined) continue;
      complete.push({ batch, row, day, resourceId: (await resourcesOf(day)).idOf(resource) });
    }
    return complete;
  }

  /** One transaction writes one file; the position goes with the rows. */
  async function commitDay(day: number, rows: readonly IndexRow[], position: bigint): Promise<void> {
    const alias = fileAlias(openFileOf(day));
    const table = await resourcesOf(day);
    await runStatement(connection, "BEGIN TRANSACTION");
    try {
      await table.writeNew(connection);
      await appendRows(alias, rows);
      await readRows(connection, "INSERT INTO " + alias + ".main.applied VALUES ($position)", {
        position: bind.position(position),
      });
      options.failpoint?.("index-flush");
      await runStatement(connection, "COMMIT");
      table.commit();
    } catch (error) {
      // A failed COMMIT has rolled back already; then there is nothing left to do.
      await runStatement(connection, "ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async function writeDays(days: readonly number[], rows: readonly IndexRow[], position: bigint): Promise<void> {
    for (const day of days) {
      const ofDay = days.length === 1 ? rows : rows.filter((row) => row.day === day);
      await commitDay(day, ofDay, position);
      const summary = files.summaries.get(openFileOf(day));
      if (summary !== undefined) addRows(summary, ofDay, position);
    }
  }

  return {
    async write(batches) {
      const last = batches.at(-1);
      if (last === undefined) return;
      const missing = missingRows(batches);
      const touched = [...new Set(missing.map(({ day }) => day))];
      if (touched.length === 0) return;
      await files.use(touched.map(openFileOf), true, async () => {
        const rows = await withResources(missing);
        try {
          const commit = (): Promise<void> => writeDays(touched, rows, last.position);
          await (touched.length > 1 ? gate.exclusive(commit) : commit());
        } catch (error) {
          for (const table of resources.values()) table.rollback();
          throw error;
        }
      });
    },
    async checkpoint(minWalBytes) {
      for (const file of files.summaries.keys()) {
        if (isSealed(file) || (await walBytes(options.directory, file)) < minWalBytes) continue;
        options.failpoint?.("index-checkpoint");
        await files.use([file], false, () => runStatement(connection, "CHECKPOINT " + fileAlias(file)));
      }
    },
    forget: (file) => void resources.delete(file),
  };
}

function addRows(summary: FileSummary, rows: readonly IndexRow[], position: bigint): void {
  summary.applied = position;
  summary.spans += rows.length;
  for (const { batch, row } of rows) {
    const start = batch.column(SPAN_COLUMN.startUnixNanos).u64(row) ?? 0n;
    if (summary.oldestUnixNanos === undefined || start < summary.oldestUnixNanos) summary.oldestUnixNanos = start;
    if (!batch.column(SPAN_COLUMN.isLlm).has(row)) continue;
    summary.calls++;
    if (summary.newestCallUnixNanos === undefined || start > summary.newestCallUnixNanos)
      summary.newestCallUnixNanos = start;
  }
}

async function walBytes(directory: string, file: IndexFile): Promise<number> {
  try {
    return (await stat(join(directory, fileName(file) + ".wal"))).size;
  } catch {
    return -1; // no log, nothing to checkpoint
  }
}
