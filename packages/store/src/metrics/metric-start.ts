import { setTimeout as sleep } from "node:timers/promises";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { StoreLogger } from "../contract.ts";
import type { DataFolder } from "../data-folder.ts";
import { createDiskGuard, type DiskGuard } from "../disk-guard.ts";
import { isWritable } from "../duckdb/day-file.ts";
import { createFeeder, type Feeder } from "../feeder.ts";
import { nodeIoPort, type IoPort } from "../io-port.ts";
import { FRAME_TYPE } from "../journal/frame-format.ts";
import { openGroupCommit } from "../journal/group-commit.ts";
import type { Journal } from "../journal/journal.ts";
import type { JournalFindings } from "../journal/read-journal.ts";
import { repairJournal } from "../journal/repair-journal.ts";
import type { EmbeddedMetricStoreOptions } from "./embedded-metric-options.ts";
import type { JournaledMetrics } from "./metric-codec.ts";
import { openMetricIndex, type MetricIndex } from "./metric-index.ts";
import { readMetricPlan } from "./metric-purge-plan.ts";
import { inspectJournal, replayMetrics } from "./metric-replay.ts";

const FLUSH_MS = 500;
const CHECKPOINT_WAL_BYTES = 16 * 1024 * 1024;
const CHECKPOINT_EVERY_MS = 5_000;
const RETRY_MAX_MS = 5_000;
const SILENT: StoreLogger = { info: () => undefined, warn: () => undefined };

/** A batch that is durable and on its way into the index. */
export interface QueuedMetrics {
  readonly batch: JournaledMetrics;
  readonly position: bigint;
  readonly bytes: number;
  readonly durableAtMillis: number;
}

/** Everything a store of metric samples is made of. */
export interface MetricParts {
  readonly io: IoPort;
  readonly logger: StoreLogger;
  readonly folder: DataFolder;
  readonly journal: Journal;
  readonly feeder: Feeder<QueuedMetrics>;
  readonly guard: DiskGuard;
  /** Another one after the engine failed. @throws {STORE_UNAVAILABLE} while it is being opened again. */
  readonly index: () => MetricIndex;
  /** Waits for it while it is being opened again. @throws {STORE_UNAVAILABLE} when that fails. */
  readonly openedIndex: () => Promise<MetricIndex>;
  /** Everything up to this position is in the index. */
  readonly lastIndexed: () => bigint;
  /** Bytes of the journal that wait for the index. */
  readonly queuedBytes: () => number;
  /** Takes an acknowledged batch on its way into the index. */
  readonly enqueue: (batch: QueuedMetrics) => void;
  /** Files in quarantine. */
  readonly quarantined: { files: number };
  /** Whether a purge is left to be finished. */
  readonly hasPendingPurge: boolean;
}

/**
 * Repairs the journal, opens the index and fills what it lacks. Of a purge that was interrupted the batches it reaches
 * to come first and are erased; the segments are left to the upkeep.
 * @throws {DATA_DIR_TOO_NEW}
 */
