import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { IoPort } from "../io-port.ts";
import { readIfThere, replaceFile } from "../replace-file.ts";
import {
  encodeFrameHeader,
  encodeSegmentHeader,
  FIRST_FRAGMENT,
  FRAME_TYPE,
  LAST_FRAGMENT,
  type SegmentHeader,
} from "./frame-format.ts";
import { firstFrameAfter, readHeaders, type SegmentEntry } from "./read-journal.ts";
import { scanSegment, type Frame } from "./scan-segment.ts";
import { segmentName, segmentPath } from "./segment-files.ts";
import { decodeTrailer, encodeTrailer, type BatchFacts, type SegmentTrailer } from "./segment-trailer.ts";

/** How segments are written anew. */
export interface RewriteSegmentsOptions {
  readonly io: IoPort;
  readonly directory: string;
  /** Later segments are left alone. */
  readonly through: number;
  /** What a batch becomes, not larger than it was; `undefined` when it stays as it is. */
  readonly change: (position: bigint, payload: Uint8Array) => Uint8Array | undefined;
  /** Facts about an encoded batch; `undefined` when it cannot be read. */
  readonly describe: (payload: Uint8Array) => BatchFacts | undefined;
  /** Runs the replacement of one or a few files; nobody may read the journal meanwhile. */
  readonly exclusively: (replace: () => Promise<void>) => Promise<void>;
}

interface Fragment {
  readonly frame: Frame;
  payload: Uint8Array;
  facts: BatchFacts | undefined;
  position: bigint;
}

interface OpenSegment {
  readonly entry: SegmentEntry;
  readonly header: SegmentHeader;
  readonly fragments: Fragment[];
  trailer?: { readonly frame: Frame; readonly content: SegmentTrailer };
  /** Its bytes must not stay as they are. */
  isChanged: boolean;
}

/** Suffix of a segment that is being written. */
const NEW = ".new";
const COMMIT_FILE = "rewrite.json";

/**
 * Writes segments anew with changed batches; frame numbers, and so positions, stay. Bytes that no reader serves (given
 * up, torn) are left out. A kill in between leaves each batch old or new, as a whole.
 */
export async function rewriteSegments(options: RewriteSegmentsOptions): Promise<number> {
  const { io, directory } = options;
  const entries = await readHeaders(io, directory);
  let group: OpenSegment[] = [];
  let batch: Fragment[] = [];
  let rewritten = 0;

  /** Ends a batch: its new bytes fill the fragments it had, the last ones perhaps with nothing. */
  function finishBatch(position: bigint): void {
    const payload =
      batch.length === 1 ? (batch[0]?.payload ?? Buffer.alloc(0)) : Buffer.concat(batch.map((f) => f.payload));
    const changed = options.change(position, payload);
    const facts = options.describe(changed ?? payload);
    let from = 0;
    for (const [at, fragment] of batch.entries()) {
      [fragment.facts, fragment.position] = [facts, position];
      if (changed === undefined) continue;
      const end = at === batch.length - 1 ? changed.length : from + fragment.payload.length;
      fragment.payload = changed.subarray(from, end);
      from = end;
    }
    if (changed !== undefined) for (const segment of group) if (touches(segment, batch)) segment.isChanged = true;
    batch = [];
  }

  function add(segment: OpenSegment, frame: Frame): void {
    if (frame.type === FRAME_TYPE.endOfSegment) {
      const content = decodeTrailer(frame.payload);
      if (content !== undefined) segment.trailer = { frame, content };
      return;
    }
    const fragment: Fragment = { frame, payload: frame.payload, facts: undefined, position: frame.number };
    segment.fragments.push(fragment);
    const isFirst = (frame.flags & FIRST_FRAGMENT) !== 0;
    // The rest of a batch whose beginning is gone is never served: its bytes go.
    if (!isFirst && batch.length === 0) {
      fragment.payload = Buffer.alloc(0);
      segment.isChanged = true;
      return;
    }
    batch.push(fragment);
    if ((frame.flags & LAST_FRAGMENT) !== 0) finishBatch(frame.number);
  }

  async function replaceGroup(): Promise<void> {
    const changed = group.filter(({ isChanged }) => isChanged);
    group = [];
    if (changed.length === 0) return;
    for (const segment of changed) await io.writeFile(newPath(directory, segment.entry.segment), encode(segment));
    const numbers = changed.map(({ entry }) => entry.segment);
    await options.exclusively(() => commit(io, directory, numbers));
    rewritten += numbers.length;
  }

  for (const [at, entry] of entries.entries()) {
    if (entry.segment > options.through || entry.size === 0 || entry.header === undefined) continue;
    const scan = scanSegment(await io.read(segmentPath(directory, entry.segment)));
    const end = firstFrameAfter(entries, at);
    const frames = scan.frames.filter(({ number }) => end === undefined || number < end);
    const isChanged = scan.damage !== undefined || frames.length < scan.frames.length;
    const segment: OpenSegment = { entry, header: entry.header, fragments: [], isChanged };
    group.push(segment);
    for (const frame of frames) {
      add(segment, frame);
      // A due group commit goes first: writes go on meanwhile.
      await setImmediate();
    }
    // A batch that goes on in the next segment is replaced together with it.
    if (batch.length === 0) await replaceGroup();
  }
  await replaceGroup();
  return rewritten;
}

