import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { LIMITS } from "@nexent/monitor-core";
import type { StoredSpan } from "../contract.ts";
import { unionOfFiles } from "./call-conditions.ts";
import { readSpans } from "./span-rows.ts";
import { startsCondition } from "./start-ranges.ts";
import type { TracePlace } from "./trace-filters.ts";
import { bigintOf, bind, numberOrNothing, readRows, traceIdOf, type Parameter } from "./statement.ts";

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

/** Spans of one trace in no order; of each file at most as many as one trace may have, the first ones. */
export async function queryTrace(
  connection: DuckDBConnection,
  places: readonly TracePlace[],
  traceId: string,
): Promise<StoredSpan[]> {
  const one = { trace: bind.traceId(traceId) };
  const found: StoredSpan[] = [];
  for (const part of await findParts(connection, places, traceId)) {
    const starts = startsCondition([part]);
    const isCut = part.spans > LIMITS.spansPerTrace;
    // An order costs as much as the rest: the caller makes one anyway.
    const first = isCut ? " ORDER BY s.start_ns, s.span_id LIMIT " + String(LIMITS.spansPerTrace) : "";
    const wanted = "WHERE s.trace_id = $trace AND " + starts.sql + first;
    found.push(...(await readSpans(connection, part.file, wanted, { ...one, ...starts.parameters })));
  }
  return found;
}

/** Spans of several traces, each file read once; ids are counted first, so that no more is read than can be answered. */
export async function queryTracesById(
  connection: DuckDBConnection,
  places: readonly TracePlace[],
  traceIds: readonly string[],
): Promise<ReadonlyMap<string, readonly StoredSpan[]>> {
  const found = new Map<string, StoredSpan[]>();
  if (traceIds.length === 0) return found;
  const parts = await findPartsOfMany(connection, places, traceIds);
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

/** Where a trace lies: one statement over ids and starts, so that whole rows are read only where there are some. */
async function findParts(
  connection: DuckDBConnection,
  places: readonly TracePlace[],
  traceId: string,
): Promise<readonly TracePart[]> {
  const columns = "count(*), min(start_ns), max(start_ns)";
  const { sources, parameters } = sourcesOf(places, columns, "trace_id = $trace");
  if (sources.length === 0) return [];
  const rows = await readRows(connection, sources.join(" UNION ALL "), { ...parameters, trace: bind.traceId(traceId) });
  return rows
    .map(([file, spans, first, last]) => partOf(traceId, file, spans, first, last))
    .filter(({ spans }) => spans > 0);
}

async function findPartsOfMany(
  connection: DuckDBConnection,
  places: readonly TracePlace[],
  traceIds: readonly string[],
): Promise<readonly TracePart[]> {
  const { sources, parameters } = sourcesOf(places, "trace_id, start_ns", "TRUE");
  if (sources.length === 0) return [];
  const sql =
    "SELECT trace_id, file, count(*), min(start_ns), max(start_ns) FROM (" +
    sources.join(" UNION ALL ") +
    ") s " +
    AMONG +
    " GROUP BY trace_id, file ORDER BY file";
  const rows = await readRows(connection, sql, { ...parameters, traces: bind.traceIds(traceIds) });
  return rows.map(([traceId, file, spans, first, last]) => partOf(traceIdOf(traceId), file, spans, first, last));
}

function sourcesOf(places: readonly TracePlace[], columns: string, where: string) {
  const parameters: Record<string, Parameter> = {};
  const sources = places.map(({ file, starts }) => {
    const among = starts === undefined ? undefined : startsCondition(starts, "f" + String(file));
    Object.assign(parameters, among?.parameters);
    const condition = among === undefined ? where : where + " AND " + among.sql;
    return unionOfFiles([file], () => String(file) + " AS file, " + columns, condition);
  });
  return { sources, parameters };
}

function partOf(traceId: string, ...[file, spans, first, last]: readonly (DuckDBValue | undefined)[]): TracePart {
  return {
    traceId,
    file: numberOrNothing(file) ?? 0,
    spans: Number(bigintOf(spans)),
    first: bigintOf(first ?? 0n),
    last: bigintOf(last ?? 0n),
  };
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
