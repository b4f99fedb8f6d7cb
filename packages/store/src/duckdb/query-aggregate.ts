import type { DuckDBConnection } from "@duckdb/node-api";
import { sortedAggregate } from "../answer-order.ts";
import type { AggregateRow, AggregateSpec, TimeRange } from "../contract.ts";
import { aggregateCells, countCalls } from "../rollup/aggregate-cells.ts";
import { wholeSlots } from "../rollup/cell-plan.ts";
import { asksForQuantiles, canBeRolledUp } from "../rollup/rollup-rules.ts";
import { aggregateRows } from "./aggregate-rows.ts";
import type { IndexFile } from "./index-files.ts";
import { countIn, type ManyCalls } from "./many-calls.ts";

/**
 * Groups the calls of the given files: by their rows, or by rollups where there are many calls and the question can be
 * answered by them. @throws {QUERY_INVALID} when there are more groups than an answer may hold.
 */
export async function queryAggregate(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  spec: AggregateSpec,
  many: ManyCalls,
): Promise<readonly AggregateRow[]> {
  if (files.length === 0) return [];
  const rolledUp =
    countIn(files, many.callsOf) > many.limit && canBeRolledUp(spec) && !many.prefersRows(files)
      ? await aggregateRollups(connection, files, spec, many)
      : undefined;
  return sortedAggregate(rolledUp ?? (await aggregateRows(connection, files, spec)), spec.groupBy);
}

/** `undefined` when it is better answered by rows. */
async function aggregateRollups(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  spec: AggregateSpec,
  { rollups, limit }: ManyCalls,
): Promise<AggregateRow[] | undefined> {
  const { filter, bucketNanos } = spec;
  const isMany = (ranges: Parameters<typeof countCalls>[0]): boolean =>
    !asksForQuantiles(spec) || countCalls(ranges, filter) > limit;
  // First without the rows at the ends of the range, which cost a scan.
  const whole = wholeSlots(filter.range);
  const around = await rollups.select(connection, files, whole, bucketNanos);
  if (around === undefined || !isMany(around)) return undefined;
  if (isSameRange(whole, filter.range)) return aggregateCells(around, spec);
  const ranges = await rollups.select(connection, files, filter.range, bucketNanos);
  return ranges !== undefined && isMany(ranges) ? aggregateCells(ranges, spec) : undefined;
}

function isSameRange(a: TimeRange, b: TimeRange): boolean {
  return a.fromUnixNanos === b.fromUnixNanos && a.toUnixNanos === b.toUnixNanos;
}
