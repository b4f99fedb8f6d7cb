import type { StoredSpan } from "./contract.ts";
import type { EmbeddedParts } from "./embedded-start.ts";
import type { IoPort } from "./io-port.ts";
import type { ClosedSegment } from "./journal/segment-catalogue.ts";
import { segmentPath } from "./journal/segment-files.ts";

const HOUR_MS = 3_600_000;
/** Repeats are recognised that long; at a start their ids are read back from the journal. */
const DEDUPE_MS = 24 * HOUR_MS;
const CARRIED_AT_ONCE = 1_000;

/** Options of the cleaner. */
export interface SegmentCleanerOptions {
  readonly parts: Pick<EmbeddedParts, "journal" | "catalogue" | "manifest" | "tail" | "feeder" | "between">;
  readonly io: IoPort;
  readonly directory: string;
  /** Wall clock, ms. */
  readonly now: () => number;
  /** Writes spans without an end again, before their segment goes. */
  readonly carryOver: (spans: readonly StoredSpan[]) => Promise<void>;
}

/** Removes segments of the journal that nobody needs any more. */
export interface SegmentCleaner {
  /** Oldest first, and none behind one that is needed, so that a hole is always damage. */
  clean(): Promise<void>;
}

/** A cleaner over the journal of a store. */
export function createSegmentCleaner(options: SegmentCleanerOptions): SegmentCleaner {
  const { io, directory } = options;
  const { journal, catalogue, manifest, tail, feeder, between } = options.parts;

  /** Rows that were dropped need no copy; those of a sealed day have one, which was read back. */
  function mayGo({ trailer }: ClosedSegment): boolean {
    const now = options.now();
    return [...trailer.highestByDay].every(([day, highest]) => {
      if (highest <= manifest.droppedThrough(day)) return true;
      const sealed = manifest.sealed(day);
      if (sealed === undefined || highest > sealed.through) return false;
      return now - sealed.sealedUnixMillis >= HOUR_MS && now - trailer.newestWrittenUnixMillis >= DEDUPE_MS;
    });
  }

  async function carryOpenSpans(): Promise<void> {
    const open = tail.openIdentities();
    for (let from = 0; from < open.length; from += CARRIED_AT_ONCE)
      await options.carryOver(open.slice(from, from + CARRIED_AT_ONCE));
  }

  return {
    async clean() {
      const through = journal.closedThrough;
      // Afterwards every span without an end of those segments is among the open ones of the tail.
      await feeder.flush();
      // A replay reads the journal in its turn of the same queue.
      await between(async () => {
        const closed = await catalogue.closed(through);
        const needed = closed.findIndex((segment) => !mayGo(segment));
        const going = needed === -1 ? closed : closed.slice(0, needed);
        if (going.some(({ trailer }) => trailer.openSpans > 0)) await carryOpenSpans();
        for (const { segment } of going) {
          await io.remove(segmentPath(directory, segment));
          catalogue.forget(segment);
        }
        if (going.length > 0) await io.syncDirectory(directory);
      });
    },
  };
}
