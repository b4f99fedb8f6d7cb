import { BinCounts } from "./bins.ts";
import { ExactSum } from "./exact-sum.ts";
import { ROLLUP_COLUMNS, ROLLUP_KEYS, type RollupKey } from "./rollup-rules.ts";

/** Values that the calls of a cell have in common. */
export type CellKey = Readonly<Record<RollupKey, string | undefined>>;

/** The values of one column, cell after cell. */
export interface CellColumn {
  /** Sum of each cell in units of `1 / SUM_SCALE`, exactly: `high * SUM_BASE + low`. */
  readonly sumsHigh: Float64Array;
  readonly sumsLow: Float64Array;
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
  /** One sum per rolled-up column. */
  readonly sums: readonly ExactSum[];
  endCell(unit: number, key: CellKey, calls: number): void;
  finish(): CellTable;
}

/** A table without cells so far. */
export function createCellTableBuilder(unitSeconds: number): CellTableBuilder {
  const counts = ROLLUP_COLUMNS.map(() => new BinCounts());
  const sums = ROLLUP_COLUMNS.map(() => new ExactSum());
  const columns = ROLLUP_COLUMNS.map(() => ({
    high: [] as number[],
    low: [] as number[],
    starts: [0],
    bins: [] as number[],
    counts: [] as number[],
  }));
  const keyList: CellKey[] = [];
  const placeOf = createKeyPlaces(keyList);
  const [units, keyOf, calls] = [[] as number[], [] as number[], [] as number[]];

  function endColumn(at: number): void {
    const [own, sum, into] = [counts[at], sums[at], columns[at]];
    if (own === undefined || sum === undefined || into === undefined) return;
    own.forEach((bin, count) => {
      for (let rest = count; rest > 0; rest -= MAX_COUNT) {
        into.bins.push(bin);
        into.counts.push(Math.min(rest, MAX_COUNT));
      }
    });
    into.starts.push(into.bins.length);
    into.high.push(sum.high);
    into.low.push(sum.low);
    sum.clear();
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
        sumsHigh: Float64Array.from(column.high),
        sumsLow: Float64Array.from(column.low),
        starts: Uint32Array.from(column.starts),
        bins: Uint16Array.from(column.bins),
        counts: Uint16Array.from(column.counts),
      })),
    }),
  };
}

/** Places of keys in a list that grows with them; most keys come many times. */
function createKeyPlaces(keys: CellKey[]): (key: CellKey) => number {
  const byModel = new Map<string | undefined, number[]>();
  return (key) => {
    const sameModel = byModel.get(key.model) ?? [];
    const known = sameModel.find((place) => ROLLUP_KEYS.every((name) => keys[place]?.[name] === key[name]));
    if (known !== undefined) return known;
    byModel.set(key.model, [...sameModel, keys.length]);
    return keys.push(key) - 1;
  };
}

/** The same text for the same key only. */
export function keyText(key: CellKey): string {
  return JSON.stringify(ROLLUP_KEYS.map((name) => key[name] ?? null));
}

/** Adds the values of a cell's column. */
export function addCell(column: CellColumn, cell: number, counts: BinCounts, sum: ExactSum): void {
  counts.addAll(column.bins, column.counts, column.starts[cell] ?? 0, column.starts[cell + 1] ?? 0);
  sum.addParts(column.sumsHigh[cell] ?? 0, column.sumsLow[cell] ?? 0);
}

/** About the memory that a table takes. */
export function bytesOfTable({ units, columns }: CellTable): number {
  return columns.reduce(
    (sum, { bins, starts, sumsLow }) => sum + bins.byteLength * 2 + starts.byteLength + sumsLow.byteLength * 2,
    units.length * 10,
  );
}
