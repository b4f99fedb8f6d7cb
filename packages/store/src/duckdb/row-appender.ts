import { setImmediate } from "node:timers/promises";
import { DuckDBDataChunk, type DuckDBConnection } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { ROW_COLUMNS, type IndexRow } from "./row-columns.ts";
import { VectorCells } from "./vector-cells.ts";

/** Rows per slice between two turns of the event loop: a due group commit goes first. */
const SLICE_ROWS = 512;

/** Adds rows to the table of spans of an attached file, within the transaction that the connection has begun. */
export type AppendRows = (alias: string, rows: readonly IndexRow[]) => Promise<void>;

/** An appender over the connection that writes; one call at a time. */
export function createRowAppender(connection: DuckDBConnection): AppendRows {
  const cells = new VectorCells();
  const chunk = DuckDBDataChunk.create(ROW_COLUMNS.map(({ type }) => type));

  function fillChunk(rows: readonly IndexRow[]): void {
    chunk.reset();
    chunk.rowCount = rows.length;
    for (const [index, { fill }] of ROW_COLUMNS.entries())
      fill(duckdb.data_chunk_get_vector(chunk.chunk, index), rows, cells);
  }

  return async (alias, rows) => {
    const appender = await connection.createAppender("spans", "main", alias);
    try {
      for (let from = 0; from < rows.length; from += SLICE_ROWS) {
        fillChunk(rows.slice(from, from + SLICE_ROWS));
        appender.appendDataChunk(chunk);
        appender.flushSync();
        await setImmediate();
      }
    } catch (error) {
      appender.clear();
      throw error;
    } finally {
      appender.closeSync();
    }
  };
}