export async function startMetrics(
  options: EmbeddedMetricStoreOptions,
  folder: DataFolder,
  metricsDir: string,
): Promise<MetricParts> {
  const io = options.ioPort ?? nodeIoPort;
  const logger = options.logger ?? SILENT;
  const quarantined = { files: 0 };
  const findings = await inspectJournal(io, folder.journal);
  await repair(findings);
  const plan = await readMetricPlan(io, metricsDir);
  let current: MetricIndex | undefined = await openIndex();
  /** Another index than the first one: a file that it set aside comes back from the journal before anything is written. */
  let isUnfilled = false;
  let isOpenToRead = false;
  let reopening: Promise<void> = Promise.resolve();
  if (plan !== undefined) {
    await replayMetrics(current, { io, directory: folder.journal, upTo: plan.through });
    await current.erase(plan);
    logger.info("metric_purge_resumed", {});
  }
  const replayed = await replayMetrics(current, { io, directory: folder.journal });
  if (replayed.rows > 0) logger.info("metric_index_replayed", { rows: replayed.rows });
  await repair(replayed.findings);

  let lastIndexed = findings.nextFrame - 1n;
  for (const { applied } of current.summaries.values()) if (applied > lastIndexed) lastIndexed = applied;
  let queuedBytes = 0;
  let checkpointedAt = performance.now();
  const feeder = createFeeder<QueuedMetrics>({
    flushMs: options.indexFlushMs ?? FLUSH_MS,
    flushRows: LIMITS.indexFlushRows,
    write: writeToIndex,
    onIndexed(batches) {
      for (const { bytes } of batches) queuedBytes -= bytes;
      lastIndexed = batches.at(-1)?.position ?? lastIndexed;
    },
    onError,
  });
  const journal = openGroupCommit({
    io,
    directory: folder.journal,
    firstSegment: findings.lastSegment + 1,
    firstFrame: lastIndexed + 1n,
    frameType: FRAME_TYPE.metricSamples,
    sync: options.sync ?? true,
    failpoint: options.failpoint,
    onFailure(error) {
      logger.warn("metric_journal_stopped", { error: String(error) });
      options.onFailure?.(error);
    },
  });
  return {
    io,
    logger,
    folder,
    journal,
    feeder,
    guard: await createDiskGuard({
      io,
      directory: options.dataDir,
      reserveBytes: options.diskReserveBytes,
      onLow: options.onDiskLow,
    }),
    index,
    async openedIndex() {
      await reopening;
      return index();
    },
    lastIndexed: () => lastIndexed,
    queuedBytes: () => queuedBytes,
    enqueue(batch) {
      queuedBytes += batch.bytes;
      feeder.add(batch);
    },
    quarantined,
    hasPendingPurge: plan !== undefined,
  };

  function index(): MetricIndex {
    if (current === undefined) throw new MonitorError("STORE_UNAVAILABLE", "the index is being opened again");
    return current;
  }

  async function repair(found: JournalFindings): Promise<void> {
    const { damage, duplicates } = found;
    for (const one of damage) logger.warn("metric_journal_damaged", { ...one });
    for (const segment of duplicates) logger.warn("metric_segment_duplicate", { segment });
    await repairJournal({ io, directory: folder.journal, quarantine: folder.quarantine }, found);
    // Files stay in quarantine until somebody looks at them, so they are counted at every start.
    quarantined.files = (await io.list(folder.quarantine)).length;
  }

  function openIndex(): Promise<MetricIndex> {
    return openMetricIndex({
      directory: folder.index,
      quarantine: folder.quarantine,
      io,
      limits: options.engine,
      failpoint: options.failpoint,
      onQuarantine(file, cause) {
        quarantined.files++;
        logger.warn("metric_file_quarantined", { file, cause: String(cause) });
      },
    });
  }

  async function writeToIndex(batches: readonly QueuedMetrics[]): Promise<void> {
    current ??= await openIndex();
    if (isUnfilled) await replayMetrics(current, { io, directory: folder.journal, upTo: lastIndexed });
    isUnfilled = false;
    await current.write(batches);
    if (performance.now() - checkpointedAt < CHECKPOINT_EVERY_MS) return;
    checkpointedAt = performance.now();
    await current.checkpoint(CHECKPOINT_WAL_BYTES).catch((error: unknown) => {
      logger.warn("metric_checkpoint_failed", { error: String(error) });
    });
  }

  async function onError(error: unknown, failures: number): Promise<void> {
    logger.warn("metric_index_write_failed", { error: String(error), failures });
    const canWrite = await isWritable(io, folder.index);
    // As long as the disk takes nothing, another opening changes nothing and disturbs questions.
    if (canWrite || !isOpenToRead) await (reopening = reopen());
    isOpenToRead = !canWrite;
    await sleep(Math.min(250 * 2 ** (failures - 1), RETRY_MAX_MS));
  }

  /** An engine that failed once may go on failing. Questions need the next one now, and not only when something is written. */
  async function reopen(): Promise<void> {
    const failed = current;
    current = undefined;
    isUnfilled = true;
    await failed?.close().catch(() => undefined);
    current = await openIndex().catch((error: unknown) => {
      logger.warn("metric_index_not_opened", { error: String(error) });
      return undefined;
    });
  }
}
