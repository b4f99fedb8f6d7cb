import type { DuckDBConnection } from "@duckdb/node-api";
import { LIMITS } from "@nexent/monitor-core";
import type { StoredSpan } from "../contract.ts";
import { unionOfFiles } from "./call-conditions.ts";
import { readSpans } from "./span-rows.ts";
import { bigintOf, bind, readRows, traceIdOf } from "./statement.ts";

/** Spans of several traces, each file read once; ids are counted first, so that no more is read than can be answered. */
export async function queryTracesById(
  connection: DuckDBConnection,
  files: readonly number[],
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredSpan[]>> {
  const found = new Map<string, StoredSpan[]>();
  if (files.length === 0 || traceIds.length === 0) return found;
  const wanted = await traceIdsThatFit(connection, files, traceIds);
  const join = "SEMI JOIN (SELECT unnest($traces) AS trace_id) w ON s.trace_id = w.trace_id LIMIT $limit";
  const parameters = { traces: bind.traceIds(wanted), limit: bind.integer(LIMITS.spansPerTrace) };
  for (const file of files) {
    for (const stored of await readSpans(connection, file, join, parameters)) {
      const spans = found.get(stored.span.traceId);
      if (spans === undefined) found.set(stored.span.traceId, [stored]);
      else spans.push(stored);
    }
  }
  return found;
}

async function traceIdsThatFit(
  connection: DuckDBConnection,
  files: readonly number[],
  traceIds: readonly string[],
): Promise<readonly string[]> {
  const source = unionOfFiles(files, () => "trace_id", "list_contains($traces, trace_id)");
  const sql = "SELECT trace_id, count(*) FROM (" + source + ") GROUP BY trace_id";
  const rows = await readRows(connection, sql, { traces: bind.traceIds(traceIds) });
  const counts = new Map(rows.map(([traceId, spans]) => [traceIdOf(traceId), Number(bigintOf(spans))]));
  let spans = 0;
  return traceIds.filter((traceId, at) => {
    spans += counts.get(traceId) ?? 0;
    return at === 0 || spans <= LIMITS.spansPerTrace;
  });
}
