import type { DuckDBConnection } from "@duckdb/node-api";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type {
  AggregateRow,
  AggregateSpec,
  CallFilter,
  CallList,
  CallPage,
  Facets,
  ServiceLink,
  SpanFilter,
  SpanName,
  StoredSpan,
  TimeRange,
  TraceMatch,
} from "../contract.ts";
import type { IoPort } from "../io-port.ts";
import { openDatabase, runStatement, type EngineLimits } from "./database.ts";
import { createDayFiles, type DaySummary } from "./day-files.ts";
import { touchesDay } from "./days.ts";
import { createIndexWriter, type IndexedBatch, type IndexFailpoint } from "./index-writer.ts";
import { queryAggregate } from "./query-aggregate.ts";
import { queryCalls } from "./query-calls.ts";
import { queryFacets } from "./query-facets.ts";
import { queryTracesById } from "./query-traces.ts";
import { querySpanNames, queryServiceLinks, queryTraces } from "./query-spans.ts";
import { createQuerySlots } from "./query-slots.ts";
import { createReadGate } from "./read-gate.ts";
import { readSpans } from "./span-rows.ts";
import { createStage } from "./stage.ts";
import { bind } from "./statement.ts";

/** Options of the index. */
export interface DuckdbIndexOptions {
  readonly directory: string;
  readonly quarantine: string;
  readonly io: IoPort;
  readonly limits?: EngineLimits;
  /** Queries at once; default 4. */
  readonly queriesAtOnce?: number;
  /** Default 30 s. */
  readonly queryTimeoutMs?: number;
  readonly onQuarantine: (file: string, cause: unknown) => void;
  readonly failpoint?: ((name: IndexFailpoint) => void) | undefined;
}

/** A span to look up: its identity and the day it was stored under. */
export interface SpanIdentity {
  readonly traceId: string;
  readonly spanId: string;
  readonly day: number;
}

