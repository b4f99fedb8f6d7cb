import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import { runStatement } from "./database.ts";
import type { DayFiles, DaySummary } from "./day-files.ts";
import { dayAlias, dayFileName, dayOf } from "./days.ts";
import type { ReadGate } from "./read-gate.ts";
import { loadResourceTable, type ResourceTable } from "./resource-table.ts";
import { insertFromStage } from "./schema.ts";
import type { StagedRow } from "./stage-columns.ts";
import type { Stage } from "./stage.ts";
import { bind, readRows } from "./statement.ts";

/** Where failpoints of the index stand. */
export type IndexFailpoint = "index-flush" | "index-checkpoint";

/** A batch of the journal on its way into the index. */
export interface IndexedBatch {
  readonly position: bigint;
  readonly batch: ColumnBatch;
}

/** Options of the index writer. */
export interface IndexWriterOptions {
  readonly directory: string;
  readonly files: DayFiles;
  readonly stage: Stage;
  /** The connection of the stage; nobody else writes. */
  readonly connection: DuckDBConnection;
  readonly gate: ReadGate;
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
}

/** A writer over the given files. */
export function createIndexWriter(options: IndexWriterOptions): IndexWriter {
  const { files, connection, stage, gate } = options;
  const resources = new Map<number, ResourceTable>();

  async function resourcesOf(day: number): Promise<ResourceTable> {
    let table = resources.get(day);
    if (table === undefined) {
      table = await loadResourceTable(connection, dayAlias(day));
      resources.set(day, table);
    }
    return table;
  }

  async function stagedRows(batches: readonly IndexedBatch[]): Promise<StagedRow[]> {
    const rows: StagedRow[] = [];
    for (const { position, batch } of batches) {
      const start = batch.column(SPAN_COLUMN.startUnixNanos);
      const duration = batch.column(SPAN_COLUMN.durationNanos);
      for (let row = 0; row < batch.rowCount; row++) {
        const day = dayOf(start.u64(row) ?? 0n);
        if (!duration.has(row) || (files.summaries.get(day)?.applied ?? 0n) >= position) continue;
        const resource = batch.resources[batch.column(SPAN_COLUMN.resource).u32(row) ?? 0];
        if (resource === undefined) continue;
        rows.push({ batch, row, day, resourceId: (await resourcesOf(day)).idOf(resource) });
      }
    }
    return rows;
  }

  /** One transaction writes one file; the position goes with the rows. */
  async function commitDay(day: number, position: bigint): Promise<void> {
    const alias = dayAlias(day);
    const table = await resourcesOf(day);
    await runStatement(connection, "BEGIN TRANSACTION");
    try {
      await table.writeNew(connection);
      await readRows(connection, insertFromStage(alias), { day: bind.integer(day) });
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

  async function writeDays(days: readonly number[], rows: readonly StagedRow[], position: bigint): Promise<void> {
    for (const day of days) {
      await commitDay(day, position);
      const summary = files.summaries.get(day);
      if (summary !== undefined)
        addRows(
          summary,
          rows.filter((row) => row.day === day),
          position,
        );
    }
  }

  return {
    async write(batches) {
      const last = batches.at(-1);
      if (last === undefined) return;
      const days = [...daysOf(batches)];
      await files.use(days, true, async () => {
        const rows = await stagedRows(batches);
        const touched = [...new Set(rows.map(({ day }) => day))];
        if (rows.length === 0) return;
        try {
          await stage.fill(rows);
          const commit = (): Promise<void> => writeDays(touched, rows, last.position);
          await (touched.length > 1 ? gate.exclusive(commit) : commit());
        } catch (error) {
          for (const table of resources.values()) table.rollback();
          throw error;
        } finally {
          await stage.clear();
        }
      });
    },
    async checkpoint(minWalBytes) {
      for (const day of files.summaries.keys()) {
        if ((await walBytes(options.directory, day)) < minWalBytes) continue;
        options.failpoint?.("index-checkpoint");
        await files.use([day], false, () => runStatement(connection, "CHECKPOINT " + dayAlias(day)));
      }
    },
  };
}

/** Days on which a batch has rows with an end. */
function daysOf(batches: readonly IndexedBatch[]): Set<number> {
  const days = new Set<number>();
  for (const { batch } of batches) {
    const start = batch.column(SPAN_COLUMN.startUnixNanos);
    const duration = batch.column(SPAN_COLUMN.durationNanos);
    for (let row = 0; row < batch.rowCount; row++) if (duration.has(row)) days.add(dayOf(start.u64(row) ?? 0n));
  }
  return days;
}

function addRows(summary: DaySummary, rows: readonly StagedRow[], position: bigint): void {
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

async function walBytes(directory: string, day: number): Promise<number> {
  try {
    return (await stat(join(directory, dayFileName(day) + ".wal"))).size;
  } catch {
    return -1; // no log, nothing to checkpoint
  }
}
