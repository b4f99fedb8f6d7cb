import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeIoPort } from "../io-port.ts";
import { openDatabase, runStatement, type Database } from "./database.ts";
import { createDayFiles, type DayFiles } from "./day-files.ts";
import { SPAN_FILES } from "./span-files.ts";
import { fileAlias, openFileOf } from "./index-files.ts";
import { readRows } from "./statement.ts";

const FILE = openFileOf(20_000);
let root = "";
let database: Database;
let connection: DuckDBConnection;
let files: DayFiles;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-days-"));
  await mkdir(join(root, "tmp"));
  database = await openDatabase(root);
  connection = await database.connect();
  files = createDayFiles({
    schema: SPAN_FILES,
    directory: root,
    quarantine: root,
    io: nodeIoPort,
    connection,
    onQuarantine: (file, cause) => {
      throw new Error(`${file} was set aside`, { cause });
    },
  });
});
afterEach(async () => {
  connection.closeSync();
  database.close();
  await rm(root, { recursive: true });
});

async function isAttached(): Promise<boolean> {
  const names = await readRows(connection, "SELECT database_name FROM duckdb_databases()");
  return names.some(([name]) => name === fileAlias(FILE));
}

it("DDB-5 a file that was released is attached again by the next use, one in use is not released", async () => {
  await files.use([FILE], true, async () => {
    await runStatement(connection, "INSERT INTO " + fileAlias(FILE) + ".main.applied VALUES (7)");
    await files.release(FILE);
    expect(await isAttached()).toBe(true);
  });
  await files.release(FILE);
  expect(await isAttached()).toBe(false);
  const applied = await files.use([FILE], false, () =>
    readRows(connection, "SELECT position FROM " + fileAlias(FILE) + ".main.applied"),
  );
  expect(applied).toStrictEqual([[7n]]);
});
