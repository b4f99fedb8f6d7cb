import type { AggregateSpec, GroupKey, NumberColumn } from "../contract.ts";

/** Columns whose values are rolled up, in this order. */
export const ROLLUP_COLUMNS = [
  "durationSeconds",
  "ttftSeconds",
  "generationRateTokensPerSecond",
  "outputTokens",
] as const satisfies readonly NumberColumn[];

/** What calls of one cell have in common. */
export const ROLLUP_KEYS = ["provider", "model", "operation", "outcome"] as const satisfies readonly GroupKey[];
export type RollupKey = (typeof ROLLUP_KEYS)[number];

/** Width of the narrowest cells: it divides the step of every series over a day and more. */
export const SLOT_SECONDS = 60;
/** Widths of the cells that long ranges are answered from, widest first: each divides those before it. */
export const WIDE_SECONDS = [3_600, 900] as const;

const NANOS = 1_000_000_000n;
export const SLOT_NANOS = BigInt(SLOT_SECONDS) * NANOS;

/** The widest cells of which none lies in two buckets; `undefined` when only slots are narrow enough. */
export function wideSecondsFor(bucketNanos: bigint | undefined): number | undefined {
  return WIDE_SECONDS.find((seconds) => bucketNanos === undefined || bucketNanos % (BigInt(seconds) * NANOS) === 0n);
}

/** Whether cells can answer a question: they know nothing of services, error types, texts and other columns. */
export function canBeRolledUp({ filter, groupBy, bucketNanos, columns }: AggregateSpec): boolean {
  const hasNone = (list: readonly unknown[] | string | undefined): boolean => list === undefined || list.length === 0;
  return (
    hasNone(filter.services) &&
    hasNone(filter.text) &&
    hasNone(filter.number) &&
    groupBy.every(isRollupKey) &&
    columns.every((column) => columnIndex(column) >= 0) &&
    (bucketNanos === undefined || bucketNanos % SLOT_NANOS === 0n)
  );
}

/** Whether a question asks for what cells know only within {@link SKETCH_ERROR}. */
export function asksForQuantiles({ columns, quantiles }: AggregateSpec): boolean {
  return columns.length > 0 && quantiles.length > 0;
}

/** Where a column stands in a cell; -1 when it is not rolled up. */
export function columnIndex(column: NumberColumn): number {
  return (ROLLUP_COLUMNS as readonly NumberColumn[]).indexOf(column);
}

function isRollupKey(key: GroupKey): key is RollupKey {
  return (ROLLUP_KEYS as readonly GroupKey[]).includes(key);
}
