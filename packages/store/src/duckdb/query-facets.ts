import type { DuckDBConnection } from "@duckdb/node-api";
import { compareFacets, FACET_VALUES } from "../answer-order.ts";
import type { Facets, FacetValue, TimeRange } from "../contract.ts";
import { rangeCondition, unionOfFiles } from "./call-conditions.ts";
import { bigintOf, readRows, textOrNothing } from "./statement.ts";

/** Values with their calls, of the given files. */
export async function queryFacets(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
): Promise<Facets> {
  return {
    services: await countValues(connection, files, range, "service"),
    models: await countValues(connection, files, range, "model"),
    operations: await countValues(connection, files, range, "operation"),
    providers: await countValues(connection, files, range, "provider"),
  };
}

async function countValues(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
  column: string,
): Promise<FacetValue[]> {
  if (files.length === 0) return [];
  const condition = rangeCondition(range);
  const source = unionOfFiles(files, () => column + " AS value", condition.sql + " AND " + column + " IS NOT NULL");
  const sql =
    "SELECT value, count(*) AS calls FROM (" +
    source +
    ") GROUP BY value ORDER BY calls DESC, value LIMIT " +
    String(FACET_VALUES);
  const rows = await readRows(connection, sql, condition.parameters);
  return rows
    .map(([value, calls]) => ({ value: textOrNothing(value) ?? "", calls: Number(bigintOf(calls)) }))
    .sort(compareFacets);
}
