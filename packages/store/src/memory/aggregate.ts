import type { AggregateRow, AggregateSpec, ColumnStats, GroupKey, NumberColumn, StoredSpan } from "../contract.ts";
import { numberOf, SUM_SCALE } from "../number-columns.ts";
import { binOf, SKETCH_ERROR, valueOfBin } from "../rollup/bins.ts";
import { asksForQuantiles, canBeRolledUp } from "../rollup/rollup-rules.ts";

/**
 * Groups calls and computes every value; the rows come in no particular order. Quantiles of more calls than the limit are
 * sketches where the question allows it.
 */
export function aggregateCalls(
  calls: readonly StoredSpan[],
  spec: AggregateSpec,
  exactQuantileLimit: number,
): AggregateRow[] {
  const isSketch = asksForQuantiles(spec) && canBeRolledUp(spec) && calls.length > exactQuantileLimit;
  const groups = new Map<string, StoredSpan[]>();
  for (const call of calls) {
    const key = JSON.stringify([
      String(bucketOf(call, spec)),
      ...spec.groupBy.map((name) => groupValue(call, name) ?? null),
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [call]);
    else group.push(call);
  }
  return [...groups.values()].map((group) => rowOf(group, spec, isSketch));
}

function bucketOf(call: StoredSpan, spec: AggregateSpec): bigint | undefined {
  if (spec.bucketNanos === undefined) return undefined;
  return (call.span.startUnixNanos / spec.bucketNanos) * spec.bucketNanos;
}

function groupValue(call: StoredSpan, key: GroupKey): string | undefined {
  return key === "service" ? call.span.resource.service : call.llm?.[key];
}

function rowOf(calls: readonly StoredSpan[], spec: AggregateSpec, isSketch: boolean): AggregateRow {
  const [first] = calls;
  if (first === undefined) throw new RangeError("a group has at least one call");
  const bucket = bucketOf(first, spec);
  const values = spec.groupBy
    .map((key) => [key, groupValue(first, key)] as const)
    .filter(([, value]) => value !== undefined);
  const columns = spec.columns.map((column) => [column, statsOf(calls, column, spec.quantiles, isSketch)] as const);
  return {
    group: Object.fromEntries(values),
    ...(bucket === undefined ? {} : { bucketUnixNanos: bucket }),
    calls: calls.length,
    outcomes: countOutcomes(calls),
    columns: Object.fromEntries(columns),
  };
}

function countOutcomes(calls: readonly StoredSpan[]): AggregateRow["outcomes"] {
  const counts = { ok: 0, error: 0, cancelled: 0, abandoned: 0, unknown: 0 };
  for (const call of calls) counts[call.llm?.outcome ?? "unknown"]++;
  return counts;
}

function statsOf(
  calls: readonly StoredSpan[],
  column: NumberColumn,
  quantiles: readonly number[],
  isSketch: boolean,
): ColumnStats {
  const values = calls.map((call) => numberOf(call, column)).filter((value) => value !== undefined);
  values.sort((a, b) => a - b);
  const scale = SUM_SCALE[column];
  const sum = values.reduce((total, value) => total + BigInt(Math.round(value * scale)), 0n);
  const known = isSketch ? values.map((value) => valueOfBin(binOf(value))) : values;
  return {
    count: values.length,
    sum: Number(sum) / scale,
    quantiles: values.length === 0 ? [] : quantiles.map((q) => quantileOf(known, q)),
    ...(isSketch ? { exactness: "sketch", relativeError: SKETCH_ERROR } : { exactness: "exact" }),
  };
}

/** Linear interpolation between the two nearest ranks. */
function quantileOf(sorted: readonly number[], q: number): number {
  const rank = (sorted.length - 1) * q;
  const low = sorted[Math.floor(rank)] ?? Number.NaN;
  const high = sorted[Math.ceil(rank)] ?? Number.NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}
