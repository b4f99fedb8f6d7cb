import { setImmediate } from "node:timers/promises";
import { DuckDBDataChunk, type DuckDBConnection } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { runStatement } from "./database.ts";
import { CREATE_STAGE } from "./schema.ts";
import { SLICE_ROWS, StageCells } from "./stage-cells.ts";
import { STAGE_COLUMNS, type StageColumn, type StagedRow } from "./stage-columns.ts";

/** The table that takes rows before they go into their day file. */
export interface Stage {
  /** Between two slices the event loop turns: a due group commit goes first. */
  fill(rows: readonly StagedRow[]): Promise<void>;
  clear(): Promise<void>;
}

/** Creates the stage on the connection that will write. */
export async function createStage(connection: DuckDBConnection): Promise<Stage> {
  await runStatement(connection, CREATE_STAGE);
  const cells = new StageCells();
  const chunk = DuckDBDataChunk.create(STAGE_COLUMNS.map(({ type }) => type));

  function fillChunk(rows: readonly StagedRow[]): void {
    chunk.reset();
    chunk.rowCount = rows.length;
    for (const [index, column] of STAGE_COLUMNS.entries()) {
      cells.begin();
      putColumn(cells, column, rows);
      cells.copyTo(duckdb.data_chunk_get_vector(chunk.chunk, index), rows.length, column.width);
    }
  }

  return {
    async fill(rows) {
      const appender = await connection.createAppender("stage", "main", "temp");
      try {
        for (let from = 0; from < rows.length; from += SLICE_ROWS) {
          fillChunk(rows.slice(from, from + SLICE_ROWS));
          appender.appendDataChunk(chunk);
          await setImmediate();
        }
      } finally {
        appender.closeSync();
      }
    },
    clear: () => runStatement(connection, "TRUNCATE temp.main.stage"),
  };
}

function putColumn(cells: StageCells, { id, put }: StageColumn, rows: readonly StagedRow[]): void {
  let batch = rows[0]?.batch;
  let reader = batch?.column(id);
  for (let cell = 0; cell < rows.length; cell++) {
    const staged = rows[cell];
    if (staged === undefined) return;
    if (reader === undefined || staged.batch !== batch) {
      batch = staged.batch;
      reader = batch.column(id);
    }
    if (!put(cells, cell, reader, staged)) cells.absent(cell);
  }
}
