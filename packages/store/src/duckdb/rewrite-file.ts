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
 * Copies rows of attached files, in their order, into a new file, closes it and reads it back. Only this erases: the
 * engine leaves the bytes of a deleted row where they are. Answers how many rows the new file has.
 */
export async function copyInto(
  connection: DuckDBConnection,
  path: string,
  sources: readonly RowSource[],
): Promise<number> {
  const alias = fileAlias(sources[0]?.file ?? 0) + "n";
  const given: KeySum[] = [];
  await attachFile(connection, path, alias);
  try {
    await createTables(connection, alias);
    for (const source of sources) {
      await copyRows(connection, alias, source, await highestResource(connection, alias));
      given.push(await keySumOf(connection, fileAlias(source.file), source.without));
    }
    await runStatement(connection, "CHECKPOINT " + alias);
  } finally {
    await runStatement(connection, "DETACH " + alias);
  }
  return await readBack(connection, path, alias, given);
}

async function readBack(
  connection: DuckDBConnection,
  path: string,
  alias: string,
  given: readonly KeySum[],
): Promise<number> {
  await attachFile(connection, path, alias, true);
  try {
    await readEverything(connection, alias);
    const { rows, keys } = await keySumOf(connection, alias);
    const expected = given.reduce((sum, one) => ({ rows: sum.rows + one.rows, keys: sum.keys ^ one.keys }), NO_KEYS);
    if (rows !== expected.rows || keys !== expected.keys)
      throw new MonitorError("STORE_UNAVAILABLE", "a copied file does not hold what it was given");
    return rows;
  } finally {
    await runStatement(connection, "DETACH " + alias);
  }
}

/** Rows of a file, and all their identities in one number. */
interface KeySum {
  readonly rows: number;
  readonly keys: bigint;
}
const NO_KEYS: KeySum = { rows: 0, keys: 0n };

async function keySumOf(connection: DuckDBConnection, alias: string, without?: Condition): Promise<KeySum> {
  const [row] = await readRows(
    connection,
    "SELECT count(*), bit_xor(hash(trace_id, span_id, start_ns)) FROM " + alias + ".main.spans" + whereNot(without),
    without?.parameters,
  );
  return { rows: Number(bigintOf(row?.[0])), keys: bigintOf(row?.[1] ?? 0n) };
}

function whereNot(without: Condition | undefined): string {
  // What is unknown is not selected.
  return without === undefined ? "" : " WHERE NOT coalesce(" + without.sql + ", FALSE)";
}

/** Numbers of resources are those of one file; the next one's go on behind them. */
async function copyRows(
  connection: DuckDBConnection,
  alias: string,
  { file, without }: RowSource,
  firstResource: number,
): Promise<void> {
  const [from, offset] = [fileAlias(file) + ".main.", String(firstResource)];
  const columns = SPAN_COLUMNS.map(({ name }) => (name === "resource_id" ? name + " + " + offset : name)).join(", ");
  const spans =
    "INSERT INTO " + alias + ".main.spans SELECT " + columns + " FROM " + from + "spans" + whereNot(without);
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
    await readRows(connection, spans, without?.parameters);
    await runStatement(connection, resources);
    await runStatement(connection, applied);
    await runStatement(connection, "COMMIT");
  } catch (error) {
    await runStatement(connection, "ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function highestResource(connection: DuckDBConnection, alias: string): Promise<number> {
  const [row] = await readRows(connection, "SELECT max(id) FROM " + alias + ".main.resources");
  return numberOrNothing(row?.[0]) ?? 0;
}
