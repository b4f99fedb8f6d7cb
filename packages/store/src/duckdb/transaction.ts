import type { DuckDBConnection } from "@duckdb/node-api";
import { runStatement } from "./database.ts";

/** All statements of `work` see one state. */
export async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await runStatement(connection, "BEGIN TRANSACTION READ ONLY");
  try {
    return await work();
  } finally {
    // After an interrupt the transaction may be gone already.
    await runStatement(connection, "ROLLBACK").catch(() => undefined);
  }
}
