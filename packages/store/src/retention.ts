import type { ClockGuard } from "./clock-guard.ts";
import type { LeftOnDisk, RetentionPolicy, RetentionReport } from "./contract.ts";
import { diskUsage } from "./disk-usage.ts";
import { dayName, dayOf, dayOfFile } from "./duckdb/index-files.ts";
import type { EmbeddedParts } from "./embedded-start.ts";
import type { IoPort } from "./io-port.ts";
import type { SegmentCleaner } from "./segment-cleaner.ts";

const DAY_MS = 86_400_000;

/** Options of the retention. */
export interface RetentionOptions {
  readonly parts: EmbeddedParts;
  readonly io: IoPort;
  /** Folders whose bytes count. */
  readonly folders: readonly string[];
  readonly cleaner: SegmentCleaner;
  /** Seals days that are over. */
  readonly seal: () => Promise<void>;
  readonly clock: ClockGuard;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly failpoint?: ((name: string) => void) | undefined;
}

/** Removes the oldest days by age, then by size, and seals days that are over. The caller keeps other upkeep from running meanwhile. */
export function createRetention(options: RetentionOptions): (policy: RetentionPolicy) => Promise<RetentionReport> {
  const { parts, io, folders, cleaner } = options;
  const { keeper, tail, manifest, feeder } = parts;

  /** Days of the index and of spans without an end, oldest first. */
  function days(): readonly number[] {
    const indexed = [...keeper.index.summaries.keys()].map(dayOfFile);
    const open = tail.openIdentities().map(({ span }) => dayOf(span.startUnixNanos));
    return [...new Set([...indexed, ...open])].sort((a, b) => a - b);
  }

  /** The note comes first: rows that the journal still holds must not come back. */
  async function drop(dropped: readonly number[]): Promise<number> {
    if (dropped.length === 0) return 0;
    return await parts.between(async () => {
      let spans = tail.removeOpenWhere(({ span }) => dropped.includes(dayOf(span.startUnixNanos)));
      await manifest.drop(dropped, parts.lastIndexed());
      options.failpoint?.("retention");
      for (const [file, summary] of keeper.index.summaries)
        if (dropped.includes(dayOfFile(file))) spans += summary.spans;
      for (const day of dropped) await keeper.index.remove(day);
      return spans;
    });
  }

  async function dropBySize(maxBytes: number): Promise<{ days: readonly number[]; spans: number }> {
    const gone: number[] = [];
    let spans = 0;
    while ((await diskUsage(io, folders)) > maxBytes) {
      const [oldest] = days();
      if (oldest === undefined || oldest >= today()) break;
      spans += await drop([oldest]);
      await cleaner.clean();
      gone.push(oldest);
    }
    return { days: gone, spans };
  }

  async function left(): Promise<LeftOnDisk> {
    const [oldest = today()] = days();
    return {
      bytes: await diskUsage(io, folders),
      ...(oldest < today() ? { oldestDay: dayName(oldest) } : {}),
      isDiskLow: await parts.guard.isLow(),
    };
  }

  function today(): number {
    return Math.floor(options.now() / DAY_MS);
  }

  return async ({ maxAgeDays, maxBytes }) => {
    if (!options.clock.confirm()) return { days: [], spans: 0, freedBytes: 0, held: "clock-jump", left: await left() };
    // Spans that are on their way into a day would make it again.
    await feeder.flush();
    const before = await diskUsage(io, folders);
    const isOld = (day: number): boolean =>
      maxAgeDays !== undefined && day < today() && day + 1 + maxAgeDays <= options.now() / DAY_MS;
    const expired = days().filter(isOld);
    const byAge = await drop(expired);
    await options.seal();
    await cleaner.clean();
    const bySize = maxBytes === undefined ? { days: [], spans: 0 } : await dropBySize(maxBytes);
    const spans = byAge + bySize.spans;
    parts.counters.expired += spans;
    const after = await left();
    return {
      days: [...expired, ...bySize.days].map(dayName),
      spans,
      freedBytes: Math.max(0, before - after.bytes),
      left: after,
    };
  };
}