/** Finishes or forgets what a kill interrupted; before the journal is read. */
export async function settleRewrite(io: IoPort, directory: string): Promise<void> {
  const bytes = await readIfThere(io, join(directory, COMMIT_FILE));
  if (bytes !== undefined) await renameAll(io, directory, JSON.parse(Buffer.from(bytes).toString("utf8")) as number[]);
  for (const name of await io.list(directory))
    if (name.endsWith(NEW) || name.startsWith(COMMIT_FILE)) await io.remove(join(directory, name));
}

/** One file is renamed; several are named in a file first, so that all of them are. */
async function commit(io: IoPort, directory: string, numbers: readonly number[]): Promise<void> {
  const path = join(directory, COMMIT_FILE);
  if (numbers.length > 1) await replaceFile(io, path, Buffer.from(JSON.stringify(numbers)));
  await renameAll(io, directory, numbers);
  if (numbers.length > 1) await io.remove(path);
}

async function renameAll(io: IoPort, directory: string, numbers: readonly number[]): Promise<void> {
  const there = new Set(await io.list(directory));
  for (const number of numbers)
    if (there.has(`${segmentName(number)}${NEW}`))
      await io.rename(newPath(directory, number), segmentPath(directory, number));
  await io.syncDirectory(directory);
}

function newPath(directory: string, segment: number): string {
  return `${segmentPath(directory, segment)}${NEW}`;
}

function touches({ fragments }: OpenSegment, batch: readonly Fragment[]): boolean {
  return batch.some((fragment) => fragments.includes(fragment));
}

function encode({ entry, header, fragments, trailer }: OpenSegment): Uint8Array {
  const parts: Uint8Array[] = [encodeSegmentHeader(entry.segment, header.firstFrame)];
  for (const { frame, payload } of fragments)
    parts.push(encodeFrameHeader(frame.type, frame.flags, frame.number, payload), payload);
  if (trailer !== undefined) {
    const payload = encodeTrailer(trailerOf(fragments, trailer.content));
    parts.push(encodeFrameHeader(FRAME_TYPE.endOfSegment, trailer.frame.flags, trailer.frame.number, payload), payload);
  }
  return Buffer.concat(parts);
}

function trailerOf(fragments: readonly Fragment[], before: SegmentTrailer): SegmentTrailer {
  const highestByDay = new Map<number, bigint>();
  let openSpans = 0;
  for (const { facts, position } of fragments) {
    openSpans += facts?.openSpans ?? 0;
    for (const day of facts?.days ?? []) highestByDay.set(day, position);
  }
  return { ...before, openSpans, highestByDay };
}
