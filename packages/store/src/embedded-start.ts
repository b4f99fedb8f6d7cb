import { setTimeout as sleep } from "node:timers/promises";
import { LIMITS } from "@nexent/monitor-core";
import type { StoreLogger } from "./contract.ts";
import type { DataFolder } from "./data-folder.ts";
import { createDiskGuard, type DiskGuard } from "./disk-guard.ts";
import { isWritable } from "./duckdb/day-file.ts";
import { ROW_GROUP_ROWS } from "./duckdb/span-files.ts";
import { openDuckdbIndex, type DuckdbIndex } from "./duckdb/duckdb-index.ts";
import { dayOfFile, fileOfName, isSealed, sealedFileOf } from "./duckdb/index-files.ts";
import type { EmbeddedStoreOptions } from "./embedded-options.ts";
import { createFeeder, type Feeder } from "./feeder.ts";
import { createIndexKeeper, type IndexKeeper } from "./index-keeper.ts";
import { nodeIoPort } from "./io-port.ts";
import { openGroupCommit } from "./journal/group-commit.ts";
import { createVolatileJournal, type Journal } from "./journal/journal.ts";
import type { JournalFindings } from "./journal/read-journal.ts";
import { repairJournal } from "./journal/repair-journal.ts";
import { settleRewrite } from "./journal/rewrite-segments.ts";
import { createSegmentCatalogue, type SegmentCatalogue } from "./journal/segment-catalogue.ts";
import { openManifest, type Manifest } from "./manifest.ts";
import { resumePurgeOfIndex, resumePurgeOfJournal } from "./purge.ts";
import { describeBatch, readBack, replayInto } from "./recovery.ts";
import { createSeenIds, type SeenIds } from "./seen-ids.ts";
import { createTail, type Tail, type TailBatch } from "./tail.ts";

/** Counts since the start. */
export interface EmbeddedCounters {
  duplicates: number;
  conflicts: number;
  expired: number;
  purged: number;
  damagedFrames: number;
  quarantinedFiles: number;
}

/** Everything an embedded store is made of. */
export interface EmbeddedParts {
  readonly journal: Journal;
  readonly tail: Tail;
  readonly seen: SeenIds;
  readonly feeder: Feeder;
  readonly keeper: IndexKeeper;
  readonly guard: DiskGuard;
  readonly counters: EmbeddedCounters;
  readonly manifest: Manifest;
  readonly catalogue: SegmentCatalogue;
  /** Everything up to this position is in the index. */
  readonly lastIndexed: () => bigint;
  /** Runs upkeep that must not overlap with a write to the index or a replay; throws once the store stops. */
  readonly between: <T>(work: () => Promise<T>) => Promise<T>;
  /** Ends a rebuild, and upkeep at its next step. */
  readonly stopping: AbortController;
}

const DAY_MS = 86_400_000;
/** A longer replay goes on in the background; ingest and queries do not wait for it. */
const REPLAY_BEFORE_OPEN_BYTES = 32 * 1024 * 1024;
const CHECKPOINT_WAL_BYTES = 64 * 1024 * 1024;
const CHECKPOINT_EVERY_MS = 5_000;
const RETRY_MAX_MS = 5_000;
const FLUSH_MS = 500;
const ROLL_UP_AFTER_MS = 2_000;
/** For a store without a logger. */
export const SILENT_LOGGER: StoreLogger = { info: () => undefined, warn: () => undefined };

