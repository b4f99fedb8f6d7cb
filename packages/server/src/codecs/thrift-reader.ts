import { LIMITS, MonitorError, THRIFT_STOP, THRIFT_TYPE } from "@nexent/monitor-core";
import { malformed } from "./malformed.ts";
import { SPANS_PER_STEP, type Steps } from "./steps.ts";

const { bool, byte, double, i16, i32, i64, string, struct, map, set, list } = THRIFT_TYPE;

/** Fewest bytes a value of a type takes; a type that is missing here is none of TBinaryProtocol. */
const MIN_BYTES: ReadonlyMap<number, number> = new Map([
  [bool, 1],
  [byte, 1],
  [i16, 2],
  [i32, 4],
  [double, 8],
  [i64, 8],
  [string, 4],
  [struct, 1],
  [map, 6],
  [set, 5],
  [list, 5],
]);

/** Elements of containers that are read without a rest. */
const ELEMENTS_PER_STEP = 8_192;

/**
 * Reads TBinaryProtocol from bytes anybody may have sent. Every length is checked against the bytes that are left before
 * anything is made of it, so the work stays in proportion to the body; containers nest at most `LIMITS.thriftNesting`
 * levels. Every method throws `PAYLOAD_MALFORMED`.
 */
export class ThriftReader {
  readonly #bytes: Buffer;
  #at = 0;
  #depth = 0;
  #elements = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) throw malformed("the thrift body ends too early");
    this.#at = at + count;
    return at;
  }

  /**
   * Reads a struct field by field. `read` must consume the value of a field it knows and return true; any other field,
   * and a known one of another type, is skipped.
   */
  struct(read: (id: number, type: number) => boolean): void {
    this.#enter();
    for (;;) {
      const type = this.#bytes[this.#take(1)] ?? THRIFT_STOP;
      if (type === THRIFT_STOP) break;
      const id = this.#bytes.readInt16BE(this.#take(2));
      if (!read(id, type)) this.#skip(type);
    }
    this.#depth--;
  }

  /** The fields of a struct one by one, as `struct` reads them, with rests where the reader of a field takes one. */
  *structInSteps(read: (id: number, type: number) => Steps<boolean>): Steps<void> {
    this.#enter();
    for (;;) {
      const type = this.#bytes[this.#take(1)] ?? THRIFT_STOP;
      if (type === THRIFT_STOP) break;
      const id = this.#bytes.readInt16BE(this.#take(2));
      if (!(yield* read(id, type))) this.#skip(type);
    }
    this.#depth--;
  }

  /** As `structs`, with a rest after every {@link SPANS_PER_STEP} structs, or after fewer with much in them. */
  *structsInSteps(maxCount: number, what: string, read: () => void): Steps<void> {
    const count = this.#enterStructs(maxCount, what);
    let elements = this.#elements;
    for (let i = 1; i <= count; i++) {
      read();
      if (i % SPANS_PER_STEP !== 0 && this.#elements - elements < ELEMENTS_PER_STEP) continue;
      elements = this.#elements;
      yield;
    }
    this.#depth--;
  }

  /** Reads a list of structs; `read` must consume one element. Gives the number of elements. */
  structs(maxCount: number, what: string, read: () => void): number {
    const count = this.#enterStructs(maxCount, what);
    for (let i = 0; i < count; i++) read();
    this.#depth--;
    return count;
  }

  #enterStructs(maxCount: number, what: string): number {
    this.#enter();
    const element = this.#bytes[this.#take(1)];
    const count = this.#count(element ?? 0);
    this.#countElements(count);
    if (count > 0 && element !== struct) throw malformed(`${what} must be structs`);
    if (count > maxCount) throw new MonitorError("PAYLOAD_TOO_LARGE", `more than ${maxCount} ${what} in one request`);
    return count;
  }

  bool(): boolean {
    return this.#bytes[this.#take(1)] !== 0;
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** Sixteen digits of an id that travels as a 64-bit integer. */
  hex64(): string {
    const at = this.#take(8);
    return this.#bytes.toString("hex", at, at + 8);
  }

  /** Text; invalid UTF-8 becomes U+FFFD. */
  text(): string {
    const length = this.#length();
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** A copy of some bytes. */
  binary(): Uint8Array {
    const length = this.#length();
    const at = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  #length(): number {
    const length = this.i32();
    if (length < 0) throw malformed("a thrift length is negative");
    return length;
  }

  /** Number of elements of a container whose elements are of a type. */
  #count(element: number): number {
    const count = this.#length();
    if (count > 0 && count * minBytes(element) > this.left) throw malformed("the thrift body ends too early");
    return count;
  }

  /** Read or skipped, an element takes time; a byte of the body is all it may take on the wire. */
  #countElements(count: number): void {
    this.#elements += count;
    if (this.#elements <= LIMITS.messagesPerRequest) return;
    throw new MonitorError("PAYLOAD_TOO_LARGE", `more than ${LIMITS.messagesPerRequest} elements in one request`);
  }

  #enter(): void {
    this.#depth++;
    if (this.#depth > LIMITS.thriftNesting) {
      throw malformed(`thrift containers nest more than ${LIMITS.thriftNesting} levels`);
    }
  }

  #skip(type: number): void {
    switch (type) {
      case string:
        this.#take(this.#length());
        return;
      case struct:
        this.struct(() => false);
        return;
      case list:
      case set:
        this.#skipElements([this.#bytes[this.#take(1)] ?? 0]);
        return;
      case map:
        this.#skipElements([this.#bytes[this.#take(1)] ?? 0, this.#bytes[this.#take(1)] ?? 0]);
        return;
      default:
        this.#take(minBytes(type));
    }
  }

  #skipElements(types: readonly number[]): void {
    this.#enter();
    const count = this.#count(types[0] ?? 0);
    this.#countElements(count);
    for (let i = 0; i < count; i++) for (const type of types) this.#skip(type);
    this.#depth--;
  }
}

function minBytes(type: number): number {
  const bytes = MIN_BYTES.get(type);
  if (bytes === undefined) throw malformed("a thrift field has an unknown type");
  return bytes;
}
