import { SERIES_STEPS, type RangeQuery, type Series } from "@nexent/monitor-api";
import type { AggregateRow, CallFilter, ColumnStats, NumberColumn, TraceStore } from "@nexent/monitor-store";
import { callFilter, msOf } from "./range.ts";
import { aggregateCalls, errorRateOf, quantileOf, relativeErrorOf, TAIL_MIN, type Cut } from "./statistics.ts";

/** A question for one metric over time, checked by the API schema. */
export interface SeriesQuestion extends RangeQuery {
  readonly metric: "ttft" | "speed" | "duration" | "requests" | "error_rate";
  readonly by: "model" | "none";
}

/** Models with a series of their own; the rest is folded. */
const TOP_MODELS = 5;
const NANOS_PER_MS = 1_000_000n;

type SeriesStat = Series["series"][number]["stat"];

/** How a metric becomes values: its statistics, solid line first. */
interface Reading {
  readonly stat: SeriesStat;
  readonly value: (row: AggregateRow, stepSeconds: number) => number | undefined;
  readonly count: (row: AggregateRow) => number;
}

function quantileReading(
  stat: SeriesStat,
  q: 0.1 | 0.5 | 0.95,
  column: (row: AggregateRow) => ColumnStats | undefined,
): Reading {
  return { stat, value: (row) => quantileOf(column(row), q), count: (row) => column(row)?.count ?? 0 };
}

const ttft = (row: AggregateRow) => row.columns.ttftSeconds;
const speed = (row: AggregateRow) => row.columns.generationRateTokensPerSecond;
const duration = (row: AggregateRow) => row.columns.durationSeconds;

const READINGS: Readonly<Record<SeriesQuestion["metric"], readonly Reading[]>> = {
  ttft: [quantileReading("p50", 0.5, ttft), quantileReading("p95", 0.95, ttft)],
  // The slow tail of a speed is its low end.
  speed: [quantileReading("p50", 0.5, speed), quantileReading("p10", 0.1, speed)],
  duration: [quantileReading("p50", 0.5, duration), quantileReading("p95", 0.95, duration)],
  requests: [{ stat: "value", value: (row, stepSeconds) => row.calls / stepSeconds, count: (row) => row.calls }],
  error_rate: [{ stat: "value", value: errorRateOf, count: (row) => row.calls - row.outcomes.abandoned }],
};

const COLUMNS: Readonly<Record<SeriesQuestion["metric"], readonly NumberColumn[]>> = {
  ttft: ["ttftSeconds"],
  speed: ["generationRateTokensPerSecond"],
  duration: ["durationSeconds"],
  requests: [],
  error_rate: [],
};

/** Closed buckets of a range: whole steps, none that still fills. */
interface Grid {
  readonly stepMs: number;
  readonly fromMs: number;
  readonly times: readonly number[];
}

/** @param nowMs buckets that end later are left out, since they are not complete. */
export function gridOf(fromMs: number, toMs: number, nowMs: number): Grid {
  const width = toMs - fromMs;
  const stepMs = SERIES_STEPS.find(({ upToMs }) => width <= upToMs)?.stepMs ?? 3_600_000;
  const first = Math.floor(fromMs / stepMs) * stepMs;
  const end = Math.floor(Math.min(toMs, nowMs) / stepMs) * stepMs;
  const length = Math.max(0, (end - first) / stepMs);
  return { stepMs, fromMs: first, times: Array.from({ length }, (_, index) => first + index * stepMs) };
}

/** A metric over time and what it rests on. */
export interface SeriesReport {
  readonly series: Series;
  /** Of its percentiles, a share; `undefined` when they are exact. */
  readonly relativeError: number | undefined;
}

/** One metric over time; `null` is a gap. The five models with most calls, the rest folded into one. */
export async function seriesOf(
  store: TraceStore,
  question: SeriesQuestion,
  nowMs: number,
  signal?: AbortSignal,
): Promise<SeriesReport> {
  const grid = gridOf(question.from, question.to, nowMs);
  if (grid.times.length === 0)
    return { series: { stepMs: grid.stepMs, times: [], series: [] }, relativeError: undefined };
  const inGrid = { ...question, from: grid.fromMs, to: grid.fromMs + grid.times.length * grid.stepMs };
  const filter = callFilter(inGrid);
  const groups =
    question.by === "none"
      ? [{ name: {}, rows: await aggregateCalls(store, filter, cutOf(question, grid, []), signal) }]
      : await byModel(store, filter, question, grid, signal);
  const series = groups.flatMap(({ rows, name }) => readAll(rows, question, grid, name));
  return {
    series: { stepMs: grid.stepMs, times: [...grid.times], series },
    relativeError: relativeErrorOf(groups.flatMap(({ rows }) => rows)),
  };
}

/** What stands together in one line, with the name of the line. */
interface NamedRows {
  readonly name: { readonly model?: string; readonly folded?: number };
  readonly rows: readonly AggregateRow[];
}

function cutOf({ metric }: SeriesQuestion, { stepMs }: Grid, groupBy: Cut["groupBy"]): Cut {
  return { groupBy, bucketNanos: BigInt(stepMs) * NANOS_PER_MS, columns: COLUMNS[metric] };
}

async function byModel(
  store: TraceStore,
  filter: CallFilter,
  question: SeriesQuestion,
  grid: Grid,
  signal?: AbortSignal,
): Promise<readonly NamedRows[]> {
  const counts = await store.aggregate({ filter, groupBy: ["model"], columns: [], quantiles: [] }, signal);
  const models = counts
    .filter((row) => row.group.model !== undefined)
    .toSorted((a, b) => b.calls - a.calls || (String(a.group.model) < String(b.group.model) ? -1 : 1))
    .map((row) => String(row.group.model));
  const top = models.slice(0, TOP_MODELS);
  const rest = models.slice(TOP_MODELS);
  if (top.length === 0) return [];
  const [rows, folded] = await Promise.all([
    aggregateCalls(store, { ...filter, models: top }, cutOf(question, grid, ["model"]), signal),
    rest.length === 0 ? [] : aggregateCalls(store, { ...filter, models: rest }, cutOf(question, grid, []), signal),
  ]);
  const own = top.map((model) => ({ name: { model }, rows: rows.filter((row) => row.group.model === model) }));
  return rest.length === 0 ? own : [...own, { name: { folded: rest.length }, rows: folded }];
}

function readAll(
  rows: readonly AggregateRow[],
  question: SeriesQuestion,
  grid: Grid,
  name: NamedRows["name"],
): Series["series"] {
  const byTime = new Map(rows.map((row) => [Math.round(msOf(row.bucketUnixNanos ?? 0n)), row]));
  const stepSeconds = grid.stepMs / 1000;
  const all = READINGS[question.metric].map((reading) => ({
    ...name,
    stat: reading.stat,
    n: rows.reduce((sum, row) => sum + reading.count(row), 0),
    values: grid.times.map((time) => {
      const row = byTime.get(time);
      return row === undefined ? null : (reading.value(row, stepSeconds) ?? null);
    }),
  }));
  return all.filter(({ stat, n }) => stat === "value" || stat === "p50" || n >= TAIL_MIN);
}
