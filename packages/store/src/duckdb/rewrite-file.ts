import type { DuckDBConnection } from "@duckdb/node-api";
import { MonitorError } from "@nexent/monitor-core";
import type { Condition } from "./call-conditions.ts";
import { runStatement } from "./database.ts";
import { attachFile, createTables, readEverything } from "./day-file.ts";
import { SPAN_FILES } from "./span-files.ts";
import { fileAlias, type IndexFile } from "./index-files.ts";
import { SPAN_COLUMNS } from "./schema.ts";
import { bigintOf, numberOrNothing, readRows } from "./statement.ts";

/** Rows of one attached file that go into a new one. */
export interface RowSource {
  readonly file: IndexFile;
  /** Rows to leave out; none when absent. */
  readonly without?: Condition;
  /** Which rows, by their place in the file; files grow at their end only. Default all. */
  readonly from?: number;
  readonly below?: number;
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
    await createTables(connection, SPAN_FILES.createTables(alias), alias);
    for (const source of sources) {
      await copyRows(connection, alias, source, await highestResource(connection, alias));
      given.push(await keySumOf(connection, fileAlias(source.file), source));
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
    await readEverything(connection, alias, SPAN_FILES.tables);
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

async function keySumOf(
  connection: DuckDBConnection,
  alias: string,
  rows: Omit<RowSource, "file"> = {},
): Promise<KeySum> {
  const [row] = await readRows(
    connection,
    "SELECT count(*), bit_xor(hash(trace_id, span_id, start_ns)) FROM " + alias + ".main.spans" + chosen(rows),
    rows.without?.parameters,
  );
  return { rows: Number(bigintOf(row?.[0])), keys: bigintOf(row?.[1] ?? 0n) };
}

function chosen({ without, from, below }: Omit<RowSource, "file">): string {
  const conditions = [
    ...(from === undefined ? [] : ["rowid >= " + String(from)]),
    ...(below === undefined ? [] : ["rowid < " + String(below)]),
    // What is unknown is not selected.
    ...(without === undefined ? [] : ["NOT coalesce(" + without.sql + ", FALSE)"]),
  ];
  return conditions.length === 0 ? "" : " WHERE " + conditions.join(" AND ");
}

/** Adds rows that came since to a file that was copied before; answers how many. */
export async function addInto(connection: DuckDBConnection, path: string, source: RowSource): Promise<number> {
  const alias = fileAlias(source.file) + "n";
  await attachFile(connection, path, alias);
  try {
    const before = await keySumOf(connection, alias);
    await copyRows(connection, alias, source, 0);
    await runStatement(connection, "CHECKPOINT " + alias);
    return (await keySumOf(connection, alias)).rows - before.rows;
  } finally {
    await runStatement(connection, "DETACH " + alias);
  }
}

/** Numbers of resources are those of one file; the next one's go on behind them. */
async function copyRows(
  connection: DuckDBConnection,
  alias: string,
  source: RowSource,
  firstResource: number,
): Promise<void> {
  const [from, offset] = [fileAlias(source.file) + ".main.", String(firstResource)];
  const columns = SPAN_COLUMNS.map(({ name }) => (name === "resource_id" ? name + " + " + offset : name)).join(", ");
  const spans = "INSERT INTO " + alias + ".main.spans SELECT " + columns + " FROM " + from + "spans" + chosen(source);
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
    ".main.spans) AND id + " +
    offset +
    " NOT IN (SELECT id FROM " +
    alias +
    ".main.resources)";
  const applied =
    "INSERT INTO " + alias + ".main.applied SELECT max(position) FROM " + from + "applied HAVING count(*) > 0";
  await runStatement(connection, "BEGIN TRANSACTION");
  try {
    await readRows(connection, spans, source.without?.parameters);
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
