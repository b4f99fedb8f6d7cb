import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { SPAN_COLUMN, type ColumnBatch } from "@nexent/monitor-core";
import { runInBackground } from "./background-statement.ts";
import { runStatement } from "./database.ts";
import type { DayFiles } from "./day-files.ts";
import type { FileSummary } from "./span-files.ts";
import { fileAlias, fileName, isSealed, openFileOf, type IndexFile } from "./index-files.ts";
import type { ReadGate } from "./read-gate.ts";
import { loadResourceTable, type ResourceTable } from "./resource-table.ts";
import type { IndexRows } from "./row-columns.ts";
import { createRowFeed } from "./row-feed.ts";
import { countRows, selectByDay, startsOf, type RowSelection } from "./row-selection.ts";
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

/** A question may hold the engine's own thread that long before a commit goes on without it. */
const COMMIT_PATIENCE_MS = 300;
/** The same for a checkpoint, which can wait. */
const CHECKPOINT_PATIENCE_MS = 5_000;
/** A checkpoint joins the row groups that are not full, which takes longer the more there are. */
const CHECKPOINT_ROWS = 65_536;
/** The engine keeps up to 90 KiB of memory for each row group that it wrote, and a fifth of that once it is opened anew. */
const RELEASE_ROWS = 1_000_000;

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
  /** Checkpoints the files whose log is larger than that, or that took many rows since. */
  checkpoint(minWalBytes: number): Promise<void>;
  /** Forgets what it knows of a file that was removed or written anew. */
  forget(file: IndexFile): void;
}

/** A writer over the given files. */
export function createIndexWriter(options: IndexWriterOptions): IndexWriter {
  const { files, connection, gate } = options;
  const feedRows = createRowFeed(connection);
  const resources = new Map<IndexFile, ResourceTable>();
  /** By file: its spans at the last checkpoint, and when its memory was given back. */
  const tended = new Map<IndexFile, { readonly checkpointed: number; readonly released: number }>();

  async function resourcesOf(day: number): Promise<ResourceTable> {
    const file = openFileOf(day);
    let table = resources.get(file);
    if (table === undefined) {
      table = await loadResourceTable(connection, fileAlias(file));
      resources.set(file, table);
    }
    return table;
  }

  /** Rows with an end that their day lacks, by day. */
  function missingRows(batches: readonly IndexedBatch[]): ReadonlyMap<number, readonly RowSelection[]> {
    const days = new Map<number, RowSelection[]>();
    for (const { position, batch } of batches) {
      for (const [day, rows] of selectByDay(batch, (day) => options.appliedOf(day) < position)) {
        const selections = days.get(day);
        if (selections === undefined) days.set(day, [{ batch, rows }]);
        else selections.push({ batch, rows });
      }
    }
    return days;
  }

  /** One transaction writes one file; the position goes with the rows. */
  async function commitDay(day: number, missing: readonly RowSelection[], position: bigint): Promise<void> {
    const alias = fileAlias(openFileOf(day));
    const table = await resourcesOf(day);
    const rows = missing.map((selection) => withResources(selection, table));
    await runStatement(connection, "BEGIN TRANSACTION");
    try {
      await table.writeNew(connection);
      await feedRows(alias, rows);
      await readRows(connection, "INSERT INTO " + alias + ".main.applied VALUES ($position)", {
        position: bind.position(position),
      });
      options.failpoint?.("index-flush");
      await runInBackground(connection, "COMMIT", { patienceMs: COMMIT_PATIENCE_MS });
      table.commit();
    } catch (error) {
      // A failed COMMIT has rolled back already; then there is nothing left to do.
      await runStatement(connection, "ROLLBACK").catch(() => undefined);
      throw error;
    }
  }

  async function writeDays(days: ReadonlyMap<number, readonly RowSelection[]>, position: bigint): Promise<void> {
    for (const [day, missing] of days) {
      await commitDay(day, missing, position);
      const summary = files.summaries.get(openFileOf(day));
      if (summary !== undefined) addRows(summary, missing, position);
    }
  }

  return {
    async write(batches) {
      const last = batches.at(-1);
      if (last === undefined) return;
      const missing = missingRows(batches);
      if (missing.size === 0) return;
      await files.use([...missing.keys()].map(openFileOf), true, async () => {
        try {
          const commit = (): Promise<void> => writeDays(missing, last.position);
          await (missing.size > 1 ? gate.exclusive(commit) : commit());
        } catch (error) {
          for (const table of resources.values()) table.rollback();
          throw error;
        }
      });
    },
    async checkpoint(minWalBytes) {
      for (const [file, { spans }] of files.summaries) {
        if (isSealed(file)) continue;
        const logged = await walBytes(options.directory, file);
        const { checkpointed, released } = tended.get(file) ?? { checkpointed: 0, released: spans };
        if (logged < 0 || (logged < minWalBytes && spans - checkpointed < CHECKPOINT_ROWS)) continue;
        options.failpoint?.("index-checkpoint");
        const checkpoint = "CHECKPOINT " + fileAlias(file);
        await files.use([file], false, () =>
          runInBackground(connection, checkpoint, { patienceMs: CHECKPOINT_PATIENCE_MS }),
        );
        const isLarge = spans - released >= RELEASE_ROWS;
        if (isLarge) await files.release(file);
        tended.set(file, { checkpointed: spans, released: isLarge ? spans : released });
      }
    },
    forget(file) {
      resources.delete(file);
      tended.delete(file);
    },
  };
}

/** Gives the resources that the rows name their numbers in the file. */
function withResources({ batch, rows }: RowSelection, table: ResourceTable): IndexRows {
  const reader = batch.column(SPAN_COLUMN.resource);
  const resourceIds: number[] = [];
  for (const row of rows) {
    const number = reader.u32(row) ?? 0;
    const resource = batch.resources[number];
    if (resource !== undefined) resourceIds[number] ??= table.idOf(resource);
  }
  return { batch, rows, resourceIds };
}

function addRows(summary: FileSummary, selections: readonly RowSelection[], position: bigint): void {
  summary.applied = position;
  summary.spans += countRows(selections);
  for (const { batch, rows } of selections) {
    const oldest = startsOf(batch, rows)?.first;
    if (oldest !== undefined && (summary.oldestUnixNanos === undefined || oldest < summary.oldestUnixNanos))
      summary.oldestUnixNanos = oldest;
    const isLlm = batch.column(SPAN_COLUMN.isLlm);
    const calls = rows.filter((row) => isLlm.has(row));
    summary.calls += calls.length;
    const newest = startsOf(batch, calls)?.last;
    if (newest !== undefined && (summary.newestCallUnixNanos === undefined || newest > summary.newestCallUnixNanos))
      summary.newestCallUnixNanos = newest;
  }
}

async function walBytes(directory: string, file: IndexFile): Promise<number> {
  try {
    return (await stat(join(directory, fileName(file) + ".wal"))).size;
  } catch {
    return -1; // no log, nothing to checkpoint
  }
}
