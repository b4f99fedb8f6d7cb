import type { DuckDBConnection } from "@duckdb/node-api";
import type { IndexFile } from "./index-files.ts";

/** Runs `ask` on one file, as a question of its own; not at all once the file is gone. */
export type AskFile = (
  file: IndexFile,
  signal: AbortSignal | undefined,
  ask: (connection: DuckDBConnection) => Promise<void>,
) => Promise<void>;
