/** Reading and writing a token tape; the format stands in `token-tape-format.ts`. */
import { decodeBase64 } from "./base64.ts";
import { MonitorError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { TapeEntry } from "./model/token-timings.ts";
import { encodeTapeColumns, type TapeColumns, type TapeOptions } from "./token-tape-encode.ts";
import { COUNT_FOLLOWS, FLAG_MERGED, KINDS, UNKNOWN, VERSION } from "./token-tape-format.ts";

/** Longest tape a reader accepts, characters: 64 times the default cap. */
const MAX_TEXT_LENGTH = 64 * LIMITS.tokenTapeMaxBytes;

/** A decoded tape. `merged`: neighbours were joined to fit the cap, so gaps are a lower bound of what happened. */
export interface DecodedTape {
  readonly entries: readonly TapeEntry[];
  readonly merged: boolean;
  readonly tickMicros: number;
}

/** A decoded tape in columns, which may be longer than `length`; a count that is unknown is NaN. */
export interface DecodedColumns extends TapeColumns {
  readonly merged: boolean;
  readonly tickMicros: number;
}

/**
 * Encodes counted chunks in time order. Above the cap neighbours are merged until it fits; the tape is never cut.
 * Times are whole microseconds; a count that is no whole number of at least 0 is written as unknown.
 */
export function encodeTokenTape(entries: readonly TapeEntry[], options: TapeOptions = {}): string {
  return encodeTapeColumns(tapeColumnsOf(entries), options);
}

/** Entries as columns. */
export function tapeColumnsOf(entries: readonly TapeEntry[]): TapeColumns {
  const { length } = entries;
  const atMicros = new Float64Array(length);
  const kinds = new Uint8Array(length);
  const tokens = new Float64Array(length);
  for (const [i, entry] of entries.entries()) {
    atMicros[i] = entry.atMicros;
    kinds[i] = KINDS.indexOf(entry.kind);
    tokens[i] = entry.tokens ?? Number.NaN;
  }
  return { length, atMicros, kinds, tokens };
}

class TapeReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw malformed("it ends in the middle");
    this.#at += 1;
    return value;
  }

  varint(): number {
    let value = this.byte();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let scale = 0x80; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw malformed("a number is too large");
  }
}

function malformed(what: string): MonitorError {
  return new MonitorError("PAYLOAD_MALFORMED", `not a token tape: ${what}`);
}

class Columns implements DecodedColumns {
  length = 0;
  merged = false;
  tickMicros = 0;
  readonly atMicros: Float64Array;
  readonly kinds: Uint8Array;
  readonly tokens: Float64Array;

  /** @param capacity most entries: each takes at least a byte, so a false length cannot make us allocate. */
  constructor(capacity: number) {
    this.atMicros = new Float64Array(capacity);
    this.kinds = new Uint8Array(capacity);
    this.tokens = new Float64Array(capacity);
  }
}

function readRun(reader: TapeReader, columns: Columns, startTicks: number): number {
  const header = reader.varint();
  const length = Math.floor(header / 32);
  const kind = (header >> 2) & 7;
  const mode = header & 3;
  if (kind >= KINDS.length || mode > UNKNOWN) throw malformed("an unknown kind or count mode");
  if (length === 0 || length > reader.left) throw malformed("a false run length");
  const { atMicros, kinds, tokens, tickMicros, length: start } = columns;
  const end = start + length;
  kinds.fill(kind, start, end);
  if (mode !== COUNT_FOLLOWS) tokens.fill(mode === UNKNOWN ? Number.NaN : 1, start, end);
  let ticks = startTicks;
  for (let i = start; i < end; i += 1) {
    ticks += reader.varint();
    atMicros[i] = ticks * tickMicros;
    if (mode === COUNT_FOLLOWS) tokens[i] = reader.varint();
  }
  // Times never fall, so the last one is the largest.
  if (!Number.isSafeInteger(ticks * tickMicros)) throw malformed("a time is too large");
  columns.length = end;
  return ticks;
}

/** Memory that decoding may use again and again; starts out as `{}`. */
export interface TapeScratch {
  columns?: Columns;
}

/** Tapes with more entries than this get memory of their own. */
export const MAX_SCRATCH_ENTRIES = 16_384;

function columnsFor(entries: number, scratch: TapeScratch | undefined): Columns {
  if (scratch === undefined || entries > MAX_SCRATCH_ENTRIES) return new Columns(entries);
  const columns = (scratch.columns ??= new Columns(MAX_SCRATCH_ENTRIES));
  columns.length = 0;
  return columns;
}

/**
 * Decodes a tape into columns, without an object for each chunk.
 * @param scratch the answer may lie in it, and is valid until it is used again; default: memory of its own.
 * @throws {PAYLOAD_MALFORMED} for anything that is not a tape of a version we know.
 */
export function decodeTapeColumns(text: string, scratch?: TapeScratch): DecodedColumns {
  if (text.length > MAX_TEXT_LENGTH) throw malformed("it is too long");
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw malformed("it is not base64");
  const reader = new TapeReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw malformed(`version ${version} is unknown`);
  const columns = columnsFor(bytes.length, scratch);
  columns.merged = (reader.byte() & FLAG_MERGED) !== 0;
  columns.tickMicros = reader.varint();
  if (columns.tickMicros === 0) throw malformed("the tick size is 0");
  let ticks = reader.varint();
  while (reader.left > 0) ticks = readRun(reader, columns, ticks);
  return columns;
}

/** Decodes a tape. @throws {PAYLOAD_MALFORMED} for anything that is not a tape of a version we know. */
export function decodeTokenTape(text: string): DecodedTape {
  const { length, atMicros, kinds, tokens, merged, tickMicros } = decodeTapeColumns(text);
  const entries = Array.from({ length }, (_, i): TapeEntry => {
    const entry = { atMicros: atMicros[i] ?? 0, kind: KINDS[kinds[i] ?? 0] ?? "text" };
    const count = tokens[i] ?? Number.NaN;
    return Number.isNaN(count) ? entry : { ...entry, tokens: count };
  });
  return { entries, merged, tickMicros };
}
