import type { Stat } from "@nexent/monitor-api";
import type {
  AggregateRow,
  AggregateSpec,
  CallFilter,
  ColumnStats,
  NumberColumn,
  TraceStore,
} from "@nexent/monitor-store";

/** Fewer values than this have no tail that means anything: only P50 and n are told. */
export const TAIL_MIN = 20;

/** Quantiles every aggregate of this layer asks for, in this order. */
export const QUANTILES = [0.1, 0.5, 0.95] as const;

/** What tiles and sparklines are made of. Each column more costs as much as the whole scan without it. */
export const TILE_COLUMNS: readonly NumberColumn[] = [
  "ttftSeconds",
  "generationRateTokensPerSecond",
  "durationSeconds",
];
/** Outcomes whose duration counts: an abandoned call has no end of its own (measurement contract 2). */
const ENDED_OUTCOMES: readonly string[] = ["ok", "error", "cancelled"];

/** A quantile of a column, when there are values; tails only from {@link TAIL_MIN} values on. */
export function quantileOf(stats: ColumnStats | undefined, q: (typeof QUANTILES)[number]): number | undefined {
  if (stats === undefined || stats.count === 0 || (q !== 0.5 && stats.count < TAIL_MIN)) return undefined;
  return stats.quantiles[QUANTILES.indexOf(q)];
}

/** A statistic of a column as the API answers it. */
export function statOf(stats: ColumnStats | undefined): Stat {
  const [p10, p50, p95] = QUANTILES.map((q) => quantileOf(stats, q));
  return {
    n: stats?.count ?? 0,
    ...(p50 === undefined ? {} : { p50 }),
    ...(p95 === undefined ? {} : { p95 }),
    ...(p10 === undefined ? {} : { p10 }),
  };
}

/** How far the quantiles of some rows may lie from the exact ones, as a share; `undefined` when they are exact. */
export function relativeErrorOf(rows: readonly AggregateRow[]): number | undefined {
  let worst = 0;
  for (const { columns } of rows) {
    for (const { relativeError = 0 } of Object.values(columns)) worst = Math.max(worst, relativeError);
  }
  return worst === 0 ? undefined : worst;
}

/** Error calls / calls, `abandoned` left out; `undefined` without any. */
export function errorRateOf(row: AggregateRow): number | undefined {
  const counted = row.calls - row.outcomes.abandoned;
  return counted > 0 ? row.outcomes.error / counted : undefined;
}

/** How an aggregate is cut, and the columns that its reader shows. */
export type Cut = Pick<AggregateSpec, "groupBy" | "bucketNanos" | "columns">;

/**
 * Aggregates with the quantiles of this layer. Durations leave abandoned calls out; that needs a second question only where
 * there are any.
 */
export async function aggregateCalls(
  store: TraceStore,
  filter: CallFilter,
  cut: Cut,
  signal?: AbortSignal,
): Promise<readonly AggregateRow[]> {
  const rows = await store.aggregate({ filter, ...cut, quantiles: QUANTILES }, signal);
  if (!cut.columns.includes("durationSeconds") || rows.every((row) => row.outcomes.abandoned === 0)) return rows;
  const ended = await store.aggregate(
    { filter: { ...filter, outcomes: ENDED_OUTCOMES }, ...cut, columns: ["durationSeconds"], quantiles: QUANTILES },
    signal,
  );
  const durations = new Map(ended.map((row) => [keyOf(row), row.columns.durationSeconds]));
  return rows.map((row) => withDuration(row, durations.get(keyOf(row))));
}

function keyOf(row: AggregateRow): string {
  return JSON.stringify([row.bucketUnixNanos?.toString(), row.group]);
}

function withDuration(row: AggregateRow, duration: ColumnStats | undefined): AggregateRow {
  const { durationSeconds: _all, ...rest } = row.columns;
  return { ...row, columns: duration === undefined ? rest : { ...rest, durationSeconds: duration } };
}
