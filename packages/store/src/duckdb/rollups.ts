import type { DuckDBConnection } from "@duckdb/node-api";
import type { TimeRange } from "../contract.ts";
import type { CellRange } from "../rollup/aggregate-cells.ts";
import { clip, inSlots, planCells, type UnitRange } from "../rollup/cell-plan.ts";
import { bytesOfTable, type CellTable } from "../rollup/cell-table.ts";
import { mergeCells } from "../rollup/merge-cells.ts";
import { SLOT_SECONDS, WIDE_SECONDS } from "../rollup/rollup-rules.ts";
import type { FileSummary } from "./span-files.ts";
import { dayOfFile, fileAlias, isSealed, touchesFile, type IndexFile } from "./index-files.ts";
import type { RollupFiles } from "./rollup-files.ts";
import { readCells, type RowsOfFile } from "./rollup-rows.ts";
import { bigintOf, bind, readRows } from "./statement.ts";
import { createTurns } from "./turns.ts";

const DAY_SECONDS = 86_400;
/** Rows that one statement rolls up: it holds their values in memory. */
const ROWS_AT_ONCE = 500_000;
/** A day whose rollup is larger is answered from its rows. */
const MAX_DAY_BYTES = 16 * 1024 * 1024;
/** Rollups of sealed files that stay in memory. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

/** Rollups of day files: made when they are first asked for, kept up with what is written. */
export interface Rollups {
  /**
   * Cells that together are exactly the finished calls of a range. `undefined` when a day has too many combinations of
   * keys. May read and write rollup files.
   */
  select(
    connection: DuckDBConnection,
    files: readonly IndexFile[],
    range: TimeRange,
    bucketNanos: bigint | undefined,
  ): Promise<readonly CellRange[] | undefined>;
  /** Sealed files whose rollup may not have been made yet. */
  missing(files: readonly IndexFile[]): readonly IndexFile[];
  /** Takes note of a rollup that lies beside its sealed file; its smallest table is read, which tells of all. */
  recall(file: IndexFile): Promise<void>;
  /** Makes the rollup of a sealed file before it is asked for. */
  make(connection: DuckDBConnection, file: IndexFile): Promise<void>;
}

/** What was rolled up of a file that is written to. */
interface OpenRollup {
  readonly state: FileSummary;
  rows: number;
  /** Small ones are joined as they come. */
  runs: readonly CellTable[];
}

/** Options of the rollups. */
export interface RollupsOptions {
  readonly stored: RollupFiles;
  /** Another object whenever the file is another one. */
  readonly stateOf: (file: IndexFile) => FileSummary | undefined;
}

/** Without any rollup in memory. */
export function createRollups({ stored, stateOf }: RollupsOptions): Rollups {
  const open = new Map<IndexFile, OpenRollup>();
  const sealed = createTableCache();
  const tooLarge = new WeakSet<FileSummary>();
  const made = new WeakSet<FileSummary>();
  const inTurn = createTurns();

  function keepIfSmall(state: FileSummary, tables: readonly CellTable[]): boolean {
    if (tables.reduce((sum, table) => sum + bytesOfTable(table), 0) <= MAX_DAY_BYTES) return true;
    tooLarge.add(state);
    return false;
  }

  async function rollUpOpen(connection: DuckDBConnection, file: IndexFile): Promise<readonly CellTable[] | undefined> {
    const state = stateOf(file);
    if (state === undefined || tooLarge.has(state)) return undefined;
    const known = open.get(file);
    const own = known?.state === state ? known : { state, rows: 0, runs: [] };
    open.set(file, own);
    const rows = await countRows(connection, file);
    while (own.rows < rows) {
      const next = Math.min(rows, own.rows + ROWS_AT_ONCE);
      const run = await readCells(connection, [rowsBetween(file, own.rows, next)]);
      if (run === undefined || !keepIfSmall(state, [...own.runs, run])) {
        tooLarge.add(state);
        open.delete(file);
        return undefined;
      }
      own.runs = joinRuns([...own.runs, run]);
      own.rows = next;
    }
    return own.runs;
  }

  async function recallTable(file: IndexFile, state: FileSummary, unitSeconds: number): Promise<CellTable | undefined> {
    const table = await stored.read(file, factsOf(state), unitSeconds);
    if (table === undefined) return undefined;
    made.add(state);
    return sealed.put(file, table, state);
  }

  async function rollUpSealed(
    connection: DuckDBConnection,
    file: IndexFile,
    unitSeconds: number,
  ): Promise<CellTable | undefined> {
    const state = stateOf(file);
    if (state === undefined || tooLarge.has(state)) return undefined;
    const cached = sealed.get(file, unitSeconds, state);
    if (cached !== undefined) return cached;
    const known = await recallTable(file, state, unitSeconds);
    if (known !== undefined) return known;
    const slots = await readFile(connection, file, state.spans);
    if (slots === undefined || !keepIfSmall(state, [slots])) {
      tooLarge.add(state);
      return undefined;
    }
    const tables = [slots, ...WIDE_SECONDS.map((wide) => mergeCells([slots], wide))];
    for (const table of tables) {
      sealed.put(file, table, state);
      // It answers from memory as well; after the next start it is made again.
      await stored.write(file, factsOf(state), table).catch(() => undefined);
    }
    made.add(state);
    return tables.find((table) => table.unitSeconds === unitSeconds);
  }

  async function tablesFor(
    connection: DuckDBConnection,
    file: IndexFile,
    units: UnitRange,
  ): Promise<readonly CellRange[] | undefined> {
    const day = dayOfFile(file);
    const own = clip(units, day * DAY_SECONDS, (day + 1) * DAY_SECONDS);
    if (own.fromUnit >= own.toUnit) return [];
    if (isSealed(file)) {
      const table = await inTurn(file, () => rollUpSealed(connection, file, own.unitSeconds));
      return table === undefined ? undefined : [{ table, ...own }];
    }
    const runs = await inTurn(file, () => rollUpOpen(connection, file));
    return runs?.map((table) => ({ table, ...inSlots(own) }));
  }

  return {
    missing: (files) =>
      files.filter((file) => {
        const state = isSealed(file) ? stateOf(file) : undefined;
        return state !== undefined && !made.has(state) && !tooLarge.has(state);
      }),
    async recall(file) {
      const state = isSealed(file) ? stateOf(file) : undefined;
      // One that cannot be read is made anew.
      if (state !== undefined) await recallTable(file, state, WIDE_SECONDS[0]).catch(() => undefined);
    },
    async make(connection, file) {
      await inTurn(file, () => rollUpSealed(connection, file, WIDE_SECONDS[0]));
    },
    async select(connection, files, range, bucketNanos) {
      for (const [file, { state }] of open) if (stateOf(file) !== state) open.delete(file);
      const plan = planCells(range, bucketNanos);
      const ranges: CellRange[] = [];
      for (const units of plan.units) {
        for (const file of files) {
          const found = await tablesFor(connection, file, units);
          if (found === undefined) return undefined;
          ranges.push(...found);
        }
      }
      const table = await readCells(connection, rowsOfEdges(files, plan.edges));
      if (table === undefined) return undefined;
      return [...ranges, { table, fromUnit: 0, toUnit: Infinity }];
    },
  };
}