/** Reads the journal back, repairs it, opens the index and fills what it lacks. @throws {DATA_DIR_TOO_NEW} */
export async function startEmbedded(options: EmbeddedStoreOptions, folder: DataFolder): Promise<EmbeddedParts> {
  const io = options.ioPort ?? nodeIoPort;
  const logger = options.logger ?? SILENT_LOGGER;
  const now = options.now ?? Date.now;
  const counters: EmbeddedCounters = {
    duplicates: 0,
    conflicts: 0,
    expired: 0,
    purged: 0,
    damagedFrames: 0,
    quarantinedFiles: 0,
  };
  const [tail, seen] = [createTail(), createSeenIds()];
  const manifest = await openManifest(io, options.dataDir, logger);
  await settleRewrite(io, folder.journal);
  const purge = await resumePurgeOfJournal(io, options.dataDir, folder.journal);
  const sinceUnixMillis = now() - DAY_MS;
  const read = await readBack({
    io,
    directory: folder.journal,
    seen,
    tail,
    sinceUnixMillis,
    droppedThrough: manifest.droppedThrough,
  });
  await repair(read.findings);

  const stopping = new AbortController();
  let keeper: IndexKeeper | undefined;
  let checkpointedAt = performance.now();
  /** Later batches are in the tail. */
  let lastIndexed = read.findings.nextFrame - 1n;
  const index = await openIndex({ rollsUpSoon: Number.isFinite(rollUpAfterMs(options)) });
  await removeDropped(index, manifest);
  await unsealLost(index, manifest);
  const feeder = createFeeder({
    flushMs: options.indexFlushMs ?? FLUSH_MS,
    flushRows: options.indexFlushRows ?? LIMITS.indexFlushRows,
    groupRows: ROW_GROUP_ROWS,
    write: writeToIndex,
    onIndexed,
    onError: onWriteError,
  });
  keeper = createIndexKeeper(index, {
    open: () => openIndex(),
    replay,
    between: (work) => feeder.between(work),
    isWritable: () => isWritable(io, folder.index),
    logger,
  });
  const held = keeper;
  await forgetEndedSpans(tail, index);
  await fill();
  const journal = openJournal();
  const guard = await createDiskGuard({
    io,
    directory: options.dataDir,
    reserveBytes: options.diskReserveBytes,
    onLow: options.onDiskLow,
  });
  const catalogue = createSegmentCatalogue({ io, directory: folder.journal, describe: describeBatch });
  const parts: EmbeddedParts = {
    journal,
    tail,
    seen,
    feeder,
    keeper,
    guard,
    counters,
    manifest,
    catalogue,
    lastIndexed: () => lastIndexed,
    between: (work) =>
      feeder.between(() => {
        stopping.signal.throwIfAborted();
        return work();
      }),
    stopping,
  };
  if (purge !== undefined) {
    await resumePurgeOfIndex({
      parts,
      io,
      dataDir: options.dataDir,
      folder,
      plan: purge,
      failpoint: options.failpoint,
    });
    logger.info("purge_resumed", { id: purge.id });
  }
  return parts;

  async function repair(findings: JournalFindings): Promise<void> {
    const missing = findings.gaps.filter(({ explained }) => !explained);
    counters.damagedFrames = findings.damage.length + findings.duplicates.length + missing.length;
    for (const damage of findings.damage) logger.warn("journal_damaged", { ...damage });
    for (const segment of findings.duplicates) logger.warn("journal_segment_duplicate", { segment });
    for (const { first, last } of missing)
      logger.warn("journal_frames_missing", { first: String(first), last: String(last) });
    await repairJournal({ io, directory: folder.journal, quarantine: folder.quarantine }, findings);
    // Files stay in quarantine until somebody looks at them, so they are counted at every start.
    counters.quarantinedFiles = (await io.list(folder.quarantine)).length;
  }

  function openIndex(first: { readonly rollsUpSoon?: boolean } = {}): Promise<DuckdbIndex> {
    return openDuckdbIndex({
      ...first,
      directory: folder.index,
      quarantine: folder.quarantine,
      io,
      queriesAtOnce: Math.min(options.queriesAtOnce ?? 2, LIMITS.queriesAtOnce),
      ...(options.engine === undefined ? {} : { limits: options.engine }),
      ...(options.exactQuantileLimit === undefined ? {} : { exactQuantileLimit: options.exactQuantileLimit }),
      failpoint: options.failpoint,
      droppedThrough: manifest.droppedThrough,
      onQuarantine(file, cause) {
        counters.quarantinedFiles++;
        keeper?.markDegraded();
        logger.warn("index_file_quarantined", { file, cause: String(cause), ...noteLoss(file) });
      },
    });
  }

  /** Rows of a sealed file may stand nowhere else; segments that still hold them stay from now on. */
  function noteLoss(name: string): { readonly spansInFile?: number } {
    const file = fileOfName(name);
    if (file === undefined || !isSealed(file)) return {};
    const spans = manifest.sealed(dayOfFile(file))?.spans;
    manifest.unseal(dayOfFile(file)).catch((error: unknown) => {
      logger.warn("manifest_not_written", { error: String(error) });
    });
    return spans === undefined ? {} : { spansInFile: spans };
  }

  async function replay(target: DuckdbIndex): Promise<void> {
    const begin = performance.now();
    await replayInto(target, {
      io,
      directory: folder.journal,
      upTo: lastIndexed,
      flushRows: options.indexFlushRows ?? LIMITS.indexFlushRows,
      signal: stopping.signal,
      onProgress: () => options.failpoint?.("rebuild"),
    });
    logger.info("index_replayed", { seconds: (performance.now() - begin) / 1000 });
  }

  /** A little is replayed before the store opens; much, or a lost file, in the background. */
  async function fill(): Promise<void> {
    const bytes = read.bytesMissing(index);
    if (bytes === 0) return;
    logger.info("index_behind_journal", { bytes });
    if (bytes <= REPLAY_BEFORE_OPEN_BYTES) await replay(index);
    else held.rebuild();
  }

  function openJournal(): Journal {
    // Numbers that the index knows were used, even if their frames are lost.
    const applied = [...index.summaries.values()].map((summary) => summary.applied);
    const firstFrame = [...applied, manifest.highest].reduce(
      (next, position) => (position >= next ? position + 1n : next),
      read.findings.nextFrame,
    );
    if (options.durability === "memory") return createVolatileJournal(firstFrame, read.findings.lastSegment);
    return openGroupCommit({
      io,
      directory: folder.journal,
      firstSegment: read.findings.lastSegment + 1,
      firstFrame,
      sync: options.durability !== "write",
      failpoint: options.failpoint,
      onSync: options.onSync,
      onFailure(error) {
        logger.warn("journal_stopped", { error: String(error) });
        options.onFailure?.(error);
      },
    });
  }

  async function writeToIndex(batches: readonly TailBatch[]): Promise<void> {
    await held.index.write(batches.map(({ batch, position }) => ({ batch, position: position ?? 0n })));
    if (performance.now() - checkpointedAt < CHECKPOINT_EVERY_MS) return;
    checkpointedAt = performance.now();
    // The rows are committed; a log that stays long for another while is no reason to write them again.
    await held.index.checkpoint(CHECKPOINT_WAL_BYTES).catch((error: unknown) => {
      logger.warn("index_checkpoint_failed", { error: String(error) });
    });
  }

  function onIndexed(batches: readonly TailBatch[]): void {
    for (const batch of batches) tail.indexed(batch);
    lastIndexed = batches.at(-1)?.position ?? lastIndexed;
  }

  async function onWriteError(error: unknown, failures: number): Promise<void> {
    await held.onWriteError(error);
    await sleep(Math.min(250 * 2 ** (failures - 1), RETRY_MAX_MS));
  }
}

