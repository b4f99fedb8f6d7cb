import { createClockGuard } from "../clock-guard.ts";
import type { LeftOnDisk, RetentionPolicy } from "../contract.ts";
import { diskUsage } from "../disk-usage.ts";
import { dayName, dayOfFile } from "../duckdb/index-files.ts";
import { createSegmentCatalogue, type SegmentCatalogue } from "../journal/segment-catalogue.ts";
import { segmentPath } from "../journal/segment-files.ts";
import type { MetricRetention } from "../metric-contract.ts";
import { DAY_MS, dayOfMs } from "../metric-series.ts";
import { decodeMetrics, metricFacts } from "./metric-codec.ts";
import { readMetricPlan, removeMetricPlan, writeMetricPlan } from "./metric-purge-plan.ts";
import type { Span } from "./rewrite-metrics.ts";
import type { MetricParts } from "./metric-start.ts";

/** A segment stays for that long after its last batch, whatever the index says. */
const SEGMENT_KEPT_MS = 60 * 60 * 1000;
/** A day is over two hours after its end: senders retry and clocks differ. */
const PACKED_AFTER_MS = 2 * 60 * 60 * 1000;
/** With fewer sorted samples than that, a day is worth another copy. */
const SORTED_SHARE = 0.95;

/** Options of the upkeep. */
export interface MetricUpkeepOptions {
  readonly parts: MetricParts;
  readonly metricsDir: string;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** Days were removed or written anew. */
  readonly onChanged: () => void;
  readonly failpoint?: ((name: string) => void) | undefined;
}

/** Removes what is old or unwanted; one after the other. */
export interface MetricUpkeep {
  /** Segments of the journal. */
  readonly catalogue: SegmentCatalogue;
  /** Removes old days, and packs those that are over: a file that is sorted takes less than half. */
  retain(policy: RetentionPolicy): Promise<MetricRetention>;
  /** Goes on with a purge that failed or was interrupted; what came meanwhile for its span goes too. */
  finishPending(): Promise<void>;
  /** Erases a span of time from every file; answers how many samples went. */
  purge(span: Span): Promise<number>;
}

/** Upkeep over the parts of a store. */
export function createMetricUpkeep(options: MetricUpkeepOptions): MetricUpkeep {
  const { parts, now } = options;
  const { io, folder, journal, feeder, index } = parts;
  const clock = createClockGuard(now, options.monotonicMs);
  const catalogue = createSegmentCatalogue({ io, directory: folder.journal, describe: factsOf });

  /**
   * Removes closed segments whose batches are all in checkpointed files, oldest first. Everything that was journaled
   * before is indexed when it begins.
   */
  async function removeSegments(keptMs: number): Promise<void> {
    const through = journal.closedThrough;
    await feeder.flush();
    await feeder.between(async () => {
      const closed = await catalogue.closed(through);
      const stays = closed.findIndex(
        ({ trailer }) =>
          now() - trailer.newestWrittenUnixMillis < keptMs ||
          [...trailer.highestByDay.values()].some((position) => position > parts.lastIndexed()),
      );
      const going = stays === -1 ? closed : closed.slice(0, stays);
      if (going.length === 0) return;
      await index().checkpoint(0);
      for (const { segment } of going) {
        await io.remove(segmentPath(folder.journal, segment));
        catalogue.forget(segment);
      }
      await io.syncDirectory(folder.journal);
    });
  }

  /** Segments first: they would bring the days back. */
  async function drop(days: readonly number[]): Promise<void> {
    if (days.length === 0) return;
    await journal.rotate();
    await removeSegments(0);
    options.failpoint?.("metric-retention");
    await feeder.between(async () => {
      for (const day of days) await index().remove(day);
    });
    options.onChanged();
  }

  async function erase(span: Span): Promise<number> {
    const samples = await feeder.between(async () => {
      await journal.rotate();
      return await index().erase(span);
    });
    options.onChanged();
    await removeSegments(0);
    options.failpoint?.("metric-purge-segments-gone");
    await finishMetricPurge(parts, options.metricsDir);
    return samples;
  }

  function storedDays(): readonly number[] {
    return [...index().summaries.keys()].map(dayOfFile).sort((a, b) => a - b);
  }

  function usedBytes(): Promise<number> {
    return diskUsage(io, [folder.journal, folder.index]);
  }

  async function left(): Promise<LeftOnDisk> {
    const today = dayOfMs(now());
    const [oldest = today] = storedDays();
    return {
      bytes: await usedBytes(),
      ...(oldest < today ? { oldestDay: dayName(oldest) } : {}),
      isDiskLow: await parts.guard.isLow(),
    };
  }

  async function dropBySize(maxBytes: number): Promise<readonly number[]> {
    const gone: number[] = [];
    while ((await usedBytes()) > maxBytes) {
      const [oldest] = storedDays();
      if (oldest === undefined || oldest >= dayOfMs(now())) break;
      await drop([oldest]);
      gone.push(oldest);
    }
    return gone;
  }

  /** A day without late samples is copied while writes go on; one that changed meanwhile waits for the next time. */
  async function packDays(): Promise<void> {
    for (const [file, { samples, sortedSamples }] of index().summaries) {
      const day = dayOfFile(file);
      if (now() < (day + 1) * DAY_MS + PACKED_AFTER_MS || sortedSamples >= samples * SORTED_SHARE) continue;
      try {
        const copy = await index().copyForPack(day);
        options.failpoint?.("metric-pack-copied");
        await feeder.between(() => index().pack(day, copy));
      } catch (error) {
        // It stays as it is, and is tried again the next time.
        parts.logger.warn("metric_day_not_packed", { day: dayName(day), error: String(error) });
      }
    }
  }

  return {
    catalogue,
    async retain({ maxAgeDays, maxBytes }) {
      if (!clock.confirm()) return { days: [], freedBytes: 0, held: "clock-jump", left: await left() };
      await feeder.flush();
      const before = await usedBytes();
      const today = dayOfMs(now());
      const isOld = (day: number): boolean =>
        maxAgeDays !== undefined && day < today && day + 1 + maxAgeDays <= now() / DAY_MS;
      const expired = storedDays().filter(isOld);
      await drop(expired);
      await packDays();
      await removeSegments(SEGMENT_KEPT_MS);
      const bySize = maxBytes === undefined ? [] : await dropBySize(maxBytes);
      const after = await left();
      const freedBytes = Math.max(0, before - after.bytes);
      return { days: [...expired, ...bySize].map(dayName), freedBytes, left: after };
    },

    async finishPending() {
      const plan = await readMetricPlan(io, options.metricsDir);
      if (plan !== undefined) await erase(plan);
    },

    async purge(span) {
      await feeder.flush();
      await feeder.between(() => writeMetricPlan(io, options.metricsDir, { ...span, through: parts.lastIndexed() }));
      options.failpoint?.("metric-purge-planned");
      return await erase(span);
    },
  };
}

/** What could not be read may hold anything, so it goes too. */
async function finishMetricPurge(
  { io, folder, quarantined }: Pick<MetricParts, "io" | "folder" | "quarantined">,
  metricsDir: string,
): Promise<void> {
  for (const name of await io.list(folder.quarantine)) await io.remove(`${folder.quarantine}/${name}`);
  await io.syncDirectory(folder.quarantine);
  quarantined.files = 0;
  await removeMetricPlan(io, metricsDir);
}

function factsOf(payload: Uint8Array) {
  const batch = decodeMetrics(payload);
  return batch === undefined ? undefined : metricFacts(batch);
}
