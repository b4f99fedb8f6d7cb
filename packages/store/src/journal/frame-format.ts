import { crc32 } from "node:zlib";
import { LIMITS } from "@nexent/monitor-core";

/** Bytes of segment header and frame header; byte pictures in `FORMAT.md`. All integers are little-endian. */
export const SEGMENT_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 20;
/** What the length field counts besides the payload: type, flags, version, frame number. */
export const FRAME_META_BYTES = 12;
/** Most payload bytes of one frame. */
export const MAX_PAYLOAD_BYTES = LIMITS.journalFrameBytes - FRAME_META_BYTES;

export const SEGMENT_VERSION = 1;
const MAGIC = Buffer.from("NXMJRNL1", "latin1");

/** Frame types; 0 is never valid, so that zeros cannot pass for data. */
export const FRAME_TYPE = { spanColumns: 1, metricSamples: 2, endOfSegment: 3 } as const;
/** Version of the payload, by frame type. */
export const FRAME_VERSION: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 1 };
export const FIRST_FRAGMENT = 1;
export const LAST_FRAGMENT = 2;
export const WHOLE_BATCH = FIRST_FRAGMENT | LAST_FRAGMENT;

/** What a segment says of itself. */
export interface SegmentHeader {
  readonly version: number;
  readonly segment: number;
  /** Number of its first frame. Frames of earlier segments with this number or a higher one were given up. */
  readonly firstFrame: bigint;
}

/** The 32 bytes in front of a segment's frames. */
export function encodeSegmentHeader(segment: number, firstFrame: bigint): Buffer {
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16LE(SEGMENT_VERSION, 8);
  header.writeBigUInt64LE(BigInt(segment), 12);
  header.writeBigUInt64LE(firstFrame, 20);
  header.writeUInt32LE(crc32(header.subarray(0, 28)), 28);
  return header;
}

/** The header at the front of `bytes`, or `undefined` if there is none. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined;
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES);
  if (!header.subarray(0, 8).equals(MAGIC) || header.readUInt32LE(28) !== crc32(header.subarray(0, 28)))
    return undefined;
  return {
    version: header.readUInt16LE(8),
    segment: Number(header.readBigUInt64LE(12)),
    firstFrame: header.readBigUInt64LE(20),
  };
}

/** The 20 bytes in front of a payload. */
export function encodeFrameHeader(type: number, flags: number, frame: bigint, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(FRAME_META_BYTES + payload.length, 0);
  header.writeUInt8(type, 8);
  header.writeUInt8(flags, 9);
  header.writeUInt16LE(FRAME_VERSION[type] ?? 1, 10);
  header.writeBigUInt64LE(frame, 12);
  header.writeUInt32LE(frameCrc(header, payload), 4);
  return header;
}

/** CRC-32 over the length field and everything after the CRC field. */
export function frameCrc(header: Uint8Array, payload: Uint8Array): number {
  const headerCrc = crc32(header.subarray(8, FRAME_HEADER_BYTES), crc32(header.subarray(0, 4)));
  // The native function does not go on from a value when it is given nothing.
  return payload.length === 0 ? headerCrc : crc32(payload, headerCrc);
}
