import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { LIMITS } from "@nexent/monitor-core";
import { fileAlias, type IndexFile } from "../duckdb/index-files.ts";
import { bind, readRows, textOrNothing, type Parameter } from "../duckdb/statement.ts";
import type { MetricExemplar, SeriesFilter } from "../metric-contract.ts";
import { checkFound, isPattern } from "../metric-query-rules.ts";
import type { TimedSample } from "../metric-samples.ts";
import { keyOf, type SeriesIdentity } from "../metric-series.ts";
import { numbersOf, readSeriesTable, type NumberedSeries } from "./day-state.ts";
import { fromFlat } from "./metric-codec.ts";
import { MARK, SAMPLE_TABLES, timesOf } from "./metric-schema.ts";
import { unmarkedValue } from "./value-columns.ts";

/** What a query asks of each file, times as `from <= t < to`. */
export interface MetricQuestion {
  readonly filter: SeriesFilter;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What was found of a series. */
export interface FoundSeries {
  readonly identity: SeriesIdentity;
  readonly samples: TimedSample[];
  readonly exemplars: MetricExemplar[];
}

/** Found series by key. */
export type FoundByKey = Map<string, FoundSeries>;

type Parameters = Readonly<Record<string, Parameter>>;
type Row = readonly DuckDBValue[];

/** Latest instant of a range, so that it fits the column. */
const MAX_MS = 2 ** 53;

/** Series with a sample in the range, at most `limit` of this file, added to those of earlier files. */
export async function findSeries(
  connection: DuckDBConnection,
  file: IndexFile,
  question: MetricQuestion,
  found: FoundByKey,
  limit?: number,
): Promise<void> {
  const { sql, parameters } = seriesCondition(question.filter);
  const alias = fileAlias(file);
  const most = limit === undefined ? "" : " ORDER BY s.id LIMIT $most";
  const sampled = " AND s.id IN (SELECT series_id FROM (" + timesOf(alias) + ") WHERE ts_ms >= $from AND ts_ms < $to)";
  const all = await readSeriesTable(connection, alias, " WHERE " + sql + sampled + most, {
    ...parameters,
    ...(limit === undefined ? {} : { most: bind.integer(limit) }),
    ...times(question),
  });
  for (const one of all) entryOf(found, one);
}

/** Samples in the range; `newestOnly` leaves one of each kind and series. */
export async function findSamples(
  connection: DuckDBConnection,
  file: IndexFile,
  question: MetricQuestion,
  found: FoundByKey,
  { limit, newestOnly = false }: { readonly limit: number; readonly newestOnly?: boolean },
): Promise<void> {
  const alias = fileAlias(file);
  const series = await readMatching(connection, alias, question, found);
  let count = [...found.values()].reduce((sum, { samples }) => sum + samples.length, 0);
  for (const table of SAMPLE_TABLES) {
    const sql =
      selectFrom(alias, table, question.filter) + (newestOnly ? NEWEST : "") + " ORDER BY t.series_id, t.ts_ms";
    await eachRow(connection, sql, { ...seriesCondition(question.filter).parameters, ...times(question) }, (row) => {
      const one = series.get(Number(row[0]));
      if (one === undefined) return;
      checkFound("samples", ++count, limit);
      one().samples.push(SAMPLE_OF_ROW[table](row));
    });
  }
  checkFound("series", found.size, LIMITS.seriesPerQuery);
}

/** Exemplars in the range. */
export async function findExemplars(
  connection: DuckDBConnection,
  file: IndexFile,
  question: MetricQuestion,
  found: FoundByKey,
): Promise<void> {
  const alias = fileAlias(file);
  const series = await readMatching(connection, alias, question, found);
  const parameters = { ...seriesCondition(question.filter).parameters, ...times(question) };
  let count = [...found.values()].reduce((sum, { exemplars }) => sum + exemplars.length, 0);
  await eachRow(connection, selectFrom(alias, "exemplars", question.filter), parameters, (row) => {
    const one = series.get(Number(row[0]));
    if (one === undefined) return;
    checkFound("samples", ++count, LIMITS.samplesPerQuery);
    one().exemplars.push(exemplarOf(row));
  });
  checkFound("series", found.size, LIMITS.seriesPerQuery);
}

/** Series of a file that have a sample at all. */
export async function countSampled(connection: DuckDBConnection, file: IndexFile): Promise<number> {
  const [row] = await readRows(connection, "SELECT count(DISTINCT series_id) FROM (" + timesOf(fileAlias(file)) + ")");
  return Number(row?.[0] ?? 0);
}

/** A condition on the series `s`; texts are bound, never written into it. */
function seriesCondition({ families, matchers = [] }: SeriesFilter): {
  readonly sql: string;
  readonly parameters: Parameters;
} {
  const parameters: Record<string, Parameter> = {};
  const conditions = ["true"];
  if (families !== undefined) {
    parameters["families"] = bind.texts(families);
    conditions.push("list_contains($families, s.family)");
  }
  for (const [at, matcher] of matchers.entries()) {
    const [name, value] = ["n" + String(at), "v" + String(at)];
    parameters[name] = bind.text(matcher.name);
    parameters[value] = bind.text(matcher.value);
    const label = "coalesce(s.labels[$" + name + "], '')";
    // `s`: a dot matches a line break too.
    const holds = isPattern(matcher) ? "regexp_full_match(" + label + ", $" + value + ", 's')" : label + " = $" + value;
    conditions.push(matcher.op.startsWith("!") ? "NOT (" + holds + ")" : holds);
  }
  return { sql: conditions.join(" AND "), parameters };
}

const NEWEST = " QUALIFY row_number() OVER (PARTITION BY t.series_id ORDER BY t.ts_ms DESC) = 1";

const SELECTED = {
  samples: "t.value, t.mark",
  histograms: "t.value, t.mark, t.count, b.bounds, t.buckets",
  summaries: "t.value, t.mark, t.count, t.quantiles, t.quantile_values",
  exemplars: "t.value, t.mark, t.trace_id, t.span_id, t.labels",
} as const;

function selectFrom(alias: string, table: keyof typeof SELECTED, filter: SeriesFilter): string {
  const main = alias + ".main.";
  const start = table === "exemplars" ? "NULL" : "CAST(t.start_ms AS DOUBLE)";
  const bounds = table === "histograms" ? " JOIN " + main + "bounds b ON b.id = t.bounds_id" : "";
  const wanted = "SELECT s.id FROM " + main + "series s WHERE " + seriesCondition(filter).sql;
  return (
    "SELECT t.series_id, CAST(t.ts_ms AS DOUBLE), " +
    start +
    ", " +
    SELECTED[table] +
    " FROM " +
    main +
    table +
    " t" +
    bounds +
    " WHERE t.ts_ms >= $from AND t.ts_ms < $to AND t.series_id IN (" +
    wanted +
    ")"
  );
}

function times({ fromMs, toMs }: MetricQuestion): Parameters {
  const clamp = (value: number): number => Math.max(0, Math.min(value, MAX_MS));
  return { from: bind.integer(clamp(fromMs)), to: bind.integer(clamp(toMs)) };
}

/** Series that match, by number: each becomes one of those found when it is first asked for. */
async function readMatching(
  connection: DuckDBConnection,
  alias: string,
  { filter }: MetricQuestion,
  found: FoundByKey,
): Promise<ReadonlyMap<number, () => FoundSeries>> {
  const { sql, parameters } = seriesCondition(filter);
  const all = await readSeriesTable(connection, alias, " WHERE " + sql, parameters);
  return new Map(
    all.map((one) => {
      let known: FoundSeries | undefined;
      return [one.id, () => (known ??= entryOf(found, one))];
    }),
  );
}

/** Reads a result chunk by chunk; millions of rows are never there twice. */
async function eachRow(
  connection: DuckDBConnection,
  sql: string,
  parameters: Parameters,
  onRow: (row: Row) => void,
): Promise<void> {
  const statement = await connection.prepare(sql);
  try {
    for (const [name, { value, type }] of Object.entries(parameters))
      statement.bindValue(statement.parameterIndex(name), value, type);
    const result = await statement.stream();
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
      for (const row of chunk.getRows()) onRow(row);
  } finally {
    statement.destroySync();
  }
}

function entryOf(found: FoundByKey, { identity }: NumberedSeries): FoundSeries {
  const key = keyOf(identity);
  const known = found.get(key) ?? { identity, samples: [], exemplars: [] };
  found.set(key, known);
  return known;
}

function timeOf([, time, start]: Row): { readonly timestampMs: number; readonly startMs?: number } {
  return { timestampMs: Number(time), ...(typeof start === "number" ? { startMs: start } : {}) };
}

const SAMPLE_OF_ROW: Readonly<Record<(typeof SAMPLE_TABLES)[number], (row: Row) => TimedSample>> = {
  samples(row) {
    const [, , , value, mark] = row;
    if (mark === MARK.end) return { kind: "stale", sample: { timestampMs: Number(row[1]) } };
    return { kind: "scalar", sample: { ...timeOf(row), value: unmarkedValue(value, mark) ?? 0 } };
  },
  histograms(row) {
    const [, , , value, mark, count, bounds, buckets] = row;
    const sum = unmarkedValue(value, mark);
    return {
      kind: "histogram",
      sample: {
        ...timeOf(row),
        count: Number(count),
        ...(sum === undefined ? {} : { sum }),
        bounds: numbersOf(bounds),
        buckets: numbersOf(buckets),
      },
    };
  },
  summaries(row) {
    const [, , , value, mark, count, quantiles, values] = row;
    const found = numbersOf(values);
    return {
      kind: "summary",
      sample: {
        ...timeOf(row),
        count: Number(count),
        sum: unmarkedValue(value, mark) ?? 0,
        quantiles: numbersOf(quantiles).map((quantile, at) => ({ quantile, value: found[at] ?? 0 })),
      },
    };
  },
};

function exemplarOf([, time, , value, mark, traceId, spanId, labels]: Row): MetricExemplar {
  return {
    timestampMs: Number(time),
    value: unmarkedValue(value, mark) ?? 0,
    ...(typeof traceId === "string" ? { traceId } : {}),
    ...(typeof spanId === "string" ? { spanId } : {}),
    labels: fromFlat(JSON.parse(textOrNothing(labels) ?? "[]") as string[]),
  };
}