/** Time until rollups that are missing are made. */
export function rollUpAfterMs(options: EmbeddedStoreOptions): number {
  return options.rollUpAfterMs ?? ROLL_UP_AFTER_MS;
}

/** A kill between the note that a day was dropped and its removal leaves its files. */
async function removeDropped(index: DuckdbIndex, manifest: Manifest): Promise<void> {
  for (const [file, { applied }] of index.summaries) {
    const day = dayOfFile(file);
    const dropped = manifest.droppedThrough(day);
    // A file may not know what was applied to it; that is no reason to remove a day that was never dropped.
    if (dropped > 0n && applied <= dropped) await index.remove(day);
  }
}

/** A sealed file that was set aside is no copy of anything: segments that still hold its rows stay. */
async function unsealLost(index: DuckdbIndex, manifest: Manifest): Promise<void> {
  for (const day of manifest.sealedDays()) if (!index.summaries.has(sealedFileOf(day))) await manifest.unseal(day);
}

/** A span whose end was read from a segment that was skipped looks open; the index knows better. */
async function forgetEndedSpans(tail: Tail, index: DuckdbIndex): Promise<void> {
  const identities = tail.openIdentities().map(({ span }) => ({
    traceId: span.traceId,
    spanId: span.spanId,
    day: Number(span.startUnixNanos / 86_400_000_000_000n),
  }));
  for (const { span } of await index.lookUp(identities)) tail.removeOpen(span.traceId, span.spanId);
}
