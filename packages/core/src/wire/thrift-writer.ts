/** TBinaryProtocol into one growing buffer: all numbers big-endian, no object per field. */
import { encodeUtf8Into, maxUtf8Bytes } from "../model/utf8-bytes.ts";
import { THRIFT_STOP, THRIFT_TYPE } from "./jaeger-schema.ts";

const TWO_32 = 2 ** 32;
/** Up to this length a loop over ASCII characters beats a call into the runtime. */
const SHORT_TEXT = 48;

/** Value of a hex digit by its character code. */
const HEX_VALUE = new Uint8Array(128);
for (let value = 0; value < 16; value += 1) {
  HEX_VALUE[value.toString(16).charCodeAt(0)] = value;
  HEX_VALUE[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

export class ThriftWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** @param initialBytes capacity to start with. */
  constructor(initialBytes: number) {
    this.#bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): number {
    const at = this.#length;
    this.#length = at + count;
    if (this.#length > this.#bytes.length) this.#grow(at);
    return at;
  }

  #grow(used: number): void {
    const wider = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
    wider.set(this.#bytes.subarray(0, used));
    this.#bytes = wider;
    this.#view = new DataView(wider.buffer);
  }

  #header(type: number, id: number, valueBytes: number): number {
    const at = this.#reserve(3 + valueBytes);
    const bytes = this.#bytes;
    bytes[at] = type;
    bytes[at + 1] = id >> 8;
    bytes[at + 2] = id;
    return at + 3;
  }

  boolField(id: number, value: boolean): void {
    const at = this.#header(THRIFT_TYPE.bool, id, 1);
    this.#bytes[at] = value ? 1 : 0;
  }

  i32Field(id: number, value: number): void {
    const at = this.#header(THRIFT_TYPE.i32, id, 4);
    this.#view.setInt32(at, value);
  }

  doubleField(id: number, value: number): void {
    const at = this.#header(THRIFT_TYPE.double, id, 8);
    this.#view.setFloat64(at, value);
  }

  /** @param value a safe integer. */
  i64Field(id: number, value: number): void {
    const at = this.#header(THRIFT_TYPE.i64, id, 8);
    this.#view.setInt32(at, Math.floor(value / TWO_32));
    this.#view.setUint32(at + 4, value);
  }

  /** @param value an integer of at most 64 bits. */
  bigintField(id: number, value: bigint): void {
    const at = this.#header(THRIFT_TYPE.i64, id, 8);
    this.#view.setBigInt64(at, value);
  }

  /** Sixteen hex digits of `hex` from `start` on as 64 bits; digits that are missing count as 0. */
  hexField(id: number, hex: string, start: number): void {
    let at = this.#header(THRIFT_TYPE.i64, id, 8);
    const bytes = this.#bytes;
    for (let digit = start; digit < start + 16; digit += 2) {
      // The mask keeps a character that is no digit inside the table, and turns a missing one into 0.
      const high = HEX_VALUE[hex.charCodeAt(digit) & 127] ?? 0;
      const low = HEX_VALUE[hex.charCodeAt(digit + 1) & 127] ?? 0;
      bytes[at] = (high << 4) | low;
      at += 1;
    }
  }

  /** UTF-8 of a text; a lone surrogate becomes U+FFFD. */
  textField(id: number, value: string): void {
    const at = this.#header(THRIFT_TYPE.string, id, 4 + maxUtf8Bytes(value));
    const bytes = this.#text(value, at + 4);
    this.#view.setUint32(at, bytes);
    this.#length = at + 4 + bytes;
  }

  #text(value: string, at: number): number {
    const bytes = this.#bytes;
    const { length } = value;
    if (length <= SHORT_TEXT) {
      let i = 0;
      for (; i < length; i += 1) {
        const code = value.charCodeAt(i);
        if (code >= 0x80) break;
        bytes[at + i] = code;
      }
      if (i === length) return length;
    }
    return encodeUtf8Into(value, bytes.subarray(at));
  }

  bytesField(id: number, value: Uint8Array): void {
    const at = this.#header(THRIFT_TYPE.string, id, 4 + value.length);
    this.#view.setUint32(at, value.length);
    this.#bytes.set(value, at + 4);
  }

  /** Begins a struct inside this one; it ends with {@link stop}. */
  structField(id: number): void {
    this.#header(THRIFT_TYPE.struct, id, 0);
  }

  /** Begins a list of structs, each of which ends with {@link stop}; returns what {@link setCount} needs. */
  listField(id: number): number {
    const at = this.#header(THRIFT_TYPE.list, id, 5);
    this.#bytes[at] = THRIFT_TYPE.struct;
    return at + 1;
  }

  /** Sets the number of elements of a list once they are written. */
  setCount(list: number, count: number): void {
    this.#view.setUint32(list, count);
  }

  /** Takes back everything from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  stop(): void {
    const at = this.#reserve(1);
    this.#bytes[at] = THRIFT_STOP;
  }
}
