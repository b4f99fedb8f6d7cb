import { join } from "node:path";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { TimeRange, WriteOutcome } from "../contract.ts";
import { openDataFolder } from "../data-folder.ts";
import { diskUsage } from "../disk-usage.ts";
import { nodeIoPort } from "../io-port.ts";
import type { MetricBatch, MetricStore, SeriesFilter } from "../metric-contract.ts";
import { checkMetricQuestion, checkSeriesFilter, samplesPerQueryOf } from "../metric-query-rules.ts";
import { DAY_MS, millisOf } from "../metric-series.ts";
import { compareUtf8 } from "../utf8-order.ts";
import { createAdmissionByDay } from "./admission-days.ts";
import type { EmbeddedMetricStoreOptions } from "./embedded-metric-options.ts";
import {
  answerExemplars,
  answerLabels,
  answerLatest,
  answerMetadata,
  answerSamples,
  answerSeries,
  countActive,
} from "./metric-answers.ts";
import type { MetricQuestion } from "./metric-queries.ts";
import { startMetrics, type MetricParts } from "./metric-start.ts";
import { backUpMetrics } from "./metric-backup.ts";
import { createMetricUpkeep } from "./metric-upkeep.ts";
import { verifyMetrics } from "./metric-verification.ts";
import { createMetricWritePath } from "./metric-write-path.ts";

/** Longest wait for the index and for upkeep at `close`; what is left is done at the next start. */
const CLOSE_FLUSH_MS = LIMITS.drainTimeoutMs / 2;
const EVERYTHING = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

/**
 * Opens a store of metric samples in the `metrics/` of a data folder, apart from the spans: a journal in front makes
 * samples safe, day files behind answer questions.
 * @throws {DATA_DIR_UNUSABLE} {DATA_DIR_LOCKED} {DATA_DIR_TOO_NEW}
 */
export async function openEmbeddedMetricStore(options: EmbeddedMetricStoreOptions): Promise<MetricStore> {
  const metricsDir = join(options.dataDir, "metrics");
  const folder = await openDataFolder(metricsDir, options.ioPort ?? nodeIoPort);
  try {
    const parts = await startMetrics(options, folder, metricsDir);
    return await createStore(options, parts, metricsDir);
  } catch (error) {
    await folder.release();
    throw error;
  }
}

