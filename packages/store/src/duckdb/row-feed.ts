import { DuckDBTableFunction, type DuckDBConnection } from "@duckdb/node-api";
import duckdb from "@duckdb/node-bindings";
import { runInBackground } from "./background-statement.ts";
import { ROW_COLUMNS, type IndexRows } from "./row-columns.ts";
import { slicesOf, type RowSlice } from "./row-selection.ts";
import { SPAN_COLUMNS } from "./schema.ts";
import { VectorCells } from "./vector-cells.ts";

/** Rows per turn of the event loop: a due group commit goes first. Not more than a vector of the engine holds. */
const SLICE_ROWS = 512;
/** A question may hold the engine's own thread that long. */
const PATIENCE_MS = 30;
const FUNCTION_NAME = "spans_on_their_way";

/** Adds rows to the table of spans of an attached file, within the transaction that the connection has begun. */
export type FeedRows = (alias: string, rows: readonly IndexRows[]) => Promise<void>;

/**
 * A table function through which the engine fetches rows, one slice a call: filling runs on the JavaScript thread, storing
 * on the engine's. One insert at a time, and nothing may wait for it synchronously.
 */
export function createRowFeed(connection: DuckDBConnection): FeedRows {
  const cells = new VectorCells();
  let slices: Iterator<RowSlice<IndexRows>> | undefined;
  let hasBegun = false;

  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name: FUNCTION_NAME,
      bindFunction(info) {
        for (const [at, { name }] of SPAN_COLUMNS.entries()) {
          const type = ROW_COLUMNS[at]?.type;
          if (type !== undefined) info.addResultColumn(name, type);
        }
      },
      initFunction(info) {
        hasBegun = true;
        info.setMaxThreads(1);
      },
      mainFunction(_info, output) {
        const slice = slices?.next().value as RowSlice<IndexRows> | undefined;
        output.rowCount = slice?.rowCount ?? 0;
        if (slice === undefined) return;
        for (const [at, { fill }] of ROW_COLUMNS.entries())
          fill(duckdb.data_chunk_get_vector(output.chunk, at), slice, cells);
      },
    }),
  );

  return async (alias, rows) => {
    slices = slicesOf(rows, SLICE_ROWS);
    hasBegun = false;
    try {
      await runInBackground(connection, "INSERT INTO " + alias + ".main.spans FROM " + FUNCTION_NAME + "()", {
        patienceMs: PATIENCE_MS,
        hasBegun: () => hasBegun,
      });
    } finally {
      slices = undefined;
    }
  };
}
