import type { DuckDBConnection } from "@duckdb/node-api";
import { checkSchema, readApplied, type DayFileSchema } from "./day-file.ts";
import { fileAlias, type IndexFile } from "./index-files.ts";
import { createDayTables, SCHEMA_VERSION } from "./schema.ts";
import { readSpanFacts } from "./span-facts.ts";

/**
 * A commit of at least a whole row group is packed and written in its place at once, neither logged nor kept in memory
 * until a checkpoint packs it; with the engine's 122,880 rows none ever would be. Sealed files are made with the
 * engine's size.
 */
export const ROW_GROUP_ROWS = 4_096;

/** What is known about a file of the index. */
export interface FileSummary {
  /** Everything up to this journal position that belongs to the day is in the files of the day up to this one. */
  applied: bigint;
  spans: number;
  calls: number;
  oldestUnixNanos: bigint | undefined;
  newestCallUnixNanos: bigint | undefined;
}

/** Files of spans. */
export const SPAN_FILES: DayFileSchema<FileSummary> = {
  createTables: createDayTables,
  emptySummary: () => ({
    applied: 0n,
    spans: 0,
    calls: 0,
    oldestUnixNanos: undefined,
    newestCallUnixNanos: undefined,
  }),
  readSummary,
  tables: ["spans", "resources", "applied", "meta"],
  rowGroupRows: ROW_GROUP_ROWS,
};

async function readSummary(connection: DuckDBConnection, file: IndexFile): Promise<FileSummary> {
  const alias = fileAlias(file);
  await checkSchema(connection, file, SCHEMA_VERSION);
  const applied = await readApplied(connection, alias);
  return { applied, ...(await readSpanFacts(connection, alias)) };
}
