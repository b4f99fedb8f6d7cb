import type { DuckDBConnection } from "@duckdb/node-api";
import { LIMITS } from "@nexent/monitor-core";
import type { StoredSpan } from "../contract.ts";
import { unionOfFiles } from "./call-conditions.ts";
import { readSpans } from "./span-rows.ts";
import { startsCondition } from "./start-ranges.ts";
import { bigintOf, bind, numberOrNothing, readRows, traceIdOf, type Parameters } from "./statement.ts";

/** Behind `spans s`: those of the traces asked for. */
const AMONG = "SEMI JOIN (SELECT unnest($traces) AS trace_id) w ON s.trace_id = w.trace_id";

/** The rows of one trace in one file. */
interface TracePart {
  readonly traceId: string;
  readonly file: number;
  readonly spans: number;
  /** Starts of the first and the last of them. */
  readonly first: bigint;
  readonly last: bigint;
}

/** Spans of one trace; of each file at most as many as one trace may have. */
export async function queryTrace(
  connection: DuckDBConnection,
  files: readonly number[],
  traceId: string,
): Promise<StoredSpan[]> {
  const one = { trace: bind.traceId(traceId) };
  const found: StoredSpan[] = [];
  for (const part of await findParts(connection, files, { where: "trace_id = $trace" }, one)) {
    const starts = startsCondition([part]);
    const wanted = "WHERE s.trace_id = $trace AND " + starts.sql + " ORDER BY s.start_ns, s.span_id LIMIT $limit";
    const parameters = { ...one, ...starts.parameters, limit: bind.integer(LIMITS.spansPerTrace) };
    found.push(...(await readSpans(connection, part.file, wanted, parameters)));
  }
  return found;
}

/** Spans of several traces, each file read once; ids are counted first, so that no more is read than can be answered. */
export async function queryTracesById(
  connection: DuckDBConnection,
  files: readonly number[],
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredSpan[]>> {
  const found = new Map<string, StoredSpan[]>();
  if (traceIds.length === 0) return found;
  const parts = await findParts(connection, files, { join: AMONG }, { traces: bind.traceIds(traceIds) });
  const fitting = traceIdsThatFit(parts, traceIds);
  for (const file of new Set(parts.map((part) => part.file))) {
    const wanted = parts.filter((part) => part.file === file && fitting.has(part.traceId));
    if (wanted.length === 0) continue;
    const starts = startsCondition(wanted);
    const source = AMONG + " WHERE " + starts.sql + " LIMIT $limit";
    const parameters = {
      traces: bind.traceIds(wanted.map(({ traceId }) => traceId)),
      ...starts.parameters,
      limit: bind.integer(LIMITS.spansPerTrace),
    };
    for (const stored of await readSpans(connection, file, source, parameters)) {
      const spans = found.get(stored.span.traceId);
      if (spans === undefined) found.set(stored.span.traceId, [stored]);
      else spans.push(stored);
    }
  }
  return found;
}

/** Where traces lie: one statement over ids and starts, so that whole rows are read only where there are some. */
async function findParts(
  connection: DuckDBConnection,
  files: readonly number[],
  { join = "", where = "TRUE" }: { readonly join?: string; readonly where?: string },
  parameters: Parameters,
): Promise<readonly TracePart[]> {
  if (files.length === 0) return [];
  const source = unionOfFiles(files, (file) => "trace_id, start_ns, " + String(file) + " AS file", where);
  const sql =
    "SELECT trace_id, file, count(*), min(start_ns), max(start_ns) FROM (" +
    source +
    ") s " +
    join +
    " GROUP BY trace_id, file ORDER BY file";
  const rows = await readRows(connection, sql, parameters);
  return rows.map(([traceId, file, spans, first, last]) => ({
    traceId: traceIdOf(traceId),
    file: numberOrNothing(file) ?? 0,
    spans: Number(bigintOf(spans)),
    first: bigintOf(first),
    last: bigintOf(last),
  }));
}

function traceIdsThatFit(parts: readonly TracePart[], traceIds: readonly string[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { traceId, spans } of parts) counts.set(traceId, (counts.get(traceId) ?? 0) + spans);
  let spans = 0;
  return new Set(
    traceIds.filter((traceId, at) => {
      spans += counts.get(traceId) ?? 0;
      return at === 0 || spans <= LIMITS.spansPerTrace;
    }),
  );
}
