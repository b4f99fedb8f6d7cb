import { encodeUtf8Into, maxUtf8Bytes } from "./utf8-bytes.ts";

/** A buffer that grows; numbers are little-endian. */
export interface GrowingBytes {
  readonly length: number;
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  u64(value: bigint): void;
  f64(value: number): void;
  bytes(value: Uint8Array): void;
  /** Appends the UTF-8 of a text and returns its length in bytes; a lone surrogate becomes U+FFFD. */
  text(value: string): number;
  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array;
}

/** @param initialBytes capacity to start with. */
export function createGrowingBytes(initialBytes = 256): GrowingBytes {
  let buffer = new Uint8Array(initialBytes);
  let view = new DataView(buffer.buffer);
  let length = 0;

  function reserve(count: number): number {
    const at = length;
    length += count;
    if (length > buffer.length) {
      const wider = new Uint8Array(Math.max(length, buffer.length * 2));
      wider.set(buffer.subarray(0, at));
      buffer = wider;
      view = new DataView(buffer.buffer);
    }
    return at;
  }

  // The offset is taken first: `reserve` may replace the view.
  return {
    get length() {
      return length;
    },
    u8(value) {
      const at = reserve(1);
      view.setUint8(at, value);
    },
    u16(value) {
      const at = reserve(2);
      view.setUint16(at, value, true);
    },
    u32(value) {
      const at = reserve(4);
      view.setUint32(at, value, true);
    },
    u64(value) {
      const at = reserve(8);
      view.setBigUint64(at, value, true);
    },
    f64(value) {
      const at = reserve(8);
      view.setFloat64(at, value, true);
    },
    bytes(value) {
      const at = reserve(value.length);
      buffer.set(value, at);
    },
    text(value) {
      const at = reserve(maxUtf8Bytes(value));
      const bytes = encodeUtf8Into(value, buffer.subarray(at));
      length = at + bytes;
      return bytes;
    },
    view: () => buffer.subarray(0, length),
  };
}
