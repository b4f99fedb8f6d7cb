import { FRAME_HEADER_BYTES, FRAME_TYPE } from "./frame-format.ts";
import { scanFrames } from "./scan-segment.ts";

/** Facts about a batch that let a start skip the segment it lies in. */
export interface BatchFacts {
  /** Days since the Unix epoch on which its spans start. */
  readonly days: readonly number[];
  /** Its spans without an end. */
  readonly openSpans: number;
  /** When it was written, wall clock, ms. */
  readonly writtenUnixMillis: number;
}

/** What the last frame of a closed segment says about the batches that lie in it, wholly or in part. */
export interface SegmentTrailer {
  readonly frames: number;
  readonly openSpans: number;
  readonly newestWrittenUnixMillis: number;
  /** Highest batch position per day. */
  readonly highestByDay: ReadonlyMap<number, bigint>;
}

const FIXED_BYTES = 20;
const DAY_BYTES = 12;

/** Payload of an end-of-segment frame; its last four bytes are the size of the whole frame, so it is found from behind. */
export function encodeTrailer(trailer: SegmentTrailer): Buffer {
  const payload = Buffer.alloc(FIXED_BYTES + trailer.highestByDay.size * DAY_BYTES + 4);
  payload.writeUInt32LE(trailer.frames, 0);
  payload.writeUInt32LE(trailer.openSpans, 4);
  payload.writeDoubleLE(trailer.newestWrittenUnixMillis, 8);
  payload.writeUInt32LE(trailer.highestByDay.size, 16);
  let at = FIXED_BYTES;
  for (const [day, position] of trailer.highestByDay) {
    payload.writeInt32LE(day, at);
    payload.writeBigUInt64LE(position, at + 4);
    at += DAY_BYTES;
  }
  payload.writeUInt32LE(FRAME_HEADER_BYTES + payload.length, at);
  return payload;
}

/** Inverse of `encodeTrailer`; `undefined` when the bytes are no trailer. */
export function decodeTrailer(payload: Uint8Array): SegmentTrailer | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length < FIXED_BYTES + 4) return undefined;
  const days = bytes.readUInt32LE(16);
  if (bytes.length !== FIXED_BYTES + days * DAY_BYTES + 4) return undefined;
  const highestByDay = new Map<number, bigint>();
  for (let at = FIXED_BYTES; at < bytes.length - 4; at += DAY_BYTES)
    highestByDay.set(bytes.readInt32LE(at), bytes.readBigUInt64LE(at + 4));
  return {
    frames: bytes.readUInt32LE(0),
    openSpans: bytes.readUInt32LE(4),
    newestWrittenUnixMillis: bytes.readDoubleLE(8),
    highestByDay,
  };
}

/** The trailer at the end of a segment, if the segment was closed properly. `tail` is the last part of the file. */
export function trailerAtEnd(tail: Uint8Array): SegmentTrailer | undefined {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  if (bytes.length < FRAME_HEADER_BYTES + FIXED_BYTES + 4) return undefined;
  const size = bytes.readUInt32LE(bytes.length - 4);
  if (size > bytes.length) return undefined;
  const { frames, damage } = scanFrames(bytes, bytes.length - size);
  const [frame] = frames;
  if (damage !== undefined || frames.length !== 1 || frame?.type !== FRAME_TYPE.endOfSegment) return undefined;
  return decodeTrailer(frame.payload);
}
