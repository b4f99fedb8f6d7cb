import type { AggregateRow, AggregateSpec, CallFilter, ColumnStats, GroupKey, NumberColumn } from "../contract.ts";
import { SUM_SCALE } from "../number-columns.ts";
import { BinCounts, SKETCH_ERROR } from "./bins.ts";
import { addCell, type CellKey, type CellTable } from "./cell-table.ts";
import { ExactSum } from "./exact-sum.ts";
import { columnIndex, ROLLUP_KEYS } from "./rollup-rules.ts";

const NANOS = 1_000_000_000n;

/** The cells of a table with `fromUnit <= unit < toUnit`. */
export interface CellRange {
  readonly table: CellTable;
  readonly fromUnit: number;
  readonly toUnit: number;
}

/** Calls of some cells that match a filter, its range aside. */
export function countCalls(ranges: readonly CellRange[], filter: CallFilter): number {
  let calls = 0;
  for (const range of ranges) forEachCell(range, filter, (cell) => (calls += range.table.calls[cell] ?? 0));
  return calls;
}

/** The values of one column in the cells that match a filter, its range aside; nothing for a column without bins. */
export function countBins(ranges: readonly CellRange[], filter: CallFilter, column: NumberColumn): BinCounts {
  const [counts, sum, at] = [new BinCounts(), new ExactSum(), columnIndex(column)];
  for (const range of ranges) {
    const values = range.table.columns[at];
    if (values !== undefined) forEachCell(range, filter, (cell) => addCell(values, cell, counts, sum));
  }
  return counts;
}

/** Answers a question from cells: counts and sums exactly, quantiles as sketches. The rows come in no order. */
export function aggregateCells(ranges: readonly CellRange[], spec: AggregateSpec): AggregateRow[] {
  const sums = { counts: new BinCounts(), sum: new ExactSum() };
  return groupCells(ranges, spec).map((group) => rowOf(group, spec, sums));
}

interface Group {
  readonly bucketSeconds: number;
  readonly key: CellKey;
  readonly parts: { readonly table: CellTable; readonly outcomes: Uint8Array; readonly cells: number[] }[];
}

/** In the order in which they are counted. */
const OUTCOMES = ["ok", "error", "cancelled", "abandoned", "unknown"] as const;

function groupCells(ranges: readonly CellRange[], spec: AggregateSpec): readonly Group[] {
  const width = spec.bucketNanos === undefined ? undefined : Number(spec.bucketNanos / NANOS);
  /** Groups by bucket, per combination of group values. */
  const groups = new Map<string, Map<number, Group>>();
  for (const range of ranges) {
    const { table } = range;
    const byKey = table.keys.map((key) => groupsOf(groups, key, spec));
    const outcomes = Uint8Array.from(table.keys, (key) => outcomeOf(key.outcome));
    forEachCell(range, spec.filter, (cell, key, place) => {
      const seconds = (table.units[cell] ?? 0) * table.unitSeconds;
      const bucketSeconds = width === undefined ? 0 : Math.floor(seconds / width) * width;
      const group = byKey[place]?.get(bucketSeconds) ?? { bucketSeconds, key, parts: [] };
      byKey[place]?.set(bucketSeconds, group);
      const last = group.parts.at(-1);
      if (last?.table === table) last.cells.push(cell);
      else group.parts.push({ table, outcomes, cells: [cell] });
    });
  }
  return [...groups.values()].flatMap((byBucket) => [...byBucket.values()]);
}

function groupsOf(groups: Map<string, Map<number, Group>>, key: CellKey, spec: AggregateSpec): Map<number, Group> {
  const name = JSON.stringify(spec.groupBy.map((one) => valueOf(key, one) ?? null));
  const known = groups.get(name) ?? new Map<number, Group>();
  groups.set(name, known);
  return known;
}

function forEachCell(
  { table, fromUnit, toUnit }: CellRange,
  filter: CallFilter,
  visit: (cell: number, key: CellKey, place: number) => void,
): void {
  const { units, keys, keyOf } = table;
  const matching = keys.map((key) => matches(key, filter));
  // Tens of thousands: an iterator would make an object for each.
  for (let cell = 0; cell < units.length; cell++) {
    const unit = units[cell] ?? 0;
    if (unit < fromUnit || unit >= toUnit) continue;
    const place = keyOf[cell] ?? 0;
    const key = keys[place];
    if (key !== undefined && matching[place] === true) visit(cell, key, place);
  }
}

function matches(key: CellKey, { models, operations, providers, outcomes }: CallFilter): boolean {
  const oneOf = (value: string | undefined, list: readonly string[] = []): boolean =>
    list.length === 0 || (value !== undefined && list.includes(value));
  return (
    oneOf(key.model, models) &&
    oneOf(key.operation, operations) &&
    oneOf(key.provider, providers) &&
    oneOf(key.outcome, outcomes)
  );
}

function valueOf(key: CellKey, name: string): string | undefined {
  const known = ROLLUP_KEYS.find((one) => one === name);
  return known === undefined ? undefined : key[known];
}

/** Used again for each group. */
interface Sums {
  readonly counts: BinCounts;
  readonly sum: ExactSum;
}

function rowOf({ bucketSeconds, key, parts }: Group, spec: AggregateSpec, sums: Sums): AggregateRow {
  const counted = [0, 0, 0, 0, 0];
  let calls = 0;
  for (const { table, outcomes, cells } of parts) {
    for (const cell of cells) {
      const own = table.calls[cell] ?? 0;
      const outcome = outcomes[table.keyOf[cell] ?? 0] ?? 0;
      calls += own;
      counted[outcome] = (counted[outcome] ?? 0) + own;
    }
  }
  const [ok = 0, error = 0, cancelled = 0, abandoned = 0, unknown = 0] = counted;
  const outcomes = { ok, error, cancelled, abandoned, unknown };
  const columns: Partial<Record<NumberColumn, ColumnStats>> = {};
  for (const column of spec.columns) columns[column] = statsOf(parts, column, spec.quantiles, sums);
  const row = { group: groupOf(key, spec.groupBy), calls, outcomes, columns };
  return spec.bucketNanos === undefined ? row : Object.assign(row, { bucketUnixNanos: BigInt(bucketSeconds) * NANOS });
}

function groupOf(key: CellKey, names: readonly GroupKey[]): AggregateRow["group"] {
  const group: Partial<Record<GroupKey, string>> = {};
  for (const name of names) {
    const value = valueOf(key, name);
    if (value !== undefined) group[name] = value;
  }
  return group;
}

function outcomeOf(outcome: string | undefined): number {
  const known = OUTCOMES.findIndex((one) => one === outcome);
  return known < 0 ? OUTCOMES.length - 1 : known;
}

function statsOf(
  parts: Group["parts"],
  column: AggregateSpec["columns"][number],
  quantiles: readonly number[],
  { counts, sum }: Sums,
): ColumnStats {
  const at = columnIndex(column);
  counts.clear();
  sum.clear();
  for (const { table, cells } of parts) {
    const values = table.columns[at];
    if (values !== undefined) for (const cell of cells) addCell(values, cell, counts, sum);
  }
  const count = counts.total;
  const total = sum.toNumber() / SUM_SCALE[column];
  // Thousands of these: written out, as spreading an object costs more than the statistics.
  if (quantiles.length === 0) return { count, sum: total, quantiles: [], exactness: "exact" };
  const values = count === 0 ? [] : quantiles.map((q) => counts.quantile(q));
  return { count, sum: total, quantiles: values, exactness: "sketch", relativeError: SKETCH_ERROR };
}
