import type { IoPort } from "../io-port.ts";
import { createBatchAssembler } from "./batch-assembler.ts";
import { FIRST_FRAGMENT } from "./frame-format.ts";
import { firstFrameAfter, readHeaders, readTrailer, type SegmentEntry } from "./read-journal.ts";
import { scanSegment, type Frame } from "./scan-segment.ts";
import { segmentPath } from "./segment-files.ts";
import type { BatchFacts, SegmentTrailer } from "./segment-trailer.ts";

/** Segments that the fragments of one batch may reach beyond the first: 64 MiB in segments of 16. */
const REACH = 5;

/** A segment that nothing is written to any more. */
export interface ClosedSegment {
  readonly segment: number;
  readonly bytes: number;
  readonly trailer: SegmentTrailer;
}

/** Options of the catalogue. */
export interface SegmentCatalogueOptions {
  readonly io: IoPort;
  readonly directory: string;
  /** Facts about an encoded batch; `undefined` when it cannot be read. */
  readonly describe: (payload: Uint8Array) => BatchFacts | undefined;
}

/** Knows what lies in closed segments, each read once. */
export interface SegmentCatalogue {
  /** Segments up to a number, oldest first. */
  closed(through: number): Promise<readonly ClosedSegment[]>;
  /** The segment was removed or written anew. */
  forget(segment: number): void;
}

/** A catalogue of the segments of a folder. */
export function createSegmentCatalogue({ io, directory, describe }: SegmentCatalogueOptions): SegmentCatalogue {
  const known = new Map<number, SegmentTrailer>();

  /** A segment that was cut short by a crash has no trailer; what it would say is found by reading it. */
  async function describeSegment(entries: readonly SegmentEntry[], at: number): Promise<SegmentTrailer> {
    const own = entries[at]?.segment ?? 0;
    const assembler = createBatchAssembler();
    const highestByDay = new Map<number, bigint>();
    let [frames, openSpans, newestWrittenUnixMillis, begunIn] = [0, 0, 0, own];
    // Its first and its last batch may lie in its neighbours too.
    for (let near = Math.max(0, at - REACH); near <= Math.min(entries.length - 1, at + REACH); near++) {
      const segment = entries[near]?.segment ?? 0;
      for (const frame of await framesOf(entries, near)) {
        if (segment === own) frames++;
        if ((frame.flags & FIRST_FRAGMENT) !== 0) begunIn = segment;
        const batch = assembler.add(segment, frame);
        if (typeof batch !== "object" || begunIn > own || segment < own) continue;
        const facts = describe(batch.payload);
        for (const day of facts?.days ?? []) highestByDay.set(day, batch.position);
        openSpans += facts?.openSpans ?? 0;
        newestWrittenUnixMillis = Math.max(newestWrittenUnixMillis, facts?.writtenUnixMillis ?? 0);
      }
    }
    return { frames, openSpans, newestWrittenUnixMillis, highestByDay };
  }

  async function framesOf(entries: readonly SegmentEntry[], at: number): Promise<readonly Frame[]> {
    const entry = entries[at];
    if (entry === undefined || entry.size === 0) return [];
    const end = firstFrameAfter(entries, at);
    const { frames } = scanSegment(await io.read(segmentPath(directory, entry.segment)));
    return frames.filter((frame) => end === undefined || frame.number < end);
  }

  return {
    async closed(through) {
      const entries = await readHeaders(io, directory);
      const found: ClosedSegment[] = [];
      for (const [at, entry] of entries.entries()) {
        if (entry.segment > through || entry.size === 0) continue;
        const trailer =
          known.get(entry.segment) ?? (await readTrailer(io, directory, entry)) ?? (await describeSegment(entries, at));
        known.set(entry.segment, trailer);
        found.push({ segment: entry.segment, bytes: entry.size, trailer });
      }
      return found;
    },
    forget: (segment) => void known.delete(segment),
  };
}
