import type { ModelRow, RangeQuery, Summary, Tiles } from "@nexent/monitor-api";
import type { AggregateRow, TraceStore } from "@nexent/monitor-store";
import { callFilter, msOf } from "./range.ts";
import {
  aggregateCalls,
  errorRateOf,
  quantileOf,
  relativeErrorOf,
  statOf,
  TILE_COLUMNS,
  type Cut,
} from "./statistics.ts";

/** Configured thresholds, drawn as lines beside the numbers. */
export interface Thresholds {
  readonly slowTokenRate: number;
  readonly slowRequestSeconds: number;
}

const SPARK_POINTS = 60;
const SPARK_STEPS_MS = [3_600_000, 900_000, 60_000];
const MODEL_COLUMNS = [...TILE_COLUMNS, "outputTokens"] as const;
const NANOS_PER_MS = 1_000_000n;

/** The summary and what it rests on. */
export interface SummaryReport {
  readonly summary: Summary;
  /** Calls. */
  readonly n: number;
  /** Of its percentiles, a share; `undefined` when they are exact. */
  readonly relativeError: number | undefined;
}

/** Tiles, sparklines and the table of models over a range. Unknown stays absent. */
export async function summarise(
  store: TraceStore,
  query: RangeQuery,
  thresholds: Thresholds,
  signal?: AbortSignal,
): Promise<SummaryReport> {
  const width = query.to - query.from;
  const before = { ...query, from: query.from - width, to: query.from };
  const whole = { groupBy: [], columns: TILE_COLUMNS };
  const grid = sparklineGrid(query);
  const [now, previous, models, sparks, stats] = await Promise.all([
    aggregateCalls(store, callFilter(query), whole, signal),
    before.from < 0 ? [] : aggregateCalls(store, callFilter(before), whole, signal),
    aggregateCalls(store, callFilter(query), { groupBy: ["model"], columns: MODEL_COLUMNS }, signal),
    aggregateCalls(store, callFilter({ ...query, from: grid.startMs, to: grid.endMs }), grid.cut, signal),
    store.stats(),
  ]);
  const [row] = now;
  const [rowBefore] = previous;
  const summary: Summary = {
    tiles: tilesOf(row, width),
    ...(rowBefore === undefined ? {} : { previous: tilesOf(rowBefore, width) }),
    sparklines: sparklinesOf(sparks, grid),
    models: models.map(modelRow).toSorted((a, b) => b.attempts - a.attempts || (a.model < b.model ? -1 : 1)),
    slowTokenRate: thresholds.slowTokenRate,
    slowRequestSeconds: thresholds.slowRequestSeconds,
    ...(stats.newestCallUnixNanos === undefined ? {} : { newestCallMs: msOf(stats.newestCallUnixNanos) }),
  };
  const relativeError = relativeErrorOf([now, previous, models, sparks].flat());
  return { summary, n: row?.calls ?? 0, relativeError };
}

function tilesOf(row: AggregateRow | undefined, widthMs: number): Tiles {
  const seconds = widthMs / 1000;
  if (row === undefined || seconds <= 0) {
    const none = { n: 0 };
    return { attempts: 0, requestsPerSecond: 0, errors: 0, ttft: none, speed: none, duration: none };
  }
  const errorRate = errorRateOf(row);
  return {
    attempts: row.calls,
    requestsPerSecond: row.calls / seconds,
    ...(errorRate === undefined ? {} : { errorRate }),
    errors: row.outcomes.error,
    ttft: statOf(row.columns.ttftSeconds),
    speed: statOf(row.columns.generationRateTokensPerSecond),
    duration: statOf(row.columns.durationSeconds),
    meanInFlight: (row.columns.durationSeconds?.sum ?? 0) / seconds,
  };
}

function modelRow(row: AggregateRow): ModelRow {
  const errorRate = errorRateOf(row);
  const output = row.columns.outputTokens;
  return {
    model: row.group.model ?? "unknown",
    attempts: row.calls,
    ...(errorRate === undefined ? {} : { errorRate }),
    ttft: statOf(row.columns.ttftSeconds),
    speed: statOf(row.columns.generationRateTokensPerSecond),
    duration: statOf(row.columns.durationSeconds),
    ...(output === undefined || output.count === 0 ? {} : { outputTokens: output.sum }),
  };
}

/** Closed buckets that end with the range, at most 60. */
interface SparklineGrid {
  readonly points: number;
  readonly stepMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly cut: Cut;
}

function sparklineGrid(query: RangeQuery): SparklineGrid {
  const stepMs = sparklineStep(query.to - query.from);
  const points = Math.min(SPARK_POINTS, Math.ceil((query.to - query.from) / stepMs));
  const endMs = Math.floor(query.to / stepMs) * stepMs;
  const startMs = Math.max(0, endMs - points * stepMs);
  return {
    points,
    stepMs,
    startMs,
    endMs,
    cut: { groupBy: [], bucketNanos: BigInt(stepMs) * NANOS_PER_MS, columns: TILE_COLUMNS },
  };
}

/** A sixtieth of the range; wide ones in whole steps of rollups, so that many calls are not read one by one. */
function sparklineStep(widthMs: number): number {
  const stepMs = Math.max(1, Math.ceil(widthMs / SPARK_POINTS));
  const whole = SPARK_STEPS_MS.find((step) => stepMs >= step) ?? 1;
  return Math.ceil(stepMs / whole) * whole;
}

/** `null` where a bucket is empty. */
function sparklinesOf(
  rows: readonly AggregateRow[],
  { stepMs, startMs, points }: SparklineGrid,
): Summary["sparklines"] {
  const byIndex = new Map(rows.map((row) => [Math.round((msOf(row.bucketUnixNanos ?? 0n) - startMs) / stepMs), row]));
  const line = (value: (row: AggregateRow) => number | undefined): (number | null)[] =>
    Array.from({ length: points }, (_, index) => {
      const row = byIndex.get(index);
      return row === undefined ? null : (value(row) ?? null);
    });
  const seconds = stepMs / 1000;
  return {
    requestsPerSecond: line((row) => row.calls / seconds),
    errorRate: line(errorRateOf),
    ttftP50: line((row) => quantileOf(row.columns.ttftSeconds, 0.5)),
    speedP50: line((row) => quantileOf(row.columns.generationRateTokensPerSecond, 0.5)),
    durationP50: line((row) => quantileOf(row.columns.durationSeconds, 0.5)),
    meanInFlight: line((row) => (row.columns.durationSeconds?.sum ?? 0) / seconds),
  };
}
