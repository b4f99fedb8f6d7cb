import { LIMITS, type MonitorError } from "@nexent/monitor-core";
import { malformed } from "./malformed.ts";
import { tooManyMessages } from "./message-count.ts";
import { TextCache } from "./text-cache.ts";

const GROUP_START = 3;
const GROUP_END = 4;
const FIXED32 = 5;
const MAX_VARINT_BYTES = 10;
const HIGH_WORD = 2 ** 32;

/** Keys repeat in every span, and so do many short values. */
const keys = new TextCache(1024, 64);
const shortTexts = new TextCache(2048, 32);

/** A protobuf body that ends within a field. */
export function endsTooEarly(cause?: unknown): MonitorError {
  return malformed("not an OTLP protobuf message: it ends too early", cause);
}

/** A protobuf body whose messages nest beyond `LIMITS.protobufNestingMessages`. */
export function nestsTooDeep(cause?: unknown): MonitorError {
  const levels = LIMITS.protobufNestingMessages;
  return malformed(`not an OTLP protobuf message: messages nest more than ${levels} levels`, cause);
}

/** A protobuf body with a field that is none. */
export function wrongForm(cause?: unknown): MonitorError {
  return malformed("not an OTLP protobuf message: a field has the wrong form", cause);
}

/**
 * Reads protobuf from front to back, without reflection. Who reads a message asks for `field()` until `at` reaches the
 * end that `enter()` gave, and takes each field by its type; the wire type of the sender only matters to `skip()`.
 * Every method throws `PAYLOAD_MALFORMED` when the bytes do not hold what is asked for, and never reads past them.
 */
export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;
  #depth = 1;
  #messages = 0;
  #wireType = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  /**
   * Begins a message within the one being read; answers where it ends.
   * @throws {PAYLOAD_TOO_LARGE} beyond `LIMITS.messagesPerRequest`: counting before decoding cannot follow a field that
   * comes with another wire type than its own.
   */
  enter(): number {
    const length = this.uint32();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw endsTooEarly();
    if (++this.#depth > LIMITS.protobufNestingMessages) throw nestsTooDeep();
    if (++this.#messages > LIMITS.messagesPerRequest) throw tooManyMessages();
    return end;
  }

  /** Ends the message begun last. */
  leave(): void {
    this.#depth--;
  }

  /** Number of the next field. */
  field(): number {
    const first = this.#bytes[this.#at];
    let tag = first ?? 0;
    if (first !== undefined && first < 0x80) this.#at++;
    else {
      const start = this.#at;
      tag = this.uint32();
      const length = this.#at - start;
      if (length > 5 || (length === 5 && (this.#bytes[this.#at - 1] ?? 0) > 0x0f)) throw wrongForm();
    }
    this.#wireType = tag & 7;
    if (tag >>> 3 === 0 || this.#wireType > FIXED32) throw wrongForm();
    return tag >>> 3;
  }

  /** Passes over the value of a field nobody knows. */
  skip(field: number): void {
    this.#skip(field, LIMITS.protobufNestingMessages - this.#depth);
  }

  #skip(field: number, levelsLeft: number): void {
    if (this.#wireType === 0) while (this.#byte() >= 0x80);
    else if (this.#wireType === 1) this.#take(8);
    else if (this.#wireType === 2) this.#take(this.uint32());
    else if (this.#wireType === FIXED32) this.#take(4);
    else if (this.#wireType === GROUP_START) this.#skipGroup(field, levelsLeft);
    else throw wrongForm();
  }

  #skipGroup(group: number, levelsLeft: number): void {
    if (levelsLeft <= 0) throw nestsTooDeep();
    for (;;) {
      const field = this.field();
      if (this.#wireType !== GROUP_END) this.#skip(field, levelsLeft - 1);
      else if (field === group) return;
      else throw wrongForm();
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw endsTooEarly();
    this.#at++;
    return byte;
  }

  /** Start of the next `count` bytes, which are then behind. */
  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw endsTooEarly();
    this.#at = start + count;
    return start;
  }

  /** Low 32 bits of a varint. */
  uint32(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let count = 1; count < MAX_VARINT_BYTES; count++) {
      const byte = this.#byte();
      // The shift drops what is beyond 32 bits.
      if (count < 5) value |= (byte & 0x7f) << (7 * count);
      if (byte < 0x80) return value >>> 0;
    }
    throw wrongForm();
  }

  int32(): number {
    return this.uint32() | 0;
  }

  /** A signed 64-bit varint: `number` while exact, `bigint` beyond 2^53. */
  int64(): number | bigint {
    let low = 0;
    let high = 0;
    for (let count = 0; count < MAX_VARINT_BYTES; count++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (count < 5) low |= bits << (7 * count);
      if (count === 4) high = bits >> 4;
      else if (count > 4) high |= bits << (7 * count - 32);
      if (byte < 0x80) return wholeOf(low, high);
    }
    throw wrongForm();
  }

  bool(): boolean {
    return this.int64() !== 0;
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  fixed32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  /** Bytes as lower-case hex. */
  hex(): string {
    const length = this.uint32();
    const start = this.#take(length);
    return this.#bytes.toString("hex", start, start + length);
  }

  /** Text; invalid UTF-8 becomes U+FFFD. */
  text(): string {
    const length = this.uint32();
    return shortTexts.textOf(this.#bytes, this.#take(length), length);
  }

  /** Text of the kind that comes again and again. */
  key(): string {
    const length = this.uint32();
    return keys.textOf(this.#bytes, this.#take(length), length);
  }
}

function wholeOf(low: number, high: number): number | bigint {
  const whole = high * HIGH_WORD + (low >>> 0);
  return Number.isSafeInteger(whole) ? whole : (BigInt(high) << 32n) | BigInt(low >>> 0);
}
