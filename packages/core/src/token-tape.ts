/**
 * Token tape, version 1: time, kind and token count of every counted chunk of one answer in one base64 string, about two
 * bytes per chunk (measurement contract 5.4). Times, kinds and counts only, never text.
 *
 * ```
 * byte    version (1)
 * byte    flags: bit 0 = every entry has a token count, bit 1 = no entry has one, bit 2 = merged
 * varint  tick size in microseconds (16)
 * varint  ticks from `t_req` to the first entry
 * run*    varint run length << 5 | kind << 2 | count mode      kind: text reasoning tool refusal audio
 *         entry* of the run: varint ticks since the previous entry (0 for the very first),
 *                            varint token count when the count mode is 1
 * ```
 * Count mode 0 = one token each, 1 = count follows, 2 = unknown. Varints are little-endian base 128. Deltas are
 * differences of rounded absolute ticks, so rounding errors do not add up: every time is exact to one tick.
 */
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { MonitorError } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { TapeEntry } from "./model/token-timings.ts";
import type { DeltaKind } from "./providers/provider.ts";

const VERSION = 1;
const TICK_MICROS = 16;
const FLAG_COUNTED = 1;
const FLAG_UNCOUNTED = 2;
const FLAG_MERGED = 4;
const ONE_EACH = 0;
const COUNT_FOLLOWS = 1;
const UNKNOWN = 2;
/** Kinds by their number on the tape; never reordered. */
const KINDS: readonly DeltaKind[] = ["text", "reasoning", "tool", "refusal", "audio"];
/** Longest tape a reader accepts, characters: 64 times the default cap. */
const MAX_TEXT_LENGTH = 64 * LIMITS.tokenTapeMaxBytes;

/** A decoded tape. `merged`: neighbours were joined to fit the cap, so gaps are a lower bound of what happened. */
export interface DecodedTape {
  readonly entries: readonly TapeEntry[];
  readonly merged: boolean;
  readonly tickMicros: number;
}

/** A count that can be written; anything else is unknown. */
function countOf(entry: TapeEntry): number | undefined {
  const { tokens } = entry;
  return tokens !== undefined && Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : undefined;
}

function countModeOf(entry: TapeEntry): number {
  const tokens = countOf(entry);
  if (tokens === undefined) return UNKNOWN;
  return tokens === 1 ? ONE_EACH : COUNT_FOLLOWS;
}

/** Absolute ticks of an entry, never before the entry in front of it. */
function ticksAfter(previousTicks: number, entry: TapeEntry): number {
  const ticks = Math.round(entry.atMicros / TICK_MICROS);
  return Number.isSafeInteger(entry.atMicros) && ticks > previousTicks ? ticks : previousTicks;
}

function writeVarint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function runLength(entries: readonly TapeEntry[], start: number): number {
  const first = entries[start];
  let end = start + 1;
  for (; first !== undefined && end < entries.length; end += 1) {
    const entry = entries[end];
    if (entry === undefined || entry.kind !== first.kind || countModeOf(entry) !== countModeOf(first)) break;
  }
  return end - start;
}

function flagsOf(entries: readonly TapeEntry[], merged: boolean): number {
  const counted = entries.filter((entry) => countOf(entry) !== undefined).length;
  return (
    (counted === entries.length ? FLAG_COUNTED : 0) | (counted === 0 ? FLAG_UNCOUNTED : 0) | (merged ? FLAG_MERGED : 0)
  );
}

function encodeBytes(entries: readonly TapeEntry[], merged: boolean): Uint8Array {
  const out = [VERSION, flagsOf(entries, merged)];
  writeVarint(out, TICK_MICROS);
  let previous = entries[0] === undefined ? 0 : ticksAfter(0, entries[0]);
  writeVarint(out, previous);
  for (let at = 0; at < entries.length;) {
    const first = entries[at];
    if (first === undefined) break;
    const length = runLength(entries, at);
    const mode = countModeOf(first);
    writeVarint(out, length * 32 + KINDS.indexOf(first.kind) * 4 + mode);
    for (const entry of entries.slice(at, at + length)) {
      const ticks = ticksAfter(previous, entry);
      writeVarint(out, ticks - previous);
      if (mode === COUNT_FOLLOWS) writeVarint(out, countOf(entry) ?? 0);
      previous = ticks;
    }
    at += length;
  }
  return Uint8Array.from(out);
}

/** Two neighbours as one: counts are added, the later time and kind stay. */
function joined(a: TapeEntry, b: TapeEntry): TapeEntry {
  const tokens = (countOf(a) ?? Number.NaN) + (countOf(b) ?? Number.NaN);
  const entry = { atMicros: b.atMicros, kind: b.kind };
  return Number.isSafeInteger(tokens) ? { ...entry, tokens } : entry;
}

/** Joins inner neighbours in pairs; first and last entry stay as they are. */
function mergePairs(entries: readonly TapeEntry[]): readonly TapeEntry[] {
  const inner = entries.slice(1, -1);
  const merged: TapeEntry[] = [];
  for (let i = 0; i < inner.length; i += 2) {
    const [a, b] = inner.slice(i, i + 2);
    if (a !== undefined) merged.push(b === undefined ? a : joined(a, b));
  }
  return [...entries.slice(0, 1), ...merged, ...entries.slice(-1)];
}

/** Options of {@link encodeTokenTape}. */
export interface TapeOptions {
  /** Cap in characters of the result; default 16,384. Three entries are always kept. */
  readonly maxCharacters?: number;
  /** Entries already stand for several chunks; default false. */
  readonly merged?: boolean;
}

/**
 * Encodes counted chunks in time order. Above the cap neighbours are merged until it fits; the tape is never cut.
 * Times are whole microseconds; a count that is no whole number of at least 0 is written as unknown.
 */
export function encodeTokenTape(entries: readonly TapeEntry[], options: TapeOptions = {}): string {
  const maxBytes = Math.floor((options.maxCharacters ?? LIMITS.tokenTapeMaxBytes) / 4) * 3;
  let kept = entries;
  let bytes = encodeBytes(kept, options.merged ?? false);
  while (bytes.length > maxBytes && kept.length > 3) {
    kept = mergePairs(kept);
    bytes = encodeBytes(kept, true);
  }
  return encodeBase64(bytes);
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
