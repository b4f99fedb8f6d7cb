/** Counted chunks in columns -> token tape. Columns, because an answer's end must not make an object of each chunk. */
import { encodeBase64 } from "./base64.ts";
import { LIMITS } from "./limits.ts";
import {
  COUNT_FOLLOWS,
  FLAG_COUNTED,
  FLAG_MERGED,
  FLAG_UNCOUNTED,
  ONE_EACH,
  TICK_MICROS,
  TEXT,
  UNKNOWN,
  VERSION,
} from "./token-tape-format.ts";

/** Counted chunks in time order. Encoding changes `kinds` and `tokens`. */
export interface TapeColumns {
  readonly length: number;
  /** Whole microseconds since `t_req`; what is none, or lies before the entry in front of it, counts as that one's. */
  readonly atMicros: Float64Array;
  /** Kinds by their number on the tape. */
  readonly kinds: Uint8Array;
  /** Token counts; what is no whole number of at least 0 is unknown. */
  readonly tokens: Float64Array;
}

/** Options of an encoded tape. */
export interface TapeOptions {
  /** Cap in characters of the result; default 16,384. Three entries are always kept. */
  readonly maxCharacters?: number;
  /** Entries already stand for several chunks; default false. */
  readonly merged?: boolean;
}

/** These many entries are never merged, whatever the cap. */
const ALWAYS_KEPT = 3;
/** Longest head of a tape, and longest entry with a run head of its own: varints of safe integers. */
const MAX_HEAD_BYTES = 2 + 1 + 8;
const MAX_ENTRY_BYTES = 8 + 8 + 8;
const MAX_VARINT_BYTES = 8;
const UNCOUNTED = -1;

/** Ticks of an entry behind one of `previous` ticks. */
function laterTicks(previous: number, micros: number): number {
  const ticks = Math.round(micros / TICK_MICROS);
  return ticks > previous && Number.isSafeInteger(micros) ? ticks : previous;
}

/** What is written: absolute ticks, never falling, and counts that are whole numbers or {@link UNCOUNTED}. */
class Draft {
  length: number;
  readonly ticks: Float64Array;
  readonly kinds: Uint8Array;
  readonly tokens: Float64Array;

  constructor({ length, atMicros, kinds, tokens }: TapeColumns) {
    this.length = length;
    this.ticks = new Float64Array(length);
    this.kinds = kinds;
    this.tokens = tokens;
    let previous = 0;
    for (let i = 0; i < length; i += 1) {
      previous = laterTicks(previous, atMicros[i] ?? 0);
      this.ticks[i] = previous;
      const count = tokens[i] ?? UNCOUNTED;
      this.tokens[i] = count >= 0 && Number.isSafeInteger(count) ? count : UNCOUNTED;
    }
  }

  mode(i: number): number {
    const tokens = this.tokens[i];
    return tokens === 1 ? ONE_EACH : tokens === UNCOUNTED ? UNKNOWN : COUNT_FOLLOWS;
  }

  get flags(): number {
    let counted = 0;
    for (let i = 0; i < this.length; i += 1) if (this.tokens[i] !== UNCOUNTED) counted += 1;
    return (counted === this.length ? FLAG_COUNTED : 0) | (counted === 0 ? FLAG_UNCOUNTED : 0);
  }

  /** Entries from `start` on that share its kind and count mode. */
  runLength(start: number): number {
    let end = start + 1;
    const kind = this.kinds[start];
    const mode = this.mode(start);
    while (end < this.length && this.kinds[end] === kind && this.mode(end) === mode) end += 1;
    return end - start;
  }

  /** Joins inner neighbours in pairs: counts are added, the later time and kind stay. First and last entry stay too. */
  mergePairs(): void {
    const last = this.length - 1;
    let to = 1;
    for (let i = 1; i < last; i += 2) {
      const later = i + 1 < last ? i + 1 : i;
      this.#move(later, to, later === i ? (this.tokens[i] ?? UNCOUNTED) : this.#sum(i, later));
      to += 1;
    }
    this.#move(last, to, this.tokens[last] ?? UNCOUNTED);
    this.length = to + 1;
  }