function factsOf(state: FileSummary): { readonly spans: number; readonly applied: string } {
  return { spans: state.spans, applied: String(state.applied) };
}

/** Tables of sealed files; the one that was not asked for longest goes first. */
function createTableCache() {
  const tables = new Map<string, { readonly state: FileSummary; readonly table: CellTable; readonly bytes: number }>();
  const nameOf = (file: IndexFile, unitSeconds: number): string => String(file) + "/" + String(unitSeconds);
  return {
    get(file: IndexFile, unitSeconds: number, state: FileSummary): CellTable | undefined {
      const name = nameOf(file, unitSeconds);
      const found = tables.get(name);
      tables.delete(name);
      if (found?.state !== state) return undefined;
      tables.set(name, found);
      return found.table;
    },
    put(file: IndexFile, table: CellTable, state: FileSummary): CellTable {
      tables.set(nameOf(file, table.unitSeconds), { state, table, bytes: bytesOfTable(table) });
      let bytes = [...tables.values()].reduce((sum, entry) => sum + entry.bytes, 0);
      for (const [name, entry] of tables) {
        if (bytes <= MAX_KEPT_BYTES) break;
        tables.delete(name);
        bytes -= entry.bytes;
      }
      return table;
    },
  };
}

/** Every row of a file, some at a time. */
async function readFile(connection: DuckDBConnection, file: IndexFile, rows: number): Promise<CellTable | undefined> {
  const parts: CellTable[] = [];
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    const part = await readCells(connection, [rowsBetween(file, from, from + ROWS_AT_ONCE)]);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.length === 1 ? parts[0] : mergeCells(parts, SLOT_SECONDS);
}

/** So that there are few of them: each is larger than all behind it. */
function joinRuns(runs: readonly CellTable[]): readonly CellTable[] {
  const joined = [...runs];
  for (;;) {
    const [before, last] = joined.slice(-2);
    if (before === undefined || last === undefined || before.units.length > 2 * last.units.length) return joined;
    joined.splice(-2, 2, mergeCells([before, last], SLOT_SECONDS));
  }
}

/** Files grow at their end only. */
function rowsBetween(file: IndexFile, from: number, to: number): RowsOfFile {
  return {
    file,
    condition: {
      sql: "rowid >= $first AND rowid < $end",
      parameters: { first: bind.integer(from), end: bind.integer(to) },
    },
  };
}

function rowsOfEdges(files: readonly IndexFile[], edges: readonly TimeRange[]): readonly RowsOfFile[] {
  return edges.flatMap((edge, at) => {
    const [from, to] = ["from" + String(at), "to" + String(at)];
    const condition = {
      sql: "start_ns >= $" + from + " AND start_ns < $" + to,
      parameters: { [from]: bind.nanos(edge.fromUnixNanos), [to]: bind.nanos(edge.toUnixNanos) },
    };
    return files.filter((file) => touchesFile(edge, file)).map((file) => ({ file, condition }));
  });
}

/** As the transaction of the connection sees them. */
async function countRows(connection: DuckDBConnection, file: IndexFile): Promise<number> {
  const [row] = await readRows(connection, "SELECT count(*) FROM " + fileAlias(file) + ".main.spans");
  return Number(bigintOf(row?.[0]));
}
