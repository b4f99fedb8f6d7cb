import {
  decodeSegmentHeader,
  FRAME_HEADER_BYTES,
  FRAME_META_BYTES,
  FRAME_VERSION,
  frameCrc,
  MAX_PAYLOAD_BYTES,
  SEGMENT_HEADER_BYTES,
  SEGMENT_VERSION,
  WHOLE_BATCH,
  type SegmentHeader,
} from "./frame-format.ts";

/** One intact frame; the payload is a view into the segment's bytes. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly number: bigint;
  /** Where its header begins in the segment. */
  readonly offset: number;
  readonly payload: Uint8Array;
}

/** What is wrong at an offset; everything from there on is not served. */
export interface ScanDamage {
  readonly offset: number;
  readonly reason: string;
}

/** The intact prefix of a run of frames, and why it ended early, if it did. */
export interface FrameScan {
  readonly frames: readonly Frame[];
  readonly damage?: ScanDamage;
  /** An intact frame of a type or version that a newer release writes; not damage. */
  readonly tooNew?: string;
}

/** A segment as read. `header` is absent when it is damaged, and when nothing was ever written to the file. */
export interface SegmentScan extends FrameScan {
  readonly header?: SegmentHeader;
}

/** Reads a whole segment. Never throws and never reads past a length, whatever the bytes are. */
export function scanSegment(bytes: Uint8Array): SegmentScan {
  if (bytes.length === 0) return { frames: [] };
  const header = decodeSegmentHeader(bytes);
  if (header === undefined) return { frames: [], damage: { offset: 0, reason: "bad segment header" } };
  if (header.version > SEGMENT_VERSION) return { header, frames: [], tooNew: `segment version ${header.version}` };
  return { header, ...scanFrames(bytes, SEGMENT_HEADER_BYTES, header.firstFrame) };
}

/** Reads frames from `from` to the end; numbers must follow each other, beginning with `firstFrame` if it is given. */
export function scanFrames(bytes: Uint8Array, from: number, firstFrame?: bigint): FrameScan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Frame[] = [];
  let offset = from;
  let expected = firstFrame;
  while (offset < bytes.length) {
    const read = readFrame(bytes, view, offset);
    if (typeof read === "string") return { frames, damage: { offset, reason: read } };
    const { frame, version } = read;
    const known = FRAME_VERSION[frame.type];
    if (known === undefined || version > known)
      return { frames, tooNew: `frame type ${frame.type} version ${version}` };
    if (expected !== undefined && frame.number !== expected)
      return { frames, damage: { offset, reason: "bad frame number" } };
    frames.push(frame);
    expected = frame.number + 1n;
    offset += FRAME_HEADER_BYTES + frame.payload.length;
  }
  return { frames };
}

function readFrame(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
): { readonly frame: Frame; readonly version: number } | string {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return "torn frame header";
  const length = view.getUint32(offset, true);
  if (length < FRAME_META_BYTES || length > MAX_PAYLOAD_BYTES + FRAME_META_BYTES) return "bad frame length";
  const end = offset + 8 + length;
  if (end > bytes.length) return "torn frame";
  const payload = bytes.subarray(offset + FRAME_HEADER_BYTES, end);
  const header = bytes.subarray(offset, offset + FRAME_HEADER_BYTES);
  if (view.getUint32(offset + 4, true) !== frameCrc(header, payload)) return "bad frame checksum";
  const type = view.getUint8(offset + 8);
  if (type === 0) return "bad frame type";
  const flags = view.getUint8(offset + 9);
  if ((flags & ~WHOLE_BATCH) !== 0) return "bad frame flags";
  const frame = { type, flags, number: view.getBigUint64(offset + 12, true), offset, payload };
  return { frame, version: view.getUint16(offset + 10, true) };
}
