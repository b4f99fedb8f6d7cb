import { MonitorError } from "@nexent/monitor-core";
import type { IoPort } from "../io-port.ts";
import { createBatchAssembler, type JournalBatch } from "./batch-assembler.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, SEGMENT_VERSION, type SegmentHeader } from "./frame-format.ts";
import { scanSegment, type Frame, type SegmentScan } from "./scan-segment.ts";
import { listSegments, segmentName, segmentPath } from "./segment-files.ts";
import { trailerAtEnd, type SegmentTrailer } from "./segment-trailer.ts";

/** Part of a segment that cannot be served. */
export interface JournalDamage {
  readonly segment: number;
  readonly offset: number;
  readonly reason: string;
}

/** What a pass over the journal found. */
export interface JournalFindings {
  readonly damage: readonly JournalDamage[];
  /** Files whose header names another segment: copies, set aside whole. */
  readonly duplicates: readonly number[];
  /** Frame numbers that no segment holds. Not `explained`: the segment before was closed properly, so one is missing. */
  readonly gaps: readonly { readonly first: bigint; readonly last: bigint; readonly explained: boolean }[];
  /** Number of the oldest frame that is kept; absent in an empty journal. */
  readonly firstFrame?: bigint;
  /** One above the highest frame number seen. */
  readonly nextFrame: bigint;
  /** Highest number of a segment file, 0 if there is none. */
  readonly lastSegment: number;
}

/** How to pass over a journal. */
export interface ReadJournalOptions {
  readonly io: IoPort;
  readonly directory: string;
  /** Whether a segment that was closed properly must be read; one without a trailer always is. */
  readonly wants: (trailer: SegmentTrailer) => boolean;
  /** Gets every batch in order; answers `false` if its content is damaged. */
  readonly onBatch: (batch: JournalBatch) => boolean | Promise<boolean>;
}

/** A segment file and what its header says. */
export interface SegmentEntry {
  readonly segment: number;
  readonly size: number;
  readonly header?: SegmentHeader;
}

/** Frames at the end of a file that are looked at for a trailer; one for 20,000 days fits. */
const TAIL_BYTES = 256 * 1024;

/**
 * Reads a journal without changing anything.
 * @throws {DATA_DIR_TOO_NEW} when a segment or frame was written by a newer release.
 */
export async function readJournal(options: ReadJournalOptions): Promise<JournalFindings> {
  const { io, directory } = options;
  const entries = await readHeaders(io, directory);
  const duplicates = entries.filter(({ segment, header }) => header !== undefined && header.segment !== segment);
  const own = entries.filter((entry) => !duplicates.includes(entry));
  const damage: JournalDamage[] = [];
  const gaps: { first: bigint; last: bigint; explained: boolean }[] = [];
  let closedProperly = false;
  const assembler = createBatchAssembler();
  let next = 0n;

  for (const [at, entry] of own.entries()) {
    if (entry.size === 0) continue;
    const end = firstFrameAfter(own, at);
    const trailer = await readTrailer(io, directory, entry);
    const first = entry.header?.firstFrame;
    if (first !== undefined && first > next && next > 0n)
      gaps.push({ first: next, last: first - 1n, explained: !closedProperly });
    closedProperly = trailer !== undefined;
    if (trailer !== undefined && !options.wants(trailer)) {
      assembler.skipSegment();
      next = (first ?? 0n) + BigInt(trailer.frames) + 1n;
      continue;
    }
    const scan = scanSegment(await io.read(segmentPath(directory, entry.segment)));
    if (scan.tooNew !== undefined) throw tooNew(entry.segment, scan.tooNew);
    const frames = end === undefined ? scan.frames : scan.frames.filter((frame) => frame.number < end);
    const bad = (await feed(assembler, entry.segment, frames, options.onBatch)) ?? damageOf(entry.segment, scan, end);
    if (bad !== undefined) damage.push(bad);
    next = nextAfter(frames, first, next);
  }
  damage.push(...assembler.unfinished());
  const firstFrame = own.find(({ header }) => header !== undefined)?.header?.firstFrame;
  return {
    ...(firstFrame === undefined ? {} : { firstFrame }),
    damage,
    duplicates: duplicates.map(({ segment }) => segment),
    gaps,
    nextFrame: next === 0n ? 1n : next,
    lastSegment: entries.at(-1)?.segment ?? 0,
  };
}

/** Reads the headers first, so that a newer folder is refused before anything else is read. */
export async function readHeaders(io: IoPort, directory: string): Promise<readonly SegmentEntry[]> {
  const entries: SegmentEntry[] = [];
  for (const segment of await listSegments(io, directory)) {
    const path = segmentPath(directory, segment);
    const size = await io.sizeOf(path);
    const header = decodeSegmentHeader(await io.readRange(path, 0, SEGMENT_HEADER_BYTES));
    if (header !== undefined && header.version > SEGMENT_VERSION)
      throw tooNew(segment, `segment version ${header.version}`);
    entries.push({ segment, size, ...(header === undefined ? {} : { header }) });
  }
  return entries;
}

/** Frames from this number on were given up after a failed sync and written again later. */
export function firstFrameAfter(entries: readonly SegmentEntry[], at: number): bigint | undefined {
  const later = entries.slice(at + 1).flatMap(({ header }) => header?.firstFrame ?? []);
  return later.length === 0 ? undefined : later.reduce((low, first) => (first < low ? first : low));
}

/** The trailer of a segment that was closed properly. */
export async function readTrailer(
  io: IoPort,
  directory: string,
  entry: SegmentEntry,
): Promise<SegmentTrailer | undefined> {
  if (entry.header === undefined) return undefined;
  const from = Math.max(SEGMENT_HEADER_BYTES, entry.size - TAIL_BYTES);
  return trailerAtEnd(await io.readRange(segmentPath(directory, entry.segment), from, entry.size - from));
}

/** Hands the batches of a segment over; answers where it stops being usable, if it does. */
async function feed(
  assembler: ReturnType<typeof createBatchAssembler>,
  segment: number,
  frames: readonly Frame[],
  onBatch: ReadJournalOptions["onBatch"],
): Promise<JournalDamage | undefined> {
  for (const frame of frames) {
    const result = assembler.add(segment, frame);
    if (result === "out-of-order") return { segment, offset: frame.offset, reason: "bad fragment order" };
    if (result === undefined) continue;
    if (!(await onBatch(result))) return { segment, offset: result.lastOffset, reason: "bad content" };
  }
  return undefined;
}

/** Damage behind the last frame that counts is what a failed write left there; nothing is lost by it. */
function damageOf(segment: number, scan: SegmentScan, end: bigint | undefined): JournalDamage | undefined {
  if (scan.damage === undefined) return undefined;
  const last = scan.frames.at(-1);
  const reached = last === undefined ? scan.header?.firstFrame : last.number + 1n;
  if (end !== undefined && reached !== undefined && reached >= end) return undefined;
  return { segment, ...scan.damage };
}

function nextAfter(frames: readonly Frame[], first: bigint | undefined, next: bigint): bigint {
  const last = frames.at(-1);
  if (last !== undefined) return last.number + 1n;
  return first !== undefined && first > next ? first : next;
}

function tooNew(segment: number, what: string): MonitorError {
  return new MonitorError("DATA_DIR_TOO_NEW", `${segmentName(segment)} was written by a newer version (${what})`, {
    hint: "Start the version that wrote this data folder, or choose another folder. Nothing was changed.",
  });
}
