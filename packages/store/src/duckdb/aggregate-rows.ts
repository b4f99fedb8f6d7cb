import { DuckDBListValue, type DuckDBConnection, type DuckDBValue } from "@duckdb/node-api";
import type { AggregateRow, AggregateSpec, ColumnStats, GroupKey, NumberColumn } from "../contract.ts";
import { SUM_SCALE } from "../number-columns.ts";
import { MAX_AGGREGATE_ROWS } from "../query-rules.ts";
import { filterCondition, NUMBER_SQL, rangeCondition, unionOfFiles } from "./call-conditions.ts";
import { bigintOf, bind, numberOrNothing, readRows, textOrNothing, type Parameter } from "./statement.ts";

const GROUP_SQL: Readonly<Record<GroupKey, string>> = {
  model: "model",
  operation: "operation",
  provider: "provider",
  service: "service",
  outcome: "outcome",
  errorType: "error_type",
};
const OUTCOME_COUNTS =
  "count(*), count(*) FILTER (outcome = 'ok'), count(*) FILTER (outcome = 'error'), " +
  "count(*) FILTER (outcome = 'cancelled'), count(*) FILTER (outcome = 'abandoned')";
const FIXED_VALUES = 5;
const VALUES_PER_COLUMN = 3;

/** Groups the calls of the given files by reading their rows: everything is exact. The groups come in no order. */
export async function aggregateRows(
  connection: DuckDBConnection,
  files: readonly number[],
  spec: AggregateSpec,
): Promise<AggregateRow[]> {
  const range = rangeCondition(spec.filter.range);
  const matching = filterCondition(spec.filter);
  const keys = [...(spec.bucketNanos === undefined ? [] : ["bucket"]), ...spec.groupBy.map((key) => GROUP_SQL[key])];
  const values = [OUTCOME_COUNTS, ...spec.columns.map((column) => columnValues(column, spec))];
  const source = unionOfFiles(files, () => sourceColumns(spec), range.sql + " AND " + matching.sql);
  const sql =
    "SELECT " +
    [...keys, ...values].join(", ") +
    " FROM (" +
    source +
    ")" +
    (keys.length === 0 ? " HAVING count(*) > 0" : " GROUP BY " + keys.join(", ")) +
    " LIMIT " +
    String(MAX_AGGREGATE_ROWS + 1);
  const rows = await readRows(connection, sql, {
    ...range.parameters,
    ...matching.parameters,
    ...specParameters(spec),
  });
  return rows.map((row) => toAggregateRow(row, spec));
}

function specParameters(spec: AggregateSpec): Readonly<Record<string, Parameter>> {
  return {
    ...(spec.bucketNanos === undefined ? {} : { width: bind.nanos(spec.bucketNanos) }),
    ...(spec.quantiles.length === 0 || spec.columns.length === 0 ? {} : { quantiles: bind.numbers(spec.quantiles) }),
  };
}

/** Only what is grouped, counted or computed is read. */
function sourceColumns(spec: AggregateSpec): string {
  const bucket = spec.bucketNanos === undefined ? [] : ["(start_ns // $width) * $width AS bucket"];
  const groups = spec.groupBy.map((key) => GROUP_SQL[key]).filter((column) => column !== "outcome");
  const numbers = [...new Set(spec.columns)].map((column) => NUMBER_SQL[column] + " AS " + nameOf(column));
  return [...bucket, "outcome", ...groups, ...numbers].join(", ");
}

/** Name of a numeric column in the sub-query: letters only. */
function nameOf(column: NumberColumn): string {
  return "n_" + column;
}

/** Sums are over integers, so that they do not depend on the order of the rows. */
function columnValues(column: NumberColumn, spec: AggregateSpec): string {
  const name = nameOf(column);
  const sum = "sum(CAST(round(" + name + " * " + String(SUM_SCALE[column]) + ") AS HUGEINT))";
  const quantiles = spec.quantiles.length === 0 ? "NULL" : "quantile_cont(" + name + "::DOUBLE, $quantiles)";
  return "count(" + name + "), " + sum + ", " + quantiles;
}

/** Written out: there are thousands of rows, and objects made of entries cost more than the question. */
function toAggregateRow(row: readonly DuckDBValue[], spec: AggregateSpec): AggregateRow {
  const firstKey = spec.bucketNanos === undefined ? 0 : 1;
  const fixed = firstKey + spec.groupBy.length;
  const countAt = (at: number): number => Number(bigintOf(row[fixed + at]));
  const group: Partial<Record<GroupKey, string>> = {};
  for (const [at, key] of spec.groupBy.entries()) {
    const value = textOrNothing(row[firstKey + at]);
    if (value !== undefined) group[key] = value;
  }
  const [calls, ok, error, cancelled, abandoned] = [countAt(0), countAt(1), countAt(2), countAt(3), countAt(4)];
  const outcomes = { ok, error, cancelled, abandoned, unknown: calls - ok - error - cancelled - abandoned };
  const columns: Partial<Record<NumberColumn, ColumnStats>> = {};
  for (const [at, column] of spec.columns.entries()) {
    const first = fixed + FIXED_VALUES + at * VALUES_PER_COLUMN;
    columns[column] = toStats(row[first], row[first + 1], row[first + 2], column);
  }
  const answer = { group, calls, outcomes, columns };
  return firstKey === 0 ? answer : Object.assign(answer, { bucketUnixNanos: bigintOf(row[0]) });
}

function toStats(
  count: DuckDBValue | undefined,
  sum: DuckDBValue | undefined,
  quantiles: DuckDBValue | undefined,
  column: NumberColumn,
): ColumnStats {
  const items = quantiles instanceof DuckDBListValue ? quantiles.items : [];
  return {
    count: Number(bigintOf(count)),
    sum: Number(bigintOf(sum)) / SUM_SCALE[column],
    quantiles: items.map((value) => numberOrNothing(value) ?? Number.NaN),
    exactness: "exact",
  };
}
