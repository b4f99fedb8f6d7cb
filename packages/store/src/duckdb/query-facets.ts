import type { DuckDBConnection } from "@duckdb/node-api";
import { compareFacets, FACET_VALUES } from "../answer-order.ts";
import type { Facets, FacetValue, TimeRange } from "../contract.ts";
import { rangeCondition, unionOfFiles } from "./call-conditions.ts";
import { bigintOf, readRows, textOrNothing } from "./statement.ts";

const COLUMNS = ["service", "model", "operation", "provider"] as const;

/** Values with their calls, of the given files. */
export async function queryFacets(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
): Promise<Facets> {
  const [services, models, operations, providers] = await countValues(connection, files, range);
  return { services: services ?? [], models: models ?? [], operations: operations ?? [], providers: providers ?? [] };
}

/** One scan for all columns: there are few combinations of their values, and each column is counted from those. */
async function countValues(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
): Promise<readonly FacetValue[][]> {
  if (files.length === 0) return [];
  const condition = rangeCondition(range);
  const source = unionOfFiles(files, () => COLUMNS.join(", "), condition.sql);
  const counts = COLUMNS.map((column, at) => {
    const values =
      "SELECT " + String(at) + " AS at, " + column + " AS value, sum(calls)::BIGINT AS calls FROM combined";
    const known = " WHERE " + column + " IS NOT NULL GROUP BY ALL";
    return "(" + values + known + " ORDER BY calls DESC, value LIMIT " + String(FACET_VALUES) + ")";
  });
  const sql =
    "WITH combined AS MATERIALIZED (SELECT " +
    COLUMNS.join(", ") +
    ", count(*) AS calls FROM (" +
    source +
    ") GROUP BY ALL) " +
    counts.join(" UNION ALL ");
  const rows = await readRows(connection, sql, condition.parameters);
  return COLUMNS.map((_, wanted) =>
    rows
      .filter(([at]) => Number(bigintOf(at)) === wanted)
      .map(([, value, calls]) => ({ value: textOrNothing(value) ?? "", calls: Number(bigintOf(calls)) }))
      .sort(compareFacets),
  );
}
