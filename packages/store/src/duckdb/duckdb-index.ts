import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type {
  AggregateRow,
  AggregateSpec,
  CallFilter,
  CallList,
  CallPage,
  Facets,
  PurgeSelector,
  ServiceLink,
  SpanFilter,
  RankedValues,
  SpanName,
  StoredSpan,
  TimeRange,
  TraceMatch,
  ValueRanks,
} from "../contract.ts";
import type { IoPort } from "../io-port.ts";
import type { AskFile } from "./ask-file.ts";
import { openDatabase, type EngineLimits } from "./database.ts";
import { removeFile } from "./day-file.ts";
import { createDayFiles } from "./day-files.ts";
import { SPAN_FILES, type FileSummary } from "./span-files.ts";
import { fileName, openFileOf, sealedFileOf, touchesFile, type IndexFile } from "./index-files.ts";
import { createIndexWriter, type IndexedBatch, type IndexFailpoint } from "./index-writer.ts";
import type { ManyCalls } from "./many-calls.ts";
import { createNameRollups } from "./name-rollups.ts";
import { countSelected, hasRows, purgeCondition, type SelectedRows } from "./purge-file.ts";
import { queryAggregate } from "./query-aggregate.ts";
import { queryCalls } from "./query-calls.ts";
import { queryFacets, querySpanNames } from "./query-names.ts";
import { queryRanks } from "./query-ranks.ts";
import { queryTrace, queryTracesById } from "./query-traces.ts";
import { queryServiceLinks, queryTraces } from "./query-spans.ts";
import { createQuerySlots } from "./query-slots.ts";
import { createReadGate } from "./read-gate.ts";
import { addInto, copyInto } from "./rewrite-file.ts";
import { createRollupFiles } from "./rollup-files.ts";
import { createRollupPass } from "./rollup-pass.ts";
import { createRollups } from "./rollups.ts";
import { readSpans } from "./span-rows.ts";
import { bind } from "./statement.ts";
import { inTransaction } from "./transaction.ts";
import { createTraceFilterPass } from "./trace-filter-pass.ts";
import { createTraceFilters } from "./trace-filters.ts";

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
  /** Matching calls up to which quantiles are exact. */
  readonly exactQuantileLimit?: number;
  /** `rollUp` is called soon after the opening; default false. */
  readonly rollsUpSoon?: boolean;
  readonly onQuarantine: (file: string, cause: unknown) => void;
  /** Rows of a day up to this position were removed for good and must not come back; default 0 for every day. */
  readonly droppedThrough?: (day: number) => bigint;
  readonly failpoint?: ((name: IndexFailpoint) => void) | undefined;
}

type Connection = DuckDBConnection;

/** A span to look up: its identity and the day it was stored under. */
export interface SpanIdentity {
  readonly traceId: string;
  readonly spanId: string;
  readonly day: number;
}

/** A copy of a file without some of its rows. */
export interface PurgedCopy {
  readonly kept: number;
  /** Later rows of the file are not in it. */
  readonly below: number;
}

