import type { AggregateRow, AggregateSpec, CallFilter, ColumnStats } from "../contract.ts";
import { SUM_SCALE } from "../number-columns.ts";
import { createBinCounts, SKETCH_ERROR, type BinCounts } from "./bins.ts";
import { addCell, type CellKey, type CellTable } from "./cell-table.ts";
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

/** Answers a question from cells: counts and sums exactly, quantiles as sketches. The rows come in no order. */
export function aggregateCells(ranges: readonly CellRange[], spec: AggregateSpec): AggregateRow[] {
  const counts = createBinCounts();
  return [...groupCells(ranges, spec)].map((group) => rowOf(group, spec, counts));
}

interface Group {
  readonly bucketSeconds: number;
  readonly key: CellKey;
  readonly cells: { readonly table: CellTable; readonly cell: number }[];
}

function groupCells(ranges: readonly CellRange[], spec: AggregateSpec): Iterable<Group> {
  const width = spec.bucketNanos === undefined ? undefined : Number(spec.bucketNanos / NANOS);
  const groups = new Map<string, Group>();
  for (const range of ranges) {
    const { table } = range;
    const names = table.keys.map((key) => JSON.stringify(spec.groupBy.map((name) => valueOf(key, name) ?? null)));
    forEachCell(range, spec.filter, (cell, key, place) => {
      const seconds = (table.units[cell] ?? 0) * table.unitSeconds;
      const bucketSeconds = width === undefined ? 0 : Math.floor(seconds / width) * width;
      const name = String(bucketSeconds) + (names[place] ?? "");
      const group = groups.get(name);
      if (group === undefined) groups.set(name, { bucketSeconds, key, cells: [{ table, cell }] });
      else group.cells.push({ table, cell });
    });
  }
  return groups.values();
}

function forEachCell(
  { table, fromUnit, toUnit }: CellRange,
  filter: CallFilter,
  visit: (cell: number, key: CellKey, place: number) => void,
): void {
  const matching = table.keys.map((key) => matches(key, filter));
  for (const [cell, unit] of table.units.entries()) {
    const place = table.keyOf[cell] ?? 0;
    const key = table.keys[place];
    if (unit >= fromUnit && unit < toUnit && key !== undefined && matching[place] === true) visit(cell, key, place);
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

function rowOf({ bucketSeconds, key, cells }: Group, spec: AggregateSpec, counts: BinCounts): AggregateRow {
  const values = spec.groupBy.map((name) => [name, valueOf(key, name)] as const);
  const outcomes = { ok: 0, error: 0, cancelled: 0, abandoned: 0, unknown: 0 };
  let calls = 0;
  for (const { table, cell } of cells) {
    const own = table.calls[cell] ?? 0;
    calls += own;
    outcomes[outcomeOf(table.keys[table.keyOf[cell] ?? 0]?.outcome)] += own;
  }
  return {
    group: Object.fromEntries(values.filter(([, value]) => value !== undefined)),
    ...(spec.bucketNanos === undefined ? {} : { bucketUnixNanos: BigInt(bucketSeconds) * NANOS }),
    calls,
    outcomes,
    columns: Object.fromEntries(spec.columns.map((column) => [column, statsOf(cells, column, spec.quantiles, counts)])),
  };
}

function outcomeOf(outcome: string | undefined): keyof AggregateRow["outcomes"] {
  return outcome === "ok" || outcome === "error" || outcome === "cancelled" || outcome === "abandoned"
    ? outcome
    : "unknown";
}

function statsOf(
  cells: Group["cells"],
  column: AggregateSpec["columns"][number],
  quantiles: readonly number[],
  counts: BinCounts,
): ColumnStats {
  const at = columnIndex(column);
  let sum = 0n;
  counts.clear();
  for (const { table, cell } of cells) {
    const values = table.columns[at];
    if (values === undefined) continue;
    sum += values.sums[cell] ?? 0n;
    addCell(values, cell, counts);
  }
  const { total } = counts;
  const known = { count: total, sum: Number(sum) / SUM_SCALE[column] };
  if (quantiles.length === 0) return { ...known, quantiles: [], exactness: "exact" };
  return {
    ...known,
    quantiles: total === 0 ? [] : quantiles.map((q) => counts.quantile(q)),
    exactness: "sketch",
    relativeError: SKETCH_ERROR,
  };
}
