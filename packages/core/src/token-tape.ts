/**
 * Token tape, version 1: time, kind and token count of every counted chunk of one answer in one base64 string, about two
 * bytes per chunk (measurement contract 5.4). Times, kinds and counts only, never text.
 *
 * ```
 * byte    version (1)
 * byte    flags: bit 0 = all token counts known, bit 1 = merged
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
const FLAG_EXACT = 1;
const FLAG_MERGED = 2;
const ONE_EACH = 0;
const COUNT_FOLLOWS = 1;
const UNKNOWN = 2;
/** Kinds by their number on the tape; never reordered. */
const KINDS: readonly DeltaKind[] = ["text", "reasoning", "tool", "refusal", "audio"];
/** Longest tape a reader accepts, characters: far above any cap a writer may be given. */
const MAX_TEXT_LENGTH = 4 * 1024 * 1024;

/** A decoded tape. `merged`: neighbours were joined to fit the cap, so gaps are a lower bound of what happened. */
export interface DecodedTape {
  readonly entries: readonly TapeEntry[];
  readonly merged: boolean;
  readonly tickMicros: number;
}

function countModeOf(entry: TapeEntry): number {
  if (entry.tokens === undefined) return UNKNOWN;
  return entry.tokens === 1 ? ONE_EACH : COUNT_FOLLOWS;
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

function encodeBytes(entries: readonly TapeEntry[], merged: boolean): Uint8Array {
  const exact = entries.every((entry) => entry.tokens !== undefined);
  const out = [VERSION, (exact ? FLAG_EXACT : 0) | (merged ? FLAG_MERGED : 0)];
  writeVarint(out, TICK_MICROS);
  const ticksOf = (entry: TapeEntry): number => Math.max(0, Math.round(entry.atMicros / TICK_MICROS));
  let previous = entries[0] === undefined ? 0 : ticksOf(entries[0]);
  writeVarint(out, previous);
  for (let at = 0; at < entries.length;) {
    const length = runLength(entries, at);
    const first = entries[at];
    if (first === undefined) break;
    const mode = countModeOf(first);
    writeVarint(out, length * 32 + KINDS.indexOf(first.kind) * 4 + mode);
    for (const entry of entries.slice(at, at + length)) {
      const ticks = Math.max(previous, ticksOf(entry));
      writeVarint(out, ticks - previous);
      if (mode === COUNT_FOLLOWS) writeVarint(out, entry.tokens ?? 0);
      previous = ticks;
    }
    at += length;
  }
  return Uint8Array.from(out);
}

/** Joins inner neighbours in pairs: counts are added, the later time stays. First and last entry stay as they are. */
function mergePairs(entries: readonly TapeEntry[]): readonly TapeEntry[] {
  const merged: TapeEntry[] = entries.slice(0, 1);
  for (let i = 1; i < entries.length - 1; i += 2) {
    const a = entries[i];
    const b = i + 1 < entries.length - 1 ? entries[i + 1] : undefined;
    if (a === undefined) break;
    if (b === undefined) merged.push(a);
    else if (a.tokens === undefined || b.tokens === undefined) merged.push({ atMicros: b.atMicros, kind: b.kind });
    else merged.push({ atMicros: b.atMicros, kind: b.kind, tokens: a.tokens + b.tokens });
  }
  const last = entries.at(-1);
  return last === undefined || entries.length < 2 ? merged : [...merged, last];
}

/**
 * Encodes counted chunks in time order. Above `maxCharacters` (default 16,384) neighbours are merged until it fits; the
 * tape is never cut. Token counts are whole numbers of at least 0, or absent.
 */
export function encodeTokenTape(
  entries: readonly TapeEntry[],
  options: { readonly maxCharacters?: number } = {},
): string {
  const maxBytes = Math.floor((options.maxCharacters ?? LIMITS.tokenTapeMaxBytes) / 4) * 3;
  let kept = entries;
  let bytes = encodeBytes(kept, false);
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
