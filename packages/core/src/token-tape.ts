/** Reading and writing a token tape; the format stands in `token-tape-format.ts`. */
import { decodeBase64 } from "./base64.ts";
import { MonitorError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { TapeEntry } from "./model/token-timings.ts";
import { encodeTapeColumns, type TapeOptions } from "./token-tape-encode.ts";
import { FLAG_MERGED, KINDS, ONE_EACH, UNKNOWN, VERSION } from "./token-tape-format.ts";

/** Longest tape a reader accepts, characters: 64 times the default cap. */
const MAX_TEXT_LENGTH = 64 * LIMITS.tokenTapeMaxBytes;

/** A decoded tape. `merged`: neighbours were joined to fit the cap, so gaps are a lower bound of what happened. */
export interface DecodedTape {
  readonly entries: readonly TapeEntry[];
  readonly merged: boolean;
  readonly tickMicros: number;
}

/**
 * Encodes counted chunks in time order. Above the cap neighbours are merged until it fits; the tape is never cut.
 * Times are whole microseconds; a count that is no whole number of at least 0 is written as unknown.
 */
export function encodeTokenTape(entries: readonly TapeEntry[], options: TapeOptions = {}): string {
  const { length } = entries;
  const atMicros = new Float64Array(length);
  const kinds = new Uint8Array(length);
  const tokens = new Float64Array(length);
  for (const [i, entry] of entries.entries()) {
    atMicros[i] = entry.atMicros;
    kinds[i] = KINDS.indexOf(entry.kind);
    tokens[i] = entry.tokens ?? Number.NaN;
  }
  return encodeTapeColumns({ length, atMicros, kinds, tokens }, options);
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
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
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

function readRun(reader: TapeReader, entries: TapeEntry[], startTicks: number, tickMicros: number): number {
  const header = reader.varint();
  const length = Math.floor(header / 32);
  const kind = KINDS[(header >> 2) & 7];
  const mode = header & 3;
  if (kind === undefined || mode > UNKNOWN) throw malformed("an unknown kind or count mode");
  // An entry takes at least a byte, so a false length cannot make us allocate.
  if (length === 0 || length > reader.left) throw malformed("a false run length");
  let ticks = startTicks;
  for (let i = 0; i < length; i += 1) {
    ticks += reader.varint();
    const atMicros = ticks * tickMicros;
    if (!Number.isSafeInteger(atMicros)) throw malformed("a time is too large");
    if (mode === UNKNOWN) entries.push({ atMicros, kind });
    else entries.push({ atMicros, kind, tokens: mode === ONE_EACH ? 1 : reader.varint() });
  }
  return ticks;
}

/** Decodes a tape. @throws {PAYLOAD_MALFORMED} for anything that is not a tape of a version we know. */
export function decodeTokenTape(text: string): DecodedTape {
  if (text.length > MAX_TEXT_LENGTH) throw malformed("it is too long");
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw malformed("it is not base64");
  const reader = new TapeReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw malformed(`version ${version} is unknown`);
  const merged = (reader.byte() & FLAG_MERGED) !== 0;
  const tickMicros = reader.varint();
  if (tickMicros === 0) throw malformed("the tick size is 0");
  let ticks = reader.varint();
  const entries: TapeEntry[] = [];
  while (reader.left > 0) ticks = readRun(reader, entries, ticks, tickMicros);
  return { entries, merged, tickMicros };
}
