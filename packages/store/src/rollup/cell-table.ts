import { createBinCounts, type BinCounts } from "./bins.ts";
import { ROLLUP_COLUMNS, ROLLUP_KEYS, type RollupKey } from "./rollup-rules.ts";

/** Values that the calls of a cell have in common. */
export type CellKey = Readonly<Record<RollupKey, string | undefined>>;

/** The values of one column, cell after cell. */
export interface CellColumn {
  /** Sum of each cell, as an integer in units of `SUM_SCALE`. */
  readonly sums: readonly bigint[];
  /** Where the bins of each cell begin, and where the last ones end. */
  readonly starts: Uint32Array;
  /** Ascending within a cell; a bin with more than 65,535 values comes several times. */
  readonly bins: Uint16Array;
  readonly counts: Uint16Array;
}

/** Counts, sums and histograms of calls by time and key. Cells of one time and key may come several times. */
export interface CellTable {
  readonly unitSeconds: number;
  readonly keys: readonly CellKey[];
  /** Per cell: its start in units since the Unix epoch, the place of its key, its calls. */
  readonly units: Int32Array;
  readonly keyOf: Uint16Array;
  readonly calls: Uint32Array;
  /** As {@link ROLLUP_COLUMNS}. */
  readonly columns: readonly CellColumn[];
}

const MAX_COUNT = 65_535;

/** Puts cells together: what is added belongs to one cell until `endCell`. */
export interface CellTableBuilder {
  /** One entry per rolled-up column. */
  readonly counts: readonly BinCounts[];
  /** Sums per column, set before `endCell`. */
  readonly sums: bigint[];
  endCell(unit: number, key: CellKey, calls: number): void;
  finish(): CellTable;
}

/** A table without cells so far. */
export function createCellTableBuilder(unitSeconds: number): CellTableBuilder {
  const counts = ROLLUP_COLUMNS.map(createBinCounts);
  const sums = ROLLUP_COLUMNS.map(() => 0n);
  const columns = ROLLUP_COLUMNS.map(() => ({
    sums: [] as bigint[],
    starts: [0],
    bins: [] as number[],
    counts: [] as number[],
  }));
  const keys = new Map<string, number>();
  const keyList: CellKey[] = [];
  const [units, keyOf, calls] = [[] as number[], [] as number[], [] as number[]];

  function placeOf(key: CellKey): number {
    const text = keyText(key);
    const known = keys.get(text);
    if (known !== undefined) return known;
    keys.set(text, keyList.length);
    return keyList.push(key) - 1;
  }

  function endColumn(at: number): void {
    const [own, into] = [counts[at], columns[at]];
    if (own === undefined || into === undefined) return;
    for (let bin = own.low; bin <= own.high; bin++) {
      for (let rest = own.countOf(bin); rest > 0; rest -= MAX_COUNT) {
        into.bins.push(bin);
        into.counts.push(Math.min(rest, MAX_COUNT));
      }
    }
    into.starts.push(into.bins.length);
    into.sums.push(sums[at] ?? 0n);
    sums[at] = 0n;
    own.clear();
  }

  return {
    counts,
    sums,
    endCell(unit, key, callCount) {
      units.push(unit);
      keyOf.push(placeOf(key));
      calls.push(callCount);
      for (let at = 0; at < columns.length; at++) endColumn(at);
    },
    finish: () => ({
      unitSeconds,
      keys: keyList,
      units: Int32Array.from(units),
      keyOf: Uint16Array.from(keyOf),
      calls: Uint32Array.from(calls),
      columns: columns.map((column) => ({
        sums: column.sums,
        starts: Uint32Array.from(column.starts),
        bins: Uint16Array.from(column.bins),
        counts: Uint16Array.from(column.counts),
      })),
    }),
  };
}

/** The same text for the same key only. */
export function keyText(key: CellKey): string {
  return JSON.stringify(ROLLUP_KEYS.map((name) => key[name] ?? null));
}

/** Adds the values of a cell's column. */
export function addCell({ starts, bins, counts }: CellColumn, cell: number, into: BinCounts): void {
  const end = starts[cell + 1] ?? 0;
  for (let at = starts[cell] ?? 0; at < end; at++) into.add(bins[at] ?? 0, counts[at] ?? 0);
}

/** About the memory that a table takes. */
export function bytesOfTable({ units, columns }: CellTable): number {
  const bigintBytes = 24;
  return columns.reduce(
    (sum, column) => sum + column.bins.byteLength * 2 + column.starts.byteLength + column.sums.length * bigintBytes,
    units.length * 10,
  );
}
