import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase, runStatement, type Database } from "./database.ts";
import { attachFile, createTables } from "./day-file.ts";
import { SPAN_FILES } from "./span-files.ts";
import { fileAlias, fileName, isSealed, openFileOf, sealedFileOf, type IndexFile } from "./index-files.ts";
import { createTraceFilters, type TraceFilters } from "./trace-filters.ts";

const ROWS = 2_000;
const FILES = [sealedFileOf(1), sealedFileOf(2), openFileOf(3)];

let directory: string;
let database: Database;
let connection: DuckDBConnection;
let states: Map<IndexFile, { spans: number }>;

/** Id of one trace of a file. */
function traceOf(file: IndexFile, row: number): string {
  return (BigInt(file) * 1_000_000n + BigInt(row) + 1n).toString(16).padStart(32, "0");
}

async function insert(file: IndexFile, from: number, count: number): Promise<void> {
  const id = "(lpad(to_hex(" + String(file * 1_000_000 + from + 1) + " + i), 32, '0'))::UUID";
  const rows = "SELECT i, " + id + " FROM range(" + String(count) + ") r(i)";
  await runStatement(connection, "INSERT INTO " + fileAlias(file) + ".main.spans (start_ns, trace_id) " + rows);
  states.set(file, { spans: from + count });
}

async function select(filters: TraceFilters, traceIds: readonly string[]): Promise<readonly IndexFile[]> {
  return (await filters.select(connection, FILES, traceIds)).map(({ file }) => file);
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nexent-filters-"));
  database = await openDatabase(directory);
  connection = await database.connect();
  states = new Map();
  for (const file of FILES) {
    await attachFile(connection, join(directory, fileName(file)), fileAlias(file));
    await createTables(connection, SPAN_FILES.createTables(fileAlias(file)), fileAlias(file));
    await insert(file, 0, ROWS);
  }
});

afterEach(async () => {
  connection.closeSync();
  database.close();
  await rm(directory, { recursive: true, force: true });
});

test("DDB-9 a file that holds a trace is always selected, most of those that do not are left out", async () => {
  const filters = createTraceFilters((file) => states.get(file));
  for (const file of FILES.filter(isSealed)) await filters.make(connection, file);
  let inVain = 0;
  for (let row = 0; row < ROWS; row += 10) {
    for (const file of FILES) {
      const selected = await select(filters, [traceOf(file, row)]);
      expect(selected).toContain(file);
      // Files that are written to are asked every time.
      expect(selected).toContain(openFileOf(3));
      inVain += selected.filter((one) => one !== file && one !== openFileOf(3)).length;
    }
  }
  expect(inVain).toBeLessThan(ROWS / 10 / 20);
  const two = [traceOf(sealedFileOf(2), 5), traceOf(sealedFileOf(1), 5)];
  expect(await select(filters, two)).toEqual(FILES);
});

test("DDB-9 a file that was made anew is not judged by what it was", async () => {
  const filters = createTraceFilters((file) => states.get(file));
  await filters.make(connection, sealedFileOf(1));
  await insert(sealedFileOf(1), ROWS, 500);
  for (let row = ROWS; row < ROWS + 500; row += 25)
    expect(await select(filters, [traceOf(sealedFileOf(1), row)])).toContain(sealedFileOf(1));
});

test("DDB-9 of a sealed file only the starts are told among which a trace may be", async () => {
  const file = sealedFileOf(1);
  await insert(file, ROWS, 300_000);
  const filters = createTraceFilters((one) => states.get(one));
  expect(await filters.select(connection, [file], [traceOf(file, 400_000)])).toEqual([{ file }]);
  expect(filters.missing(FILES)).toEqual([file]);
  await filters.make(connection, file);
  expect(filters.missing(FILES)).toEqual([]);
  for (const row of [0, 5_000, 200_000, 301_999]) {
    const [place] = await filters.select(connection, [file], [traceOf(file, row)]);
    // Rows that were inserted later start anew.
    const start = BigInt(row < ROWS ? row : row - ROWS);
    expect(place?.starts?.some(({ first, last }) => first <= start && start <= last)).toBe(true);
  }
  expect(await filters.select(connection, [file], [traceOf(file, 400_000)])).toEqual([]);
  const [both] = await filters.select(connection, [file], [traceOf(file, 0), traceOf(file, 301_000)]);
  expect(both?.starts).toHaveLength(2);
});
