import type { TimeRange } from "../contract.ts";
import { SLOT_NANOS, SLOT_SECONDS, wideSecondsFor } from "./rollup-rules.ts";

/** Whole units, half-open, counted since the Unix epoch. */
export interface UnitRange {
  readonly unitSeconds: number;
  readonly fromUnit: number;
  readonly toUnit: number;
}

/** A range taken apart: whole wide cells and slots, and what is left at its ends, to be read row by row. */
export interface CellPlan {
  readonly units: readonly UnitRange[];
  readonly edges: readonly TimeRange[];
}

/** @param bucketNanos width of the buckets, a multiple of slots; a cell must not lie in two of them. */
export function planCells(range: TimeRange, bucketNanos: bigint | undefined): CellPlan {
  const { fromUnixNanos, toUnixNanos } = range;
  const [first, end] = [divideUp(fromUnixNanos, SLOT_NANOS), toUnixNanos / SLOT_NANOS];
  if (first >= end) return { units: [], edges: edgesOf([fromUnixNanos, toUnixNanos]) };
  const edges = edgesOf([fromUnixNanos, first * SLOT_NANOS], [end * SLOT_NANOS, toUnixNanos]);
  return { units: unitsOf(Number(first), Number(end), bucketNanos), edges };
}

/** The smallest range of whole slots around a range. */
export function wholeSlots({ fromUnixNanos, toUnixNanos }: TimeRange): TimeRange {
  return {
    fromUnixNanos: (fromUnixNanos / SLOT_NANOS) * SLOT_NANOS,
    toUnixNanos: divideUp(toUnixNanos, SLOT_NANOS) * SLOT_NANOS,
  };
}

/** The part of a range that lies in another one, in the units of the first. */
export function clip({ unitSeconds, fromUnit, toUnit }: UnitRange, fromSeconds: number, toSeconds: number): UnitRange {
  return {
    unitSeconds,
    fromUnit: Math.max(fromUnit, fromSeconds / unitSeconds),
    toUnit: Math.min(toUnit, toSeconds / unitSeconds),
  };
}

/** The same range in smaller units. */
export function inSlots({ unitSeconds, fromUnit, toUnit }: UnitRange): UnitRange {
  const factor = unitSeconds / SLOT_SECONDS;
  return { unitSeconds: SLOT_SECONDS, fromUnit: fromUnit * factor, toUnit: toUnit * factor };
}

function unitsOf(first: number, end: number, bucketNanos: bigint | undefined): readonly UnitRange[] {
  const slots = (fromUnit: number, toUnit: number): UnitRange => ({ unitSeconds: SLOT_SECONDS, fromUnit, toUnit });
  const unitSeconds = wideSecondsFor(bucketNanos) ?? SLOT_SECONDS;
  const factor = unitSeconds / SLOT_SECONDS;
  const [fromUnit, toUnit] = [Math.ceil(first / factor), Math.floor(end / factor)];
  if (fromUnit >= toUnit) return [slots(first, end)];
  const units = [slots(first, fromUnit * factor), { unitSeconds, fromUnit, toUnit }, slots(toUnit * factor, end)];
  return units.filter(({ fromUnit, toUnit }) => fromUnit < toUnit);
}

function edgesOf(...edges: readonly (readonly [bigint, bigint])[]): readonly TimeRange[] {
  return edges.filter(([from, to]) => from < to).map(([from, to]) => ({ fromUnixNanos: from, toUnixNanos: to }));
}

function divideUp(value: bigint, width: bigint): bigint {
  return (value + width - 1n) / width;
}
