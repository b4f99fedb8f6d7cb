import { LIMITS } from "./limits.ts";
import type { DeltaKind } from "./providers/provider.ts";
import { KINDS, TEXT } from "./token-tape-format.ts";

/** So small that the engine keeps it beside the log: most answers without a stream have one entry. */
const FIRST_CAPACITY = 8;
/** Most streams fit: growing costs more than holding this much. */
const SECOND_CAPACITY = 512;

/** A tag is the kind's number and these flags. */
const KIND_BITS = 7;
const AFTER_PAUSE = 8;
const FOLDED = 16;

/**
 * Counted chunks of one stream in columns: no object per chunk while the stream is open. Bounded (6 MB by default): an
 * endless stream folds what follows into its last entry. `length` is the number of entries, `countedChunks` that of
 * chunks; they differ only once chunks were folded.
 */
export class ChunkLog {
  readonly #maxEntries: number;
  #at = new Float64Array(FIRST_CAPACITY);
  /** Absent while every entry is text without a pause before it, as in most streams. */
  #tags: Uint8Array | undefined;
  /** Cumulative output tokens as of the chunk; -1 = the chunk did not say. Absent until a chunk says it. */
  #tokens: Float64Array | undefined;
  #length = 0;
  #folded = 0;
  #withTokens = 0;
  #totalBytes = 0;
  #firstBytes = 0;
  #lastBytes = 0;
  #marked = -1;
  #markedBytes = 0;
  #bytesBeforeMark = 0;
  #paused = false;

  constructor(maxEntries: number = LIMITS.tokenClockChunks) {
    this.#maxEntries = maxEntries;
  }

  get length(): number {
    return this.#length;
  }

  get countedChunks(): number {
    return this.#length + this.#folded;
  }

  /** Chunks that carried a cumulative token count. */
  get chunksWithTokens(): number {
    return this.#withTokens;
  }

  /** Whether the last entry stands for several chunks. */
  get isFolded(): boolean {
    return this.#folded > 0;
  }

  /** Stamps of the entries in microseconds. */
  get stamps(): Float64Array {
    return this.#at.subarray(0, this.#length);
  }

  /** Kinds of the entries by their number on the tape. */
  get kinds(): Uint8Array {
    const kinds = this.#tags?.slice(0, this.#length) ?? new Uint8Array(this.#length).fill(TEXT);
    for (let i = 0; i < kinds.length; i += 1) kinds[i] = (kinds[i] ?? 0) & KIND_BITS;
    return kinds;
  }