  #sum(a: number, b: number): number {
    const [first = UNCOUNTED, second = UNCOUNTED] = [this.tokens[a], this.tokens[b]];
    const sum = first + second;
    return first >= 0 && second >= 0 && Number.isSafeInteger(sum) ? sum : UNCOUNTED;
  }

  #move(from: number, to: number, tokens: number): void {
    this.ticks[to] = this.ticks[from] ?? 0;
    this.kinds[to] = this.kinds[from] ?? 0;
    this.tokens[to] = tokens;
  }
}

/** Bytes of a tape, up to a bound. */
class TapeWriter {
  readonly bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  varint(value: number): void {
    let rest = value;
    // Bit operations see 32 bits only.
    while (rest >= 0x8000_0000) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>= 7;
    }
    this.bytes[this.length++] = rest;
  }
}

/** Writes a tape of at most `maxBytes`; undefined when it would be longer. */
function encodeWithin(draft: Draft, merged: boolean, maxBytes: number): Uint8Array | undefined {
  // One entry beyond the bound still fits, so that the bound is looked at once per entry.
  const writer = new TapeWriter(Math.min(maxBytes, draft.length * MAX_ENTRY_BYTES) + MAX_HEAD_BYTES + MAX_ENTRY_BYTES);
  writer.varint(VERSION);
  writer.varint(draft.flags | (merged ? FLAG_MERGED : 0));
  writer.varint(TICK_MICROS);
  let previous = draft.ticks[0] ?? 0;
  writer.varint(previous);
  for (let at = 0; at < draft.length;) {
    const end = at + draft.runLength(at);
    const mode = draft.mode(at);
    writer.varint((end - at) * 32 + (draft.kinds[at] ?? 0) * 4 + mode);
    for (; at < end && writer.length <= maxBytes; at += 1) {
      const ticks = draft.ticks[at] ?? previous;
      writer.varint(ticks - previous);
      if (mode === COUNT_FOLLOWS) writer.varint(draft.tokens[at] ?? 0);
      previous = ticks;
    }
    if (writer.length > maxBytes) return undefined;
  }
  return writer.bytes.subarray(0, writer.length);
}

function maxBytesOf(options: TapeOptions): number {
  return Math.floor((options.maxCharacters ?? LIMITS.tokenTapeMaxBytes) / 4) * 3;
}

/**
 * The tape of most streams, one token of text in each entry, straight from their stamps. Undefined when it would be
 * longer than its cap: {@link encodeTapeColumns} then merges.
 * @param atMicros as in {@link TapeColumns}, not empty.
 */
export function encodeTextTape(atMicros: Float64Array, options: TapeOptions = {}): string | undefined {
  const { length } = atMicros;
  const maxBytes = length <= ALWAYS_KEPT ? Infinity : maxBytesOf(options);
  const writer = new TapeWriter(Math.min(maxBytes, length * MAX_VARINT_BYTES) + MAX_HEAD_BYTES + MAX_ENTRY_BYTES);
  writer.varint(VERSION);
  writer.varint(FLAG_COUNTED);
  writer.varint(TICK_MICROS);
  let previous = laterTicks(0, atMicros[0] ?? 0);
  writer.varint(previous);
  writer.varint(length * 32 + TEXT * 4 + ONE_EACH);
  for (let i = 0; i < length && writer.length <= maxBytes; i += 1) {
    const ticks = laterTicks(previous, atMicros[i] ?? 0);
    writer.varint(ticks - previous);
    previous = ticks;
  }
  return writer.length > maxBytes ? undefined : encodeBase64(writer.bytes.subarray(0, writer.length));
}

/** Encodes counted chunks. Above the cap neighbours are merged until it fits; the tape is never cut. */
export function encodeTapeColumns(columns: TapeColumns, options: TapeOptions = {}): string {
  const draft = new Draft(columns);
  const maxBytes = maxBytesOf(options);
  let merged = options.merged ?? false;
  for (;;) {
    const bytes = encodeWithin(draft, merged, draft.length <= ALWAYS_KEPT ? Infinity : maxBytes);
    if (bytes !== undefined) return encodeBase64(bytes);
    draft.mergePairs();
    merged = true;
  }
}
