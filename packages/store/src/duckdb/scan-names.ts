import type { DuckDBConnection } from "@duckdb/node-api";
import { SPAN_KINDS } from "@nexent/monitor-core";
import type { Facets, FacetValue, SpanName, TimeRange } from "../contract.ts";
import { rangeCondition, unionOfFiles } from "./call-conditions.ts";
import { bigintOf, bind, numberOrNothing, readRows, textOrNothing } from "./statement.ts";

/** In the order of their lists. */
const COLUMNS = ["service", "model", "operation", "provider"] as const;
/** Every time that a file can hold. */
const EVER: TimeRange = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n };

/** Values of the given files with their calls, in no order. @param most values of each list; default all. */
export async function scanFacets(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange = EVER,
  most?: number,
): Promise<Facets> {
  const [services, models, operations, providers] = await countValues(connection, files, range, most);
  return { services: services ?? [], models: models ?? [], operations: operations ?? [], providers: providers ?? [] };
}

/** One scan for all columns: there are few combinations of their values, and each column is counted from those. */
async function countValues(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
  most: number | undefined,
): Promise<readonly FacetValue[][]> {
  if (files.length === 0) return [];
  const condition = rangeCondition(range);
  const source = unionOfFiles(files, () => COLUMNS.join(", "), condition.sql);
  const first = most === undefined ? "" : " ORDER BY calls DESC, value LIMIT " + String(most);
  const counts = COLUMNS.map((column, at) => {
    const values =
      "SELECT " + String(at) + " AS at, " + column + " AS value, sum(calls)::BIGINT AS calls FROM combined";
    const known = " WHERE " + column + " IS NOT NULL GROUP BY ALL";
    return "(" + values + known + first + ")";
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
      .map(([, value, calls]) => ({ value: textOrNothing(value) ?? "", calls: Number(bigintOf(calls)) })),
  );
}

/** Span names of the given files with their spans, in no order. @param most names, the first ones; default all. */
export async function scanSpanNames(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange = EVER,
  most?: number,
): Promise<readonly SpanName[]> {
  if (files.length === 0) return [];
  const sql =
    "SELECT service, name, kind, count(*) FROM (" +
    unionOfFiles(files, () => "service, name, kind", "start_ns >= $from AND start_ns < $to") +
    ") GROUP BY ALL" +
    (most === undefined ? "" : " ORDER BY service, name, kind LIMIT " + String(most));
  const rows = await readRows(connection, sql, {
    from: bind.nanos(range.fromUnixNanos),
    to: bind.nanos(range.toUnixNanos),
  });
  return rows.map(([service, name, kind, spans]) => ({
    service: textOrNothing(service) ?? "",
    name: textOrNothing(name) ?? "",
    kind: SPAN_KINDS[numberOrNothing(kind) ?? 0] ?? "unspecified",
    spans: Number(bigintOf(spans)),
  }));
}