/** The rebuildable side of the store: day files that answer questions. */
export interface DuckdbIndex {
  readonly summaries: ReadonlyMap<number, DaySummary>;
  write(batches: readonly IndexedBatch[]): Promise<void>;
  checkpoint(minWalBytes: number): Promise<void>;
  /** Stored spans among the given ones; does not wait for queries. */
  lookUp(identities: readonly SpanIdentity[]): Promise<readonly StoredSpan[]>;
  trace(traceId: string, signal?: AbortSignal): Promise<readonly StoredSpan[]>;
  /** Traces by id, in that order; those beyond the limit of spans are left out. */
  traces(traceIds: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, readonly StoredSpan[]>>;
  calls(filter: CallFilter, page: CallPage, signal?: AbortSignal): Promise<CallList>;
  aggregate(spec: AggregateSpec, signal?: AbortSignal): Promise<readonly AggregateRow[]>;
  facets(range: TimeRange, signal?: AbortSignal): Promise<Facets>;
  searchTraces(filter: SpanFilter, limit: number, signal?: AbortSignal): Promise<readonly TraceMatch[]>;
  spanNames(range: TimeRange, signal?: AbortSignal): Promise<readonly SpanName[]>;
  serviceLinks(range: TimeRange, signal?: AbortSignal): Promise<readonly ServiceLink[]>;
  /** Reads every file, or those of the given days, and sets damaged ones aside; answers the days that were lost. */
  verify(days?: readonly number[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Opens the files of a folder; those that do not open are set aside. @throws {DATA_DIR_TOO_NEW} */
export async function openDuckdbIndex(options: DuckdbIndexOptions): Promise<DuckdbIndex> {
  const database = await openDatabase(options.directory, options.limits);
  try {
    return await openIndex(options, database);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function openIndex(
  options: DuckdbIndexOptions,
  database: Awaited<ReturnType<typeof openDatabase>>,
): Promise<DuckdbIndex> {
  const [admin, writing, looking] = [await database.connect(), await database.connect(), await database.connect()];
  const files = createDayFiles({ ...options, connection: admin });
  await files.openAll();
  const gate = createReadGate();
  const writer = createIndexWriter({ ...options, files, gate, connection: writing, stage: await createStage(writing) });
  const slots = createQuerySlots({
    connect: () => database.connect(),
    count: options.queriesAtOnce ?? LIMITS.queriesAtOnce,
    timeoutMs: options.queryTimeoutMs ?? LIMITS.queryTimeoutMs,
  });
  let looked: Promise<unknown> = Promise.resolve();
  let closing = false;

  /** All statements of one query see one state of every file. */
  function query<T>(
    days: readonly number[],
    signal: AbortSignal | undefined,
    ask: (connection: DuckDBConnection, days: readonly number[]) => Promise<T>,
  ): Promise<T> {
    if (closing) throw new MonitorError("STORE_UNAVAILABLE", "the store is closed");
    return slots.run(signal, (connection) =>
      gate.shared(() => files.use(days, false, (present) => inTransaction(connection, () => ask(connection, present)))),
    );
  }

  function daysIn(range: TimeRange): readonly number[] {
    return [...files.summaries.keys()].filter((day) => touchesDay(range, day)).sort((a, b) => a - b);
  }

  async function lookUpOfDay(day: number, identities: readonly SpanIdentity[]): Promise<StoredSpan[]> {
    return await files.use([day], false, async (present) => {
      if (present.length === 0) return [];
      const wanted =
        "SEMI JOIN (SELECT unnest($traces) AS trace_id, unnest($spans) AS span_id) w ON s.trace_id = w.trace_id AND s.span_id = w.span_id";
      return await readSpans(looking, day, wanted, {
        traces: bind.traceIds(identities.map(({ traceId }) => traceId)),
        spans: bind.spanIds(identities.map(({ spanId }) => spanId)),
      });
    });
  }

  return {
    summaries: files.summaries,
    write: (batches) => writer.write(batches),
    checkpoint: (minWalBytes) => writer.checkpoint(minWalBytes),
    async lookUp(identities) {
      const byDay = groupByDay(identities);
      const result = looked.then(async () => {
        const found: StoredSpan[] = [];
        for (const [day, group] of byDay) found.push(...(await lookUpOfDay(day, group)));
        return found;
      });
      looked = result.catch(() => undefined);
      return await result;
    },
    trace: (traceId, signal) =>
      query([...files.summaries.keys()], signal, async (connection, days) => {
        const found: StoredSpan[] = [];
        const wanted = "WHERE s.trace_id = $trace ORDER BY s.start_ns, s.span_id LIMIT $limit";
        const parameters = { trace: bind.traceId(traceId), limit: bind.integer(LIMITS.spansPerTrace) };
        for (const day of days) found.push(...(await readSpans(connection, day, wanted, parameters)));
        return found;
      }),
    traces: (traceIds, signal) =>
      query([...files.summaries.keys()], signal, (connection, days) => queryTracesById(connection, days, traceIds)),
    calls: (filter, page, signal) =>
      query(daysIn(filter.range), signal, (connection, days) => queryCalls(connection, days, filter, page)),
    aggregate: (spec, signal) =>
      query(daysIn(spec.filter.range), signal, (connection, days) => queryAggregate(connection, days, spec)),
    facets: (range, signal) => query(daysIn(range), signal, (connection, days) => queryFacets(connection, days, range)),
    searchTraces: (filter, limit, signal) =>
      query(daysIn(filter.range), signal, (connection, days) => queryTraces(connection, days, filter, limit)),
    spanNames: (range, signal) =>
      query(daysIn(range), signal, (connection, days) => querySpanNames(connection, days, range)),
    serviceLinks: (range, signal) =>
      query(daysIn(range), signal, (connection, days) => queryServiceLinks(connection, days, range)),
    async verify(days = [...files.summaries.keys()]) {
      return await gate.exclusive(async () => {
        const lost: number[] = [];
        for (const day of days) if (!(await files.verify(day))) lost.push(day);
        return lost;
      });
    },
    async close() {
      closing = true;
      await gate.exclusive(async () => {
        await looked;
        slots.close();
        for (const connection of [admin, writing, looking]) connection.closeSync();
        database.close();
      });
    },
  };
}

async function inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await runStatement(connection, "BEGIN TRANSACTION READ ONLY");
  try {
    return await work();
  } finally {
    // After an interrupt the transaction may be gone already.
    await runStatement(connection, "ROLLBACK").catch(() => undefined);
  }
}

function groupByDay(identities: readonly SpanIdentity[]): ReadonlyMap<number, SpanIdentity[]> {
  const groups = new Map<number, SpanIdentity[]>();
  for (const identity of identities) {
    const group = groups.get(identity.day);
    if (group === undefined) groups.set(identity.day, [identity]);
    else group.push(identity);
  }
  return groups;
}
