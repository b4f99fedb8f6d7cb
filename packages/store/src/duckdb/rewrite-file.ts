import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import type { Condition } from "./call-conditions.ts";
import { runStatement } from "./database.ts";
import { attachFile, createTables, readEverything } from "./day-files.ts";
import { fileAlias, type IndexFile } from "./index-files.ts";
import { SPAN_COLUMNS } from "./schema.ts";
import { bigintOf, numberOrNothing, readRows } from "./statement.ts";

/** Rows of one attached file that go into a new one. */
export interface RowSource {
  readonly file: IndexFile;
  /** Rows to leave out; none when absent. */
  readonly without?: Condition;
}

/**
 * Copies rows of attached files, in their order, into a new file, reads it back and closes it. Only this erases: the
 * engine leaves the bytes of a deleted row where they are. Answers how many rows the new file has.
 */
export async function copyInto(
  connection: DuckDBConnection,
  path: string,
  sources: readonly RowSource[],
): Promise<number> {
  const alias = fileAlias(sources[0]?.file ?? 0) + "n";
  await attachFile(connection, path, alias);
  try {
    await createTables(connection, alias);
    let rows = 0;
    let firstResource = 0;
    for (const source of sources) {
      rows += await copyRows(connection, alias, source, firstResource);
      firstResource = await highestResource(connection, alias);
    }
    await runStatement(connection, "CHECKPOINT " + alias);
    await readEverything(connection, alias);
    const written = await countRows(connection, alias);
    if (written !== rows) throw new MonitorError("STORE_UNAVAILABLE", "a copied file does not hold what it was given");
    return rows;
  } finally {
    await runStatement(connection, "DETACH " + alias);
  }
}

/** Numbers of resources are those of one file; the next one's go on behind them. */
async function copyRows(
  connection: DuckDBConnection,
  alias: string,
  { file, without }: RowSource,
  firstResource: number,
): Promise<number> {
  const [from, offset] = [fileAlias(file) + ".main.", String(firstResource)];
  const columns = SPAN_COLUMNS.map(({ name }) => (name === "resource_id" ? name + " + " + offset : name)).join(", ");
  const kept = without === undefined ? "" : " WHERE NOT coalesce(" + without.sql + ", FALSE)";
  const spans = "INSERT INTO " + alias + ".main.spans SELECT " + columns + " FROM " + from + "spans" + kept;
  const resources =
    "INSERT INTO " +
    alias +
    ".main.resources SELECT id + " +
    offset +
    ", service, attributes FROM " +
    from +
    "resources WHERE id + " +
    offset +
    " IN (SELECT resource_id FROM " +
    alias +
    ".main.spans)";
  const applied =
    "INSERT INTO " + alias + ".main.applied SELECT max(position) FROM " + from + "applied HAVING count(*) > 0";
  await runStatement(connection, "BEGIN TRANSACTION");
  try {
    const [inserted] = await readRows(connection, spans, without?.parameters);
    await runStatement(connection, resources);
    await runStatement(connection, applied);
    await runStatement(connection, "COMMIT");
    return Number(bigintOf(inserted?.[0]));
  } catch (error) {
    await runStatement(connection, "ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function highestResource(connection: DuckDBConnection, alias: string): Promise<number> {
  const [row] = await readRows(connection, "SELECT max(id) FROM " + alias + ".main.resources");
  return numberOrNothing(row?.[0]) ?? 0;
}

async function countRows(connection: DuckDBConnection, alias: string): Promise<number> {
  const [row] = await readRows(connection, "SELECT count(*) FROM " + alias + ".main.spans");
  return Number(bigintOf(row?.[0]));
}