  append(atMicros: number, kind: DeltaKind, bytes: number, cumulativeTokens: number, afterPause: boolean): void {
    this.#totalBytes += bytes;
    if (this.#length === this.#maxEntries) {
      this.#fold(atMicros, bytes, cumulativeTokens, afterPause);
      return;
    }
    if (this.#length === this.#at.length) this.#grow();
    const i = this.#length;
    if (i === 0) this.#firstBytes = bytes;
    this.#lastBytes = bytes;
    this.#at[i] = atMicros;
    this.#length = i + 1;
    if (kind !== "text" || afterPause) this.#tag(i, KINDS.indexOf(kind), afterPause);
    if (cumulativeTokens >= 0 || this.#tokens !== undefined) this.#say(i, cumulativeTokens);
  }

  atMicros(i: number): number {
    return this.#at[i] ?? 0;
  }

  /** Makes the latest entry one whose bytes are known, as those of the first are. */
  mark(): void {
    this.#marked = this.#length - 1;
    this.#markedBytes = this.#lastBytes;
    this.#bytesBeforeMark = this.#totalBytes - this.#lastBytes;
  }

  /** UTF-8 bytes of the first entry or of the one marked last. */
  bytes(i: number): number {
    if (i === this.#length - 1) return this.#lastBytes;
    return i === this.#marked ? this.#markedBytes : this.#firstBytes;
  }

  /** UTF-8 bytes of all chunks from the first entry on, or from the one marked last; 0 behind the end. */
  bytesFrom(start: number): number {
    if (start >= this.#length) return 0;
    return start === this.#marked ? this.#totalBytes - this.#bytesBeforeMark : this.#totalBytes;
  }

  cumulativeTokens(i: number): number {
    return this.#tokens?.[i] ?? -1;
  }

  kind(i: number): DeltaKind {
    return KINDS[this.#tagOf(i) & KIND_BITS] ?? "text";
  }

  /**
   * Gap before entry `i` (from 1 on) in microseconds. Undefined when it says nothing about the model: the relay had
   * paused the upstream in it, or chunks are folded into it.
   */
  gapMicros(i: number): number | undefined {
    return this.#tagOf(i) <= KIND_BITS ? this.atMicros(i) - this.atMicros(i - 1) : undefined;
  }

  /** Whether two entries may be this far apart; false is certain. */
  mayHaveGapOf(micros: number): boolean {
    const at = this.#at;
    for (let i = 1; i < this.#length; i += 1) if ((at[i] ?? 0) - (at[i - 1] ?? 0) >= micros) return true;
    return false;
  }

  /** All gaps before entry `end`, in order, without those that say nothing. */
  gapsBefore(end: number): Uint32Array | Float64Array {
    const most = Math.max(0, end - 1);
    const gaps = this.#hasPlainGaps(end) ? new Uint32Array(most) : new Float64Array(most);
    const [at, tags] = [this.#at, this.#tags];
    let count = 0;
    for (let i = 1; i < end; i += 1) {
      if ((tags?.[i] ?? 0) <= KIND_BITS) gaps[count++] = (at[i] ?? 0) - (at[i - 1] ?? 0);
    }
    return count === most ? gaps : gaps.subarray(0, count);
  }

  /** Whether the relay paused the upstream before the first chunk. */
  get pausedBeforeFirst(): boolean {
    return this.#isAfterPause(0);
  }

  /** Whether the relay paused the upstream somewhere after entry `start`. */
  pausedAfter(start: number): boolean {
    if (!this.#paused) return false;
    for (let i = start + 1; i < this.#length; i += 1) if (this.#isAfterPause(i)) return true;
    return false;
  }

  #isAfterPause(i: number): boolean {
    return i < this.#length && (this.#tagOf(i) & AFTER_PAUSE) !== 0;
  }

  /** Whether every gap is a whole number of 32 bits. */
  #hasPlainGaps(end: number): boolean {
    const at = this.#at;
    for (let i = 1; i < end; i += 1) {
      const micros = (at[i] ?? 0) - (at[i - 1] ?? 0);
      if (micros !== micros >>> 0) return false;
    }
    return true;
  }

  #tagOf(i: number): number {
    return this.#tags?.[i] ?? 0;
  }

  #tag(i: number, tag: number, afterPause: boolean): void {
    this.#tags ??= new Uint8Array(this.#at.length);
    this.#tags[i] = tag | (afterPause ? AFTER_PAUSE : 0);
    if (afterPause) this.#paused = true;
  }

  #say(i: number, cumulativeTokens: number): void {
    this.#tokens ??= new Float64Array(this.#at.length).fill(-1);
    this.#tokens[i] = cumulativeTokens;
    if (cumulativeTokens >= 0) this.#withTokens += 1;
  }

  #fold(atMicros: number, bytes: number, cumulativeTokens: number, afterPause: boolean): void {
    const last = this.#length - 1;
    this.#folded += 1;
    this.#at[last] = atMicros;
    this.#lastBytes += bytes;
    this.#tag(last, this.#tagOf(last) | FOLDED, afterPause);
    if (cumulativeTokens >= 0 || this.#tokens !== undefined) this.#say(last, cumulativeTokens);
  }

  #grow(): void {
    const capacity = Math.min(this.#maxEntries, Math.max(SECOND_CAPACITY, this.#length * 2));
    this.#at = grown(this.#at, new Float64Array(capacity));
    if (this.#tags !== undefined) this.#tags = grown(this.#tags, new Uint8Array(capacity));
    if (this.#tokens !== undefined) this.#tokens = grown(this.#tokens, new Float64Array(capacity));
  }
}

function grown<T extends Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
