import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { backUp } from "./backup.ts";
import { createClockGuard } from "./clock-guard.ts";
import type { Capabilities, StoredSpan, StoreStats, TraceStore } from "./contract.ts";
import { openDataFolder, type DataFolder } from "./data-folder.ts";
import { diskUsage } from "./disk-usage.ts";
import { dayOfFile } from "./duckdb/index-files.ts";
import type { EmbeddedStoreOptions } from "./embedded-options.ts";
import { rollUpAfterMs, SILENT_LOGGER, startEmbedded, type EmbeddedParts } from "./embedded-start.ts";
import { startFirstRollups } from "./first-rollups.ts";
import { nodeIoPort } from "./io-port.ts";
import { createPurge } from "./purge.ts";
import { createRetention } from "./retention.ts";
import { createSealing } from "./sealing.ts";
import { createSegmentCleaner } from "./segment-cleaner.ts";
import { checkAggregate, checkCalls, checkRange, checkRanks, checkTraceIds, checkTraceSearch } from "./query-rules.ts";
import { compareSpans, spanKey, wholeTraces } from "./stored-span.ts";
import { verifyIndex } from "./verification.ts";
import { createWritePath } from "./write-path.ts";

/** Longest wait for the index and for upkeep at `close`; what is left is done at the next start. */
const CLOSE_FLUSH_MS = LIMITS.drainTimeoutMs / 2;
const TRACE_ID = /^[0-9a-f]{32}$/;

