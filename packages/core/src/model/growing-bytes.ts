import { writeHex } from "./hex.ts";
import { encodeUtf8Into, maxUtf8Bytes } from "./utf8-bytes.ts";

/** Texts up to this long are written unit by unit; calling the runtime's codec costs more than that. */
export const SHORT_TEXT_UNITS = 96;
/** Values up to this long are copied byte by byte, for the same reason. */
const SHORT_BYTES = 64;
const ASCII_END = 0x80;
const DIGIT_0 = 0x30;
/** Memory that `clear` keeps; a larger value than usual must not be paid for ever after. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/** A buffer that grows; numbers are little-endian. */
export class GrowingBytes {
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param initialBytes capacity to start with. */
  constructor(initialBytes = 256) {
    this.#buffer = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the memory. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length <= MAX_KEPT_BYTES) return;
    this.#buffer = new Uint8Array(256);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Where `count` more bytes begin. May replace buffer and view. */
  #reserve(count: number): number {
    const at = this.#length;
    this.#length = at + count;
    if (this.#length > this.#buffer.length) this.#grow(at);
    return at;
  }

  #grow(kept: number): void {
    const wider = new Uint8Array(Math.max(this.#length, this.#buffer.length * 2));
    wider.set(this.#buffer.subarray(0, kept));
    this.#buffer = wider;
    this.#view = new DataView(wider.buffer);
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  u16(value: number): void {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value, true);
  }

  f64(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    const buffer = this.#buffer;
    if (value.length > SHORT_BYTES) buffer.set(value, at);
    else for (let i = 0; i < value.length; i++) buffer[at + i] = value[i] ?? 0;
  }

  /** Appends the bytes of an id in hex. @throws {RangeError} when it has another length, or is none. */
  id(hex: string, length: number): void {
    const at = this.#reserve(length);
    if (hex.length !== length * 2 || !writeHex(hex, this.#buffer, at))
      throw new RangeError(`an id of ${length} bytes must be ${length * 2} hex digits`);
  }

  /** Appends the decimal digits of a whole number from 0 to 2^31 - 1. */
  digits(value: number): void {
    let count = 1;
    for (let bound = 10; value >= bound; bound *= 10) count++;
    let at = this.#reserve(count) + count;
    let rest = value;
    do {
      const tenth = (rest / 10) | 0;
      this.#buffer[--at] = DIGIT_0 + rest - tenth * 10;
      rest = tenth;
    } while (rest > 0);
  }

  /** Appends the UTF-8 of a text; a lone surrogate becomes U+FFFD. */
  text(value: string): void {
    if (value.length > SHORT_TEXT_UNITS || !this.ascii(value)) this.#utf8(value);
  }

  /** Appends a text if it is ASCII as a whole, without a code below `lowest`; false, and nothing done, if not. */
  ascii(value: string, lowest = 0): boolean {
    const at = this.#reserve(value.length);
    const buffer = this.#buffer;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code < lowest || code >= ASCII_END) {
        this.#length = at;
        return false;
      }
      buffer[at + i] = code;
    }
    return true;
  }

  #utf8(value: string): void {
    const at = this.#reserve(maxUtf8Bytes(value));
    this.#length = at + encodeUtf8Into(value, this.#buffer.subarray(at));
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }
}
