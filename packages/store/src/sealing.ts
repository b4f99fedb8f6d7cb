import { join } from "node:path";
import type { StoreLogger } from "./contract.ts";
import { dayName, dayOfFile, fileName, isSealed, openFileOf, sealedFileOf } from "./duckdb/index-files.ts";
import type { EmbeddedParts } from "./embedded-start.ts";
import { sha256Of } from "./file-hash.ts";
import type { IoPort } from "./io-port.ts";

const DAY_MS = 86_400_000;
/** A day is closed two hours after its end: senders retry and clocks differ. */
const CLOSED_AFTER_MS = 2 * 3_600_000;

/** Options of the sealing. */
export interface SealingOptions {
  readonly parts: EmbeddedParts;
  readonly io: IoPort;
  /** Folder of the index. */
  readonly directory: string;
  /** Wall clock, ms. */
  readonly now: () => number;
  readonly logger: StoreLogger;
}

/**
 * Seals days that are over: all rows of a day go into one new file that is read back and never written to again. Then
 * the journal need not hold them any more. Late rows make an open file beside it, which is sealed with it in its turn.
 * @returns seals what has not changed since the call before, and rolls up what is sealed.
 */
export function createSealing({ parts, io, directory, now, logger }: SealingOptions): () => Promise<void> {
  const { keeper, manifest } = parts;
  let seenBefore: ReadonlyMap<number, number> = new Map();

  function closedDays(): readonly number[] {
    const closed = [...keeper.index.summaries.keys()].map(dayOfFile);
    return [...new Set(closed)].filter((day) => (day + 1) * DAY_MS + CLOSED_AFTER_MS <= now()).sort((a, b) => a - b);
  }

  async function seal(day: number): Promise<void> {
    const begin = performance.now();
    const copied = await keeper.index.copyForSeal(day);
    const isDone = await parts.between(async () => {
      // Rows that came meanwhile are not in the copy.
      if (keeper.index.summaries.get(openFileOf(day))?.spans !== copied.openSpans) return false;
      await manifest.unseal(day);
      await keeper.index.seal(day);
      return true;
    });
    if (isDone) logger.info("day_sealed", { day: dayName(day), spans: copied.spans, seconds: secondsSince(begin) });
  }

  /** Notes what a sealed file is; a kill may have come before. */
  async function note(day: number): Promise<void> {
    const file = sealedFileOf(day);
    const through = parts.lastIndexed();
    const path = join(directory, fileName(file));
    const [sha256, bytes] = [await sha256Of(path), await io.sizeOf(path)];
    const spans = keeper.index.summaries.get(file)?.spans ?? 0;
    await manifest.seal(day, { through, spans, bytes, sha256, sealedUnixMillis: now() });
  }

  return async () => {
    const { summaries } = keeper.index;
    const seen = new Map<number, number>();
    for (const [file, { spans }] of summaries) if (!isSealed(file)) seen.set(dayOfFile(file), spans);
    for (const day of closedDays()) {
      if (keeper.degraded) return;
      if (seen.has(day) && seenBefore.get(day) === seen.get(day)) await seal(day);
      const isWhole = summaries.has(sealedFileOf(day)) && !summaries.has(openFileOf(day));
      if (isWhole && manifest.sealed(day) === undefined) await note(day);
    }
    seenBefore = seen;
    await keeper.index.rollUp().catch((error: unknown) => {
      // Derived data: whoever asks makes it then.
      logger.warn("rollup_failed", { error: String(error) });
    });
  };
}

function secondsSince(begin: number): number {
  return Math.round(performance.now() - begin) / 1000;
}