/** The rebuildable side of the store: day files that answer questions. */
export interface DuckdbIndex {
  readonly summaries: ReadonlyMap<IndexFile, FileSummary>;
  /** Everything of a day up to this position is in the index, or was removed from it for good. */
  appliedOf(day: number): bigint;
  write(batches: readonly IndexedBatch[]): Promise<void>;
  checkpoint(minWalBytes: number): Promise<void>;
  /** Stored spans among the given ones; does not wait for queries. */
  lookUp(identities: readonly SpanIdentity[]): Promise<readonly StoredSpan[]>;
  trace(traceId: string, signal?: AbortSignal): Promise<readonly StoredSpan[]>;
  /** Traces by id, in that order; those beyond the limit of spans are left out. */
  traces(traceIds: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, readonly StoredSpan[]>>;
  calls(filter: CallFilter, page: CallPage, signal?: AbortSignal): Promise<CallList>;
  aggregate(spec: AggregateSpec, signal?: AbortSignal): Promise<readonly AggregateRow[]>;
  ranks(filter: CallFilter, values: RankedValues, signal?: AbortSignal): Promise<ValueRanks>;
  facets(range: TimeRange, signal?: AbortSignal): Promise<Facets>;
  searchTraces(filter: SpanFilter, limit: number, signal?: AbortSignal): Promise<readonly TraceMatch[]>;
  spanNames(range: TimeRange, signal?: AbortSignal): Promise<readonly SpanName[]>;
  serviceLinks(range: TimeRange, signal?: AbortSignal): Promise<readonly ServiceLink[]>;
  /** Makes the rollups of sealed files, where there are enough calls for anybody to need them. */
  rollUp(signal?: AbortSignal): Promise<void>;
  /** Reads every file and sets damaged ones aside; answers those that were lost. */
  verifyAll(): Promise<readonly IndexFile[]>;
  /** Reads one file, then asks `check`; sets it aside if one of them throws. */
  verify(file: IndexFile, check: () => Promise<void>): Promise<boolean>;
  /** Copies every row of a day into a new file and reads it back; answers the rows, and those of the open file. */
  copyForSeal(day: number): Promise<{ readonly spans: number; readonly openSpans: number }>;
  /** The copy takes the place of the files of its day. Must not overlap with a write. */
  seal(day: number): Promise<void>;
  countSelected(selector: PurgeSelector): Promise<SelectedRows>;
  /** Copies a file without the selected ones of its first `rows` rows; `undefined` when there are none. */
  copyForPurge(file: IndexFile, selector: PurgeSelector, rows: number): Promise<PurgedCopy | undefined>;
  /** The copy, with what came since, takes the place of its file; answers how many rows went. Must not overlap with a write. */
  replaceByPurged(file: IndexFile, copy: PurgedCopy): Promise<number>;
  /** Removes the files of a day. Must not overlap with a write. */
  remove(day: number): Promise<void>;
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
  const connections = await Promise.all(Array.from({ length: 4 }, () => database.connect()));
  const [admin, writing, looking, tending] = connections as [Connection, Connection, Connection, Connection];
  const rollupFiles = createRollupFiles(options.io, options.directory);
  const files = createDayFiles({
    ...options,
    schema: SPAN_FILES,
    connection: admin,
    beforeChange: (file) => rollupFiles.remove(file),
  });
  await files.openAll();
  await rollupFiles.sweep((file) => files.summaries.has(file));
  const stateOf = (file: IndexFile): FileSummary | undefined => files.summaries.get(file);
  const rollups = createRollups({ stored: rollupFiles, stateOf });
  if (options.rollsUpSoon === true) for (const file of files.summaries.keys()) await rollups.recall(file);
  const names = createNameRollups({ stored: rollupFiles, stateOf });
  const traceFilters = createTraceFilters(stateOf);
  const gate = createReadGate();
  const writer = createIndexWriter({
    ...options,
    appliedOf,
    files,
    gate,
    connection: writing,
  });
  const slots = createQuerySlots({
    connect: () => database.connect(),
    count: options.queriesAtOnce ?? LIMITS.queriesAtOnce,
    timeoutMs: options.queryTimeoutMs ?? LIMITS.queryTimeoutMs,
  });
  let looked: Promise<unknown> = Promise.resolve();
  let tended: Promise<unknown> = Promise.resolve();
  let closing = false;

  /** Work that takes long and that a stop does not wait for. */
  function tend<T>(work: () => Promise<T>): Promise<T> {
    const result = work();
    tended = result.catch(() => undefined);
    return result;
  }

  /** All statements of one query see one state of every file. */
  function query<T>(
    wanted: readonly IndexFile[],
    signal: AbortSignal | undefined,
    ask: (connection: DuckDBConnection, files: readonly IndexFile[]) => Promise<T>,
  ): Promise<T> {
    if (closing) throw new MonitorError("STORE_UNAVAILABLE", "the store is closed");
    return slots.run(signal, (connection) =>
      gate.shared(() =>
        files.use(wanted, false, (present) => inTransaction(connection, () => ask(connection, present))),
      ),
    );
  }

  function filesIn(range: TimeRange): readonly IndexFile[] {
    return allFiles()
      .filter((file) => touchesFile(range, file))
      .sort((a, b) => a - b);
  }

  const callsOf = (file: IndexFile): number => files.summaries.get(file)?.calls ?? 0;
  const exactQuantileLimit = options.exactQuantileLimit ?? LIMITS.exactQuantileCalls;
  const allFiles = (): IndexFile[] => [...files.summaries.keys()];
  const askFile: AskFile = (file, signal, ask) =>
    query([file], signal, async (connection, present) => {
      if (present.length > 0) await ask(connection);
    });
  const rollupPass = createRollupPass({
    rollups,
    names,
    files: allFiles,
    callsOf,
    exactQuantileLimit,
    engineBytes: database.memoryBytes,
    query: askFile,
    isFirstPassNear: options.rollsUpSoon ?? false,
  });
  const many: ManyCalls = {
    rollups,
    names,
    spansOf: (file) => files.summaries.get(file)?.spans ?? 0,
    callsOf,
    limit: exactQuantileLimit,
    prefersRows: rollupPass.prefersRows,
  };

  const learnWhereTracesLie = createTraceFilterPass({ filters: traceFilters, files: allFiles, query: askFile });

  function appliedOf(day: number): bigint {
    const known = [openFileOf(day), sealedFileOf(day)].map((file) => files.summaries.get(file)?.applied ?? 0n);
    return [...known, options.droppedThrough?.(day) ?? 0n].reduce((high, value) => (value > high ? value : high));
  }

  async function lookUpOfDay(day: number, identities: readonly SpanIdentity[]): Promise<StoredSpan[]> {
    const wanted =
      "SEMI JOIN (SELECT unnest($traces) AS trace_id, unnest($spans) AS span_id) w ON s.trace_id = w.trace_id AND s.span_id = w.span_id";
    const parameters = {
      traces: bind.traceIds(identities.map(({ traceId }) => traceId)),
      spans: bind.spanIds(identities.map(({ spanId }) => spanId)),
    };
    return await files.use([sealedFileOf(day), openFileOf(day)], false, async (present) => {
      const found: StoredSpan[] = [];
      for (const file of present) found.push(...(await readSpans(looking, file, wanted, parameters)));
      return found;
    });
  }

  return {
    summaries: files.summaries,
    appliedOf,
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
    async trace(traceId, signal) {
      const spans = await query(allFiles(), signal, async (connection, present) =>
        queryTrace(connection, await traceFilters.select(connection, present, [traceId]), traceId),
      );
      learnWhereTracesLie();
      return spans;
    },
    traces: (traceIds, signal) =>
      query(allFiles(), signal, async (connection, present) =>
        queryTracesById(connection, await traceFilters.select(connection, present, traceIds), traceIds),
      ),
    async calls(filter, page, signal) {
      const list = await query(filesIn(filter.range), signal, (connection, present) =>
        queryCalls(connection, present, filter, page, many),
      );
      learnWhereTracesLie();
      return list;
    },
    aggregate: (spec, signal) =>
      query(filesIn(spec.filter.range), signal, (connection, present) =>
        queryAggregate(connection, present, spec, many),
      ),
    ranks: (filter, values, signal) =>
      query(filesIn(filter.range), signal, (connection, present) => queryRanks(connection, present, filter, values)),
    facets: (range, signal) =>
      query(filesIn(range), signal, (connection, present) => queryFacets(connection, present, range, many)),
    searchTraces: (filter, limit, signal) =>
      query(filesIn(filter.range), signal, (connection, present) =>
        queryTraces(connection, present, filter, limit, many),
      ),
    spanNames: (range, signal) =>
      query(filesIn(range), signal, (connection, present) => querySpanNames(connection, present, range, many)),
    serviceLinks: (range, signal) =>
      query(filesIn(range), signal, (connection, present) => queryServiceLinks(connection, present, range)),
    rollUp: (signal) => rollupPass.run(signal),
    async verifyAll() {
      return await gate.exclusive(async () => {
        const lost: IndexFile[] = [];
        for (const file of files.summaries.keys()) if (!(await files.verify(file))) lost.push(file);
        return lost;
      });
    },
    verify: (file, check) => gate.exclusive(() => files.verify(file, check)),
    copyForSeal: (day) =>
      files.use([sealedFileOf(day), openFileOf(day)], false, async (present) => {
        const openSpans = files.summaries.get(openFileOf(day))?.spans ?? 0;
        const sealed = sealedFileOf(day);
        await removeNew(options, sealed);
        const sources = present.map((file) => ({ file, below: files.summaries.get(file)?.spans ?? 0 }));
        return { spans: await tend(() => copyInto(tending, newPath(options, sealed), sources)), openSpans };
      }),
    async seal(day) {
      const [open, sealed] = [openFileOf(day), sealedFileOf(day)];
      const path = join(options.directory, fileName(sealed));
      options.failpoint?.("seal-copied");
      writer.forget(open);
      await files.exchange([open, sealed], async () => {
        await options.io.rename(path + ".new", path);
        await options.io.syncDirectory(options.directory);
        options.failpoint?.("seal-renamed");
        await removeFile(options.io, options.directory, open);
      });
    },
    countSelected: (selector) =>
      query(allFiles(), undefined, (connection, present) => countSelected(connection, present, selector)),
    async copyForPurge(file, selector, rows) {
      const without = purgeCondition(selector, rows);
      const below = files.summaries.get(file)?.spans ?? 0;
      return await files.use([file], false, async ([present]) => {
        if (present === undefined || !(await hasRows(tending, file, without))) return undefined;
        await removeNew(options, file);
        const kept = await tend(() => copyInto(tending, newPath(options, file), [{ file, without, below }]));
        options.failpoint?.("purge-partition-written");
        return { kept, below };
      });
    },
    async replaceByPurged(file, { kept, below }) {
      const now = files.summaries.get(file)?.spans ?? 0;
      const since =
        now === below
          ? 0
          : await files.use([file], false, () => addInto(tending, newPath(options, file), { file, from: below }));
      writer.forget(file);
      await files.exchange([file], () => putInPlace(options, file, kept + since > 0));
      options.failpoint?.("purge-renamed");
      return below - kept;
    },
    async remove(day) {
      const both = [openFileOf(day), sealedFileOf(day)];
      for (const file of both) writer.forget(file);
      await files.exchange(both, async () => {
        for (const file of both) await removeFile(options.io, options.directory, file);
      });
    },
    async close() {
      closing = true;
      await gate.exclusive(async () => {
        await looked;
        tending.interrupt();
        await tended;
        slots.close();
        for (const connection of connections) connection.closeSync();
        database.close();
      });
    },
  };
}

/** Where a file is written before it takes the place of the one of that name. */
function newPath({ directory }: DuckdbIndexOptions, file: IndexFile): string {
  return join(directory, fileName(file) + ".new");
}

/** Takes away what an earlier attempt left. */
async function removeNew(options: DuckdbIndexOptions, file: IndexFile): Promise<void> {
  const path = newPath(options, file);
  for (const name of [path, path + ".wal"]) await options.io.remove(name);
}

/** A new file takes the place of one that nobody uses; one without rows leaves none. */
async function putInPlace({ io, directory }: DuckdbIndexOptions, file: IndexFile, hasRows: boolean): Promise<void> {
  const path = join(directory, fileName(file));
  // Closing the file took its log over.
  await io.remove(path + ".wal");
  if (hasRows) await io.rename(path + ".new", path);
  else for (const gone of [path + ".new", path]) await io.remove(gone);
  await io.syncDirectory(directory);
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