async function createStore(
  options: EmbeddedMetricStoreOptions,
  parts: MetricParts,
  metricsDir: string,
): Promise<MetricStore> {
  const { folder, feeder, journal, index, openedIndex } = parts;
  const now = options.now ?? Date.now;
  const samplesPerQuery = samplesPerQueryOf(options.samplesPerQuery);
  const admission = createAdmissionByDay(openedIndex);
  const upkeep = createMetricUpkeep({
    parts,
    metricsDir,
    now,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    onChanged: () => admission.forget(),
    failpoint: options.failpoint,
  });
  if (parts.hasPendingPurge) await upkeep.finishPending();
  const writePath = createMetricWritePath({ parts, admission, now });
  const inFlight = new Set<Promise<unknown>>();
  let inUpkeep: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;

  function ready(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (closing !== undefined) throw new MonitorError("STORE_UNAVAILABLE", "the store is closed");
  }

  /** Retention and purge come one after the other, first of all a purge that failed half-way. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = inUpkeep.then(async () => {
      ready();
      await upkeep.finishPending();
      return await work();
    });
    inUpkeep = result.catch(() => undefined);
    return result;
  }

  function questionOf(filter: SeriesFilter, range: TimeRange, signal: AbortSignal | undefined): MetricQuestion {
    ready(signal);
    checkMetricQuestion(filter, range);
    return { filter, ...millisOf(range) };
  }

  async function close(): Promise<void> {
    await Promise.allSettled(inFlight);
    await Promise.race([inUpkeep, wait(CLOSE_FLUSH_MS)]);
    await journal.close();
    await Promise.race([feeder.flush(), wait(CLOSE_FLUSH_MS)]);
    await feeder.stop();
    await closeIndex();
    await folder.release();
  }

  /** Logs that are taken over now need not be read at the next start. */
  async function closeIndex(): Promise<void> {
    try {
      await index().checkpoint(0);
      await index().close();
    } catch (error) {
      parts.logger.warn("metric_index_not_closed", { error: String(error) });
    }
  }

  return {
    async write(batch: MetricBatch, signal?: AbortSignal): Promise<WriteOutcome> {
      signal?.throwIfAborted();
      if (closing !== undefined)
        return { status: "rejected", error: new MonitorError("STORE_UNAVAILABLE", "the store is closed") };
      const outcome = writePath(batch, signal);
      inFlight.add(outcome);
      try {
        return await outcome;
      } finally {
        inFlight.delete(outcome);
      }
    },
    series: async (filter, range, signal, limit) =>
      await answerSeries(await openedIndex(), questionOf(filter, range, signal), signal, limit),
    select: async (filter, range, signal) =>
      await answerSamples(await openedIndex(), questionOf(filter, range, signal), samplesPerQuery, signal),
    async latest(filter, atMs, { lookbackMs = LIMITS.metricLookbackMs, signal } = {}) {
      ready(signal);
      checkSeriesFilter(filter);
      const [fromMs, toMs] = [Math.floor(atMs - lookbackMs) + 1, Math.floor(atMs) + 1];
      return await answerLatest(await openedIndex(), { filter, fromMs, toMs }, signal);
    },
    async labelNames(filter, range, signal) {
      const question = questionOf(filter, range, signal);
      return [...(await answerLabels(await openedIndex(), question, signal, Object.keys))].sort(compareUtf8);
    },
    async labelValues(name, filter, range, signal) {
      const question = questionOf(filter, range, signal);
      const values = await answerLabels(await openedIndex(), question, signal, (labels) =>
        Object.hasOwn(labels, name) ? [labels[name] ?? ""] : [],
      );
      return [...values].sort(compareUtf8);
    },
    async metadata(family) {
      ready();
      const filter = family === undefined ? {} : { families: [family] };
      return await answerMetadata(await openedIndex(), filter, family === undefined ? now() - DAY_MS : 0);
    },
    exemplars: async (filter, range, signal) =>
      await answerExemplars(await openedIndex(), questionOf(filter, range, signal), signal),
    async stats() {
      ready();
      const stored = await openedIndex();
      const days = [...stored.summaries.values()];
      const oldest = days.flatMap(({ oldestMs }) => oldestMs ?? []);
      const newest = days.flatMap(({ newestMs }) => newestMs ?? []);
      return {
        samples: days.reduce((sum, { samples }) => sum + samples, 0),
        activeSeries: await countActive(stored, now()),
        diskBytes: await diskUsage(parts.io, [folder.journal, folder.index, folder.quarantine]),
        ...(oldest.length === 0 ? {} : { oldestMs: Math.min(...oldest) }),
        ...(newest.length === 0 ? {} : { newestMs: Math.max(...newest) }),
        ...admission.counters,
      };
    },
    quarantinedFiles: () => parts.quarantined.files,
    async retain(policy) {
      ready();
      return await inTurn(() => upkeep.retain(policy));
    },
    async purge(selector) {
      ready();
      if ("range" in selector) checkMetricQuestion({}, selector.range);
      const span = "range" in selector ? millisOf(selector.range) : EVERYTHING;
      return await inTurn(async () => ({ samples: await upkeep.purge(span) }));
    },
    async verify() {
      ready();
      return await inTurn(() => verifyMetrics(parts));
    },
    async backUp(directory) {
      ready();
      return await inTurn(() => backUpMetrics(parts, upkeep, options.dataDir, directory));
    },
    async flush() {
      ready();
      await feeder.flush();
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    // The process may end meanwhile: everything that waits here is in the journal.
    setTimeout(resolve, ms).unref();
  });
}