/**
 * Opens a store in a folder: the journal in front makes spans safe, the index behind makes them askable and can be
 * built again from the journal.
 * @throws {DATA_DIR_UNUSABLE} {DATA_DIR_LOCKED} {DATA_DIR_TOO_NEW}
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<TraceStore> {
  const folder = await openDataFolder(options.dataDir, options.ioPort ?? nodeIoPort);
  try {
    return createEmbeddedStore(options, folder, await startEmbedded(options, folder));
  } catch (error) {
    await folder.release();
    throw error;
  }
}

function createEmbeddedStore(options: EmbeddedStoreOptions, folder: DataFolder, parts: EmbeddedParts): TraceStore {
  const { journal, tail, feeder, keeper, guard, counters } = parts;
  const io = options.ioPort ?? nodeIoPort;
  const now = options.now ?? Date.now;
  const monotonicMs = options.monotonicMs ?? (() => performance.now());
  const inFlight = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  const writePath = createWritePath({
    ...parts,
    lookUp: keeper.lookUp,
    now,
    onAcknowledged: options.onAcknowledged,
    refusal: () => journalFailure() ?? guard.refusal(),
    onFull: () => guard.reportFull(),
  });

  const cleaner = createSegmentCleaner({ parts, io, directory: folder.journal, now, carryOver: writePath.carryOver });
  const retain = createRetention({
    parts,
    io,
    folders: [folder.journal, folder.index],
    cleaner,
    seal: createSealing({ parts, io, directory: folder.index, now, logger: options.logger ?? SILENT_LOGGER }),
    clock: createClockGuard(now, monotonicMs),
    now,
    failpoint: options.failpoint,
  });
  const endFirstRollups = startFirstRollups({
    keeper,
    afterMs: rollUpAfterMs(options),
    logger: options.logger ?? SILENT_LOGGER,
  });
  const purge = createPurge({
    parts,
    io,
    dataDir: options.dataDir,
    folder,
    monotonicMs,
    failpoint: options.failpoint,
  });
  let upkeep: Promise<unknown> = Promise.resolve();
  let isInUpkeep = false;

  /** Retention, purge and the like come one after the other, first of all a purge that failed half-way. */
  function inUpkeep<T>(work: () => Promise<T>): Promise<T> {
    ready(undefined);
    const result = upkeep.then(async () => {
      ready(undefined);
      isInUpkeep = true;
      try {
        await purge.finishPending();
        return await work();
      } finally {
        isInUpkeep = false;
      }
    });
    upkeep = result.catch(() => undefined);
    return result;
  }

  function closedError(): MonitorError {
    return new MonitorError("STORE_UNAVAILABLE", "the store is closed");
  }
  function journalFailure(): MonitorError | undefined {
    return closing === undefined ? journal.failure : closedError();
  }
  function ready(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (closing !== undefined) throw closedError();
  }

  async function close(): Promise<void> {
    endFirstRollups();
    await Promise.allSettled(inFlight);
    await Promise.race([upkeep, wait(CLOSE_FLUSH_MS)]);
    await journal.close();
    if (keeper.degraded || isInUpkeep) parts.stopping.abort();
    await Promise.race([feeder.flush(), wait(CLOSE_FLUSH_MS)]);
    await feeder.stop();
    await keeper.close();
    await folder.release();
  }

  return {
    capabilities: {
      durability: options.durability ?? "fsync",
      dedupeScope: "store",
      freshnessMs: 1_000,
      exactQuantileLimit: options.exactQuantileLimit ?? LIMITS.exactQuantileCalls,
      erase: "bytes",
      backup: options.durability !== "memory",
    } satisfies Capabilities,

    async write(batch, signal) {
      const outcome = writePath.write(batch, signal);
      inFlight.add(outcome);
      try {
        return await outcome;
      } finally {
        inFlight.delete(outcome);
      }
    },

    async trace(traceId, { signal } = {}) {
      ready(signal);
      if (!TRACE_ID.test(traceId)) return [];
      // The tail first: a span that moves meanwhile is then in both, never in none.
      const recent = tail.trace(traceId);
      const indexed = await keeper.ask((index) => index.trace(traceId, signal));
      return mergeSpans(indexed, recent);
    },

    async traces(traceIds, signal) {
      ready(signal);
      checkTraceIds(traceIds);
      const known = traceIds.filter((traceId) => TRACE_ID.test(traceId));
      // The tail first, as for one trace.
      const recent = new Map(known.map((traceId) => [traceId, tail.trace(traceId)]));
      const indexed = await keeper.ask((index) => index.traces(known, signal));
      return wholeTraces(known.map((id) => mergeSpans(indexed.get(id) ?? [], recent.get(id) ?? [])));
    },

    async calls(filter, page, signal) {
      ready(signal);
      checkCalls(filter, page);
      return await keeper.ask((index) => index.calls(filter, page, signal));
    },

    async aggregate(spec, signal) {
      ready(signal);
      checkAggregate(spec);
      return await keeper.ask((index) => index.aggregate(spec, signal));
    },

    async ranks(filter, values, signal) {
      ready(signal);
      checkRanks(filter, values);
      return await keeper.ask((index) => index.ranks(filter, values, signal));
    },

    async facets(range, signal) {
      ready(signal);
      checkRange(range);
      return await keeper.ask((index) => index.facets(range, signal));
    },

    async searchTraces(filter, limit, signal) {
      ready(signal);
      checkTraceSearch(filter, limit);
      return await keeper.ask((index) => index.searchTraces(filter, limit, signal));
    },

    async spanNames(range, signal) {
      ready(signal);
      checkRange(range);
      return await keeper.ask((index) => index.spanNames(range, signal));
    },

    async serviceLinks(range, signal) {
      ready(signal);
      checkRange(range);
      return await keeper.ask((index) => index.serviceLinks(range, signal));
    },

    async stats(): Promise<StoreStats> {
      ready(undefined);
      return {
        ...countSpans(parts),
        diskBytes: await diskUsage(io, [folder.journal, folder.index, folder.quarantine]),
        indexLagSeconds: feeder.lagSeconds(),
        damagedFrames: counters.damagedFrames,
        quarantinedFiles: counters.quarantinedFiles,
        duplicateSpans: counters.duplicates,
        conflictingSpans: counters.conflicts,
        expiredSpans: counters.expired,
        purgedSpans: counters.purged,
        storageDegraded: keeper.degraded,
      };
    },

    async previewPurge(selector) {
      return await inUpkeep(() => purge.preview(selector));
    },

    async purge(planId) {
      return await inUpkeep(() => purge.run(planId));
    },

    async backup(directory, copyOthers) {
      if (options.durability === "memory")
        throw new MonitorError("CAPABILITY_MISSING", "without a journal there is nothing to build the open days from");
      return await inUpkeep(() =>
        backUp({ parts, io, dataDir: options.dataDir, also: options.backupAlso ?? [], copyOthers, now }, directory),
      );
    },

    async verify() {
      return await inUpkeep(async () => {
        await feeder.flush();
        return await verifyIndex(parts, io, folder.index);
      });
    },

    async retain(policy) {
      return await inUpkeep(() => retain(policy));
    },

    async flush() {
      await keeper.settled();
      await feeder.flush();
    },

    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** The index wins: what it holds has an end. */
function mergeSpans(indexed: readonly StoredSpan[], recent: readonly StoredSpan[]): readonly StoredSpan[] {
  const merged = new Map<string, StoredSpan>();
  for (const stored of [...recent, ...indexed]) merged.set(spanKey(stored.span.traceId, stored.span.spanId), stored);
  return [...merged.values()].sort(compareSpans).slice(0, LIMITS.spansPerTrace);
}

function countSpans({ keeper, tail }: EmbeddedParts) {
  const days = [...keeper.index.summaries.values()];
  const recent = tail.summary();
  const oldest = lowest([...days.map((day) => day.oldestUnixNanos), ...recent.starts]);
  const newestCall = highest([...days.map((day) => day.newestCallUnixNanos), ...recent.callStarts]);
  return {
    spans: days.reduce((sum, day) => sum + day.spans, recent.spans),
    calls: days.reduce((sum, day) => sum + day.calls, recent.calls),
    ...(oldest === undefined ? {} : { oldestUnixNanos: oldest }),
    ...(newestCall === undefined ? {} : { newestCallUnixNanos: newestCall }),
    days: new Set([...keeper.index.summaries.keys()].map(dayOfFile)).size,
  };
}

function lowest(values: readonly (bigint | undefined)[]): bigint | undefined {
  return values.reduce(
    (best, value) => (value !== undefined && (best === undefined || value < best) ? value : best),
    undefined,
  );
}

function highest(values: readonly (bigint | undefined)[]): bigint | undefined {
  return values.reduce(
    (best, value) => (value !== undefined && (best === undefined || value > best) ? value : best),
    undefined,
  );
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // The process may end meanwhile: everything that waits here is in the journal.
    setTimeout(resolve, ms).unref();
  });
}
