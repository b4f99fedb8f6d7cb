import {
  DuckDBInstance,
  DuckDBPendingResult,
  DuckDBTableFunction,
  INTEGER,
  type DuckDBConnection,
} from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { handleOf, runInBackground } from "./background-statement.ts";

const PATIENCE = { patienceMs: 60_000 };
let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeEach(async () => {
  instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  connection = await instance.connect();
});
afterEach(() => {
  connection.closeSync();
  instance.closeSync();
});

async function numberOf(sql: string): Promise<unknown> {
  return (await connection.runAndReadAll(sql)).getRows()[0]?.[0];
}

/** The same connection, of a node-api that keeps the handles of pending results elsewhere. */
function withoutHandles(real: DuckDBConnection): Pick<DuckDBConnection, "prepare"> {
  return {
    async prepare(sql) {
      const statement = await real.prepare(sql);
      const start = statement.start.bind(statement);
      statement.start = () => {
        const pending = start();
        const handle = handleOf(pending);
        if (handle === undefined) return pending;
        const known = new DuckDBPendingResult(handle);
        Reflect.deleteProperty(pending, "pending_result");
        pending.getResult = () => known.getResult();
        return pending;
      };
      return statement;
    },
  };
}

/** A table function of one row that calls back when the engine asks for it. */
function registerCall(name: string, call: () => void): void {
  let isDone = false;
  connection.registerTableFunction(
    DuckDBTableFunction.create({
      name,
      bindFunction: (info) => info.addResultColumn("n", INTEGER),
      initFunction: () => (isDone = false),
      mainFunction(_info, output) {
        output.rowCount = isDone ? 0 : 1;
        if (isDone) return;
        isDone = true;
        call();
        output.getColumnVector(0).setItem(0, 7);
        output.getColumnVector(0).flush();
      },
    }),
  );
}

describe("statement in the background", () => {
  it("is done when it resolves", async () => {
    await runInBackground(connection, "CREATE TABLE t AS SELECT * FROM range(10000) r(n)", PATIENCE);
    expect(await numberOf("SELECT count(*) FROM t")).toBe(10_000n);
  });

  it("throws what the engine says, when planning and when running", async () => {
    await expect(runInBackground(connection, "SELECT * FROM nothing", PATIENCE)).rejects.toThrow(/nothing/);
    const failing = "CREATE TABLE t AS SELECT error('broken at ' || n) FROM range(3) r(n)";
    await expect(runInBackground(connection, failing, PATIENCE)).rejects.toThrow(/broken at/);
    expect(await numberOf("SELECT count(*) FROM duckdb_tables()")).toBe(0n);
  });

  it("lets the event loop turn while the engine fetches rows", async () => {
    await connection.run("CREATE TABLE t(n INTEGER)");
    registerCall("seven", () => undefined);
    await runInBackground(connection, "INSERT INTO t FROM seven()", PATIENCE);
    expect(await numberOf("SELECT n FROM t")).toBe(7);
  });

  it("passes on what a table function throws", async () => {
    await connection.run("CREATE TABLE t(n INTEGER)");
    registerCall("failing", () => {
      throw new Error("no row today");
    });
    await expect(runInBackground(connection, "INSERT INTO t FROM failing()", PATIENCE)).rejects.toThrow(/no row today/);
    expect(await numberOf("SELECT count(*) FROM t")).toBe(0n);
  });

  it("goes on without the engine's thread when that is busy for longer than its patience", async () => {
    const other = await instance.connect();
    const question = other
      .run("SELECT max(a.n * b.n % 7) FROM range(100000000) a(n), range(100000) b(n)")
      .catch(() => "ended");
    await runInBackground(connection, "CREATE TABLE t AS SELECT 7 AS n", { patienceMs: 1 });
    expect(await numberOf("SELECT n FROM t")).toBe(7);
    other.interrupt();
    expect(await question).toBe("ended");
    other.closeSync();
  });

  it("can ask the engine of the pinned node-api how far a statement is", async () => {
    const statement = await connection.prepare("SELECT 7");
    const pending = statement.start();
    expect(
      handleOf(pending),
      "this node-api keeps the handle of a pending result elsewhere: find it before it is pinned, or inserts cost a second core",
    ).toBeDefined();
    await pending.getResult();
    statement.destroySync();
  });

  it("waits as the node-api does when the engine cannot be asked", async () => {
    const sql = "CREATE TABLE t AS SELECT * FROM range(10000) r(n)";
    await runInBackground(withoutHandles(connection), sql, PATIENCE);
    expect(await numberOf("SELECT count(*) FROM t")).toBe(10_000n);
    const failing = "INSERT INTO t SELECT error('broken at ' || n) FROM range(3) r(n)";
    await expect(runInBackground(withoutHandles(connection), failing, PATIENCE)).rejects.toThrow(/broken at/);
  });
});
