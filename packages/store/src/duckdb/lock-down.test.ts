import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase, quote, runStatement, type Database } from "./database.ts";
import { readRows } from "./statement.ts";

let root = "";
let database: Database;
let connection: DuckDBConnection;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nexent-lock-"));
  await mkdir(join(root, "index", "tmp"), { recursive: true });
  await mkdir(join(root, "journal"));
  await writeFile(join(root, "journal", "secret"), "canary");
  await symlink(join(root, "journal"), join(root, "index", "link"));
  database = await openDatabase(join(root, "index"), { spillMiB: 512, memoryMiB: 64 });
  connection = await database.connect();
});
afterEach(async () => {
  connection.closeSync();
  database.close();
  await rm(root, { recursive: true });
});

describe("engine lock-down", () => {
  it("DDB-1 W10 attaches and writes new files of its folder after the lock", async () => {
    await runStatement(connection, "ATTACH " + quote(join(root, "index", "2026-11-25.duckdb")) + " AS d20261125");
    await runStatement(connection, "CREATE TABLE d20261125.main.t AS SELECT 7 AS n");
    await runStatement(connection, "CHECKPOINT d20261125");
    expect(await readRows(connection, "SELECT n FROM d20261125.main.t")).toStrictEqual([[7]]);
  });

  it("DDB-1 W10 sorts more than its memory holds by spilling into its folder", async () => {
    const sorted = "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY hash(i)) AS r FROM range(6000000) t(i))";
    expect(await readRows(connection, sorted)).toStrictEqual([[6_000_000n]]);
  });

  it.each([
    [
      "reads a file outside",
      (path: string) => "SELECT * FROM read_text(" + quote(join(path, "journal", "secret")) + ")",
    ],
    [
      "reads through a symlink",
      (path: string) => "SELECT * FROM read_text(" + quote(join(path, "index", "link", "secret")) + ")",
    ],
    [
      "reads through ..",
      (path: string) => "SELECT * FROM read_text(" + quote(join(path, "index") + "/../journal/secret") + ")",
    ],
    ["writes outside", (path: string) => "COPY (SELECT 1) TO " + quote(join(path, "out.csv"))],
    ["attaches outside", (path: string) => "ATTACH " + quote(join(path, "other.duckdb")) + " AS other"],
    ["changes a setting", () => "SET memory_limit = '8GB'"],
    ["opens access again", () => "SET enable_external_access = true"],
    ["installs an extension", () => "INSTALL httpfs"],
    ["loads an extension", () => "LOAD httpfs"],
    ["runs two statements", () => "SELECT 1; SELECT 2"],
  ])("DDB-1 W10 never %s", async (_name, sql) => {
    await expect(readRows(connection, sql(root))).rejects.toThrow();
  });
});
