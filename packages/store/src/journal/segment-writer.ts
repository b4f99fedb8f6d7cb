import { LIMITS } from "@nexent/monitor-core";
import type { AppendFile, IoPort } from "../io-port.ts";
import {
  encodeFrameHeader,
  encodeSegmentHeader,
  FRAME_TYPE,
  SEGMENT_HEADER_BYTES,
  WHOLE_BATCH,
} from "./frame-format.ts";
import type { PlannedFrame } from "./frame-plan.ts";
import { segmentPath } from "./segment-files.ts";
import { encodeTrailer } from "./segment-trailer.ts";

/** A frame on its way into a segment. */
export interface OutgoingFrame extends PlannedFrame {
  readonly number: bigint;
}

/** Where failpoints of a journal stand. */
export type JournalFailpoint =
  | "journal-before-write"
  | "journal-half-write"
  | "journal-before-sync"
  | "journal-after-sync"
  | "segment-rotate";

/** Options of the segment writer. */
export interface SegmentWriterOptions {
  readonly io: IoPort;
  readonly directory: string;
  /** Number of the first segment to write. */
  readonly firstSegment: number;
  /** Whether frames are synced before they count as written. */
  readonly sync: boolean;
  readonly segmentBytes?: number;
  /** What the frames hold; default span columns. */
  readonly frameType?: number;
  readonly failpoint?: ((name: JournalFailpoint) => void) | undefined;
  readonly onSync?: ((seconds: number) => void) | undefined;
}

/** Writes frames into segments, one file after the other; the next file stands ready before it is needed. */
export interface SegmentWriter {
  /** No frame was written to the current segment yet. */
  readonly isEmpty: boolean;
  /** Every segment up to this number is closed or will never be written to. */
  readonly closedThrough: number;
  /** Whether frames of that many bytes still fit the current segment. */
  fits(bytes: number): boolean;
  /** Ends the current segment with a frame of that number; the following frames go into a new one. */
  rotate(number: bigint): Promise<void>;
  /** Writes and syncs. After an error the current segment is given up and the next call begins a new one. */
  write(frames: readonly OutgoingFrame[]): Promise<void>;
  /** Ends the current segment as `rotate` does. */
  close(number: bigint): Promise<void>;
}

interface Segment {
  readonly number: number;
  readonly file: AppendFile;
  bytes: number;
  frames: number;
  openSpans: number;
  newestWrittenUnixMillis: number;
  readonly highestByDay: Map<number, bigint>;
}

/** A writer that has not opened a file yet. */
export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { io, directory } = options;
  const limit = options.segmentBytes ?? LIMITS.journalSegmentBytes;
  const frameType = options.frameType ?? FRAME_TYPE.spanColumns;
  let current: Segment | undefined;
  let nextNumber = options.firstSegment;
  let prepared: Promise<Segment> | undefined;
  let preparedNumber: number | undefined;

  async function create(number: number): Promise<Segment> {
    const path = segmentPath(directory, number);
    await io.createFile(path);
    await io.syncDirectory(directory);
    const file = await io.openAppend(path);
    return { number, file, bytes: 0, frames: 0, openSpans: 0, newestWrittenUnixMillis: 0, highestByDay: new Map() };
  }

  async function open(): Promise<Segment> {
    if (current !== undefined) return current;
    const ready = prepared;
    [prepared, preparedNumber] = [undefined, undefined];
    // A number is used once, even if creating the file fails half-way.
    current = await (ready ?? create(nextNumber++));
    return current;
  }

  function prepareNext(): void {
    if (prepared !== undefined) return;
    preparedNumber = nextNumber++;
    prepared = create(preparedNumber);
    // Whoever needs the segment sees the failure; until then it is nobody's.
    prepared.catch(() => ([prepared, preparedNumber] = [undefined, undefined]));
  }

  async function giveUp(): Promise<void> {
    const file = current?.file;
    current = undefined;
    // The file failed already; what closing it says changes nothing.
    await file?.close().catch(() => undefined);
  }

  async function append(segment: Segment, buffers: readonly Uint8Array[]): Promise<void> {
    options.failpoint?.("journal-before-write");
    if (options.failpoint === undefined) return await segment.file.append(buffers);
    const [first, second] = halves(Buffer.concat(buffers));
    await segment.file.append([first]);
    options.failpoint("journal-half-write");
    await segment.file.append([second]);
  }

  async function sync(segment: Segment): Promise<void> {
    options.failpoint?.("journal-before-sync");
    const begin = performance.now();
    if (options.sync) await segment.file.dataSync();
    options.onSync?.((performance.now() - begin) / 1000);
    options.failpoint?.("journal-after-sync");
  }

  async function writeBuffers(frames: readonly OutgoingFrame[]): Promise<void> {
    const segment = await open();
    const [first] = frames;
    if (first === undefined) return;
    const buffers: Uint8Array[] = segment.bytes === 0 ? [encodeSegmentHeader(segment.number, first.number)] : [];
    for (const frame of frames)
      buffers.push(encodeFrameHeader(frameType, frame.flags, frame.number, frame.payload), frame.payload);
    await append(segment, buffers);
    await sync(segment);
    for (const frame of frames) note(segment, frame);
    segment.bytes += buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (segment.bytes > limit / 2) prepareNext();
  }

  /** Closes the current segment with a trailer; one that was never written to stays as it is. */
  async function finish(number: bigint): Promise<void> {
    const segment = current;
    if (segment === undefined || segment.frames === 0) return;
    const trailer = encodeTrailer(segment);
    await segment.file.append([encodeFrameHeader(FRAME_TYPE.endOfSegment, WHOLE_BATCH, number, trailer), trailer]);
    if (options.sync) await segment.file.dataSync();
  }

  async function orGiveUp(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await giveUp();
      throw error;
    }
  }

  return {
    get isEmpty() {
      return current === undefined || current.frames === 0;
    },
    get closedThrough() {
      return (current?.number ?? preparedNumber ?? nextNumber) - 1;
    },
    fits: (bytes) => (current?.bytes || SEGMENT_HEADER_BYTES) + bytes <= limit,
    async rotate(number) {
      options.failpoint?.("segment-rotate");
      await orGiveUp(() => finish(number));
      await giveUp();
    },
    write: (frames) => orGiveUp(() => writeBuffers(frames)),
    async close(number) {
      await orGiveUp(() => finish(number));
      await giveUp();
      const ready = await prepared?.catch(() => undefined);
      await ready?.file.close();
    },
  };
}

function note(segment: Segment, { facts, number, reach }: OutgoingFrame): void {
  segment.frames++;
  segment.openSpans += facts.openSpans;
  segment.newestWrittenUnixMillis = Math.max(segment.newestWrittenUnixMillis, facts.writtenUnixMillis);
  for (const day of facts.days) segment.highestByDay.set(day, number + BigInt(reach));
}

function halves(bytes: Buffer): readonly [Uint8Array, Uint8Array] {
  const middle = bytes.length >> 1;
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
}
