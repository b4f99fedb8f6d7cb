import { setImmediate } from "node:timers/promises";
import { DuckDBDataChunk, type DuckDBConnection } from "@duckdb/node-api";
import { runStatement } from "./database.ts";
import { CREATE_STAGE } from "./schema.ts";
import { STAGE_COLUMNS, type StagedRow } from "./stage-columns.ts";

/** Rows per slice between two turns of the event loop: a due group commit goes first. */
const SLICE_ROWS = 512;

/** The table that takes rows before they go into their day file. */
export interface Stage {
  fill(rows: readonly StagedRow[]): Promise<void>;
  clear(): Promise<void>;
}

/** Creates the stage on the connection that will write. */
export async function createStage(connection: DuckDBConnection): Promise<Stage> {
  await runStatement(connection, CREATE_STAGE);
  return {
    async fill(rows) {
      const appender = await connection.createAppender("stage", "main", "temp");
      try {
        for (let from = 0; from < rows.length; from += SLICE_ROWS) {
          appender.appendDataChunk(chunkOf(rows.slice(from, from + SLICE_ROWS)));
          await setImmediate();
        }
      } finally {
        appender.closeSync();
      }
    },
    clear: () => runStatement(connection, "TRUNCATE temp.main.stage"),
  };
}

function chunkOf(rows: readonly StagedRow[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(
    STAGE_COLUMNS.map(({ type }) => type),
    rows.length,
  );
  for (const [index, { valueOf }] of STAGE_COLUMNS.entries()) {
    const vector = chunk.getColumnVector(index);
    for (const [at, row] of rows.entries()) vector.setItem(at, valueOf(row));
    vector.flush();
  }
  return chunk;
}
