import type { ModelRow, RangeQuery, Summary, Tiles } from "@nexent/monitor-api";
import type { AggregateRow, TraceStore } from "@nexent/monitor-store";
import { callFilter, msOf } from "./range.ts";
import { aggregateCalls, errorRateOf, quantileOf, statOf, TILE_COLUMNS } from "./statistics.ts";

/** Configured thresholds, drawn as lines beside the numbers. */
export interface Thresholds {
  readonly slowTokenRate: number;
  readonly slowRequestSeconds: number;
}

const SPARK_POINTS = 60;
const MODEL_COLUMNS = [...TILE_COLUMNS, "outputTokens"] as const;
const NANOS_PER_MS = 1_000_000n;

/** The summary and the number of calls it rests on. */
export interface SummaryReport {
  readonly summary: Summary;
  readonly n: number;
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
  const [now, previous, models, sparklines, stats] = await Promise.all([
    aggregateCalls(store, callFilter(query), whole, signal),
    before.from < 0 ? [] : aggregateCalls(store, callFilter(before), whole, signal),
    aggregateCalls(store, callFilter(query), { groupBy: ["model"], columns: MODEL_COLUMNS }, signal),
    sparklinesOf(store, query, signal),
    store.stats(),
  ]);
  const [row] = now;
  const [rowBefore] = previous;
  const summary: Summary = {
    tiles: tilesOf(row, width),
    ...(rowBefore === undefined ? {} : { previous: tilesOf(rowBefore, width) }),
    sparklines,
    models: models.map(modelRow).toSorted((a, b) => b.attempts - a.attempts || (a.model < b.model ? -1 : 1)),
    slowTokenRate: thresholds.slowTokenRate,
    slowRequestSeconds: thresholds.slowRequestSeconds,
    ...(stats.newestCallUnixNanos === undefined ? {} : { newestCallMs: msOf(stats.newestCallUnixNanos) }),
  };
  return { summary, n: row?.calls ?? 0 };
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

/** 60 closed buckets that end with the range; `null` where a bucket is empty. */
async function sparklinesOf(
  store: TraceStore,
  query: RangeQuery,
  signal?: AbortSignal,
): Promise<Summary["sparklines"]> {
  const stepMs = Math.max(1, Math.ceil((query.to - query.from) / SPARK_POINTS));
  const endMs = Math.floor(query.to / stepMs) * stepMs;
  const startMs = Math.max(0, endMs - SPARK_POINTS * stepMs);
  const filter = callFilter({ ...query, from: startMs, to: endMs });
  const cut = { groupBy: [], bucketNanos: BigInt(stepMs) * NANOS_PER_MS, columns: TILE_COLUMNS };
  const rows = await aggregateCalls(store, filter, cut, signal);
  const byIndex = new Map(rows.map((row) => [Math.round((msOf(row.bucketUnixNanos ?? 0n) - startMs) / stepMs), row]));
  const line = (value: (row: AggregateRow) => number | undefined): (number | null)[] =>
    Array.from({ length: SPARK_POINTS }, (_, index) => {
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
