import { LIMITS } from "./limits.ts";
import type { DeltaKind } from "./providers/provider.ts";

const KINDS: readonly DeltaKind[] = ["text", "reasoning", "tool", "refusal", "audio"];
const FIRST_CAPACITY = 64;

const AFTER_PAUSE = 1;
const FOLDED = 2;

/**
 * Counted chunks of one stream in columns: no object per chunk while the stream is open. Bounded (7 MB by default): an
 * endless stream folds what follows into its last entry. `length` is the number of entries, `countedChunks` that of
 * chunks; they differ only once chunks were folded.
 */
export class ChunkLog {
  readonly #maxEntries: number;
  #at = new Float64Array(0);
  #bytes = new Float64Array(0);
  #kind = new Uint8Array(0);
  /** Cumulative output tokens as of the chunk; -1 = the chunk did not say. */
  #tokens = new Float64Array(0);
  #flags = new Uint8Array(0);
  #length = 0;
  #folded = 0;
  #withTokens = 0;

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

  append(atMicros: number, kind: DeltaKind, bytes: number, cumulativeTokens: number, afterPause: boolean): void {
    if (cumulativeTokens >= 0) this.#withTokens += 1;
    if (this.#length === this.#maxEntries) {
      this.#fold(atMicros, bytes, cumulativeTokens, afterPause);
      return;
    }
    if (this.#length === this.#at.length) this.#grow();
    const i = this.#length;
    this.#at[i] = atMicros;
    this.#bytes[i] = bytes;
    this.#kind[i] = KINDS.indexOf(kind);
    this.#tokens[i] = cumulativeTokens;
    this.#flags[i] = afterPause ? AFTER_PAUSE : 0;
    this.#length = i + 1;
  }

  atMicros(i: number): number {
    return this.#at[i] ?? 0;
  }

  bytes(i: number): number {
    return this.#bytes[i] ?? 0;
  }

  /** UTF-8 bytes of all chunks from entry `start` on. */
  bytesFrom(start: number): number {
    let sum = 0;
    for (let i = start; i < this.#length; i += 1) sum += this.bytes(i);
    return sum;
  }

  cumulativeTokens(i: number): number {
    return this.#tokens[i] ?? -1;
  }

  kind(i: number): DeltaKind {
    return KINDS[this.#kind[i] ?? 0] ?? "text";
  }

  /**
   * Gap before entry `i` (from 1 on) in microseconds. Undefined when it says nothing about the model: the relay had
   * paused the upstream in it, or chunks are folded into it.
   */
  gapMicros(i: number): number | undefined {
    return this.#flags[i] === 0 ? this.atMicros(i) - this.atMicros(i - 1) : undefined;
  }

  /** Whether the relay paused the upstream before the first chunk. */
  get pausedBeforeFirst(): boolean {
    return ((this.#flags[0] ?? 0) & AFTER_PAUSE) !== 0;
  }

  /** Whether the relay paused the upstream somewhere after entry `start`. */
  pausedAfter(start: number): boolean {
    for (let i = start + 1; i < this.#length; i += 1) if (((this.#flags[i] ?? 0) & AFTER_PAUSE) !== 0) return true;
    return false;
  }

  #fold(atMicros: number, bytes: number, cumulativeTokens: number, afterPause: boolean): void {
    const last = this.#length - 1;
    this.#folded += 1;
    this.#at[last] = atMicros;
    this.#bytes[last] = this.bytes(last) + bytes;
    this.#tokens[last] = cumulativeTokens;
    this.#flags[last] = (this.#flags[last] ?? 0) | FOLDED | (afterPause ? AFTER_PAUSE : 0);
  }

  #grow(): void {
    const capacity = Math.min(this.#maxEntries, Math.max(FIRST_CAPACITY, this.#length * 2));
    this.#at = grown(this.#at, new Float64Array(capacity));
    this.#bytes = grown(this.#bytes, new Float64Array(capacity));
    this.#kind = grown(this.#kind, new Uint8Array(capacity));
    this.#tokens = grown(this.#tokens, new Float64Array(capacity));
    this.#flags = grown(this.#flags, new Uint8Array(capacity));
  }
}

function grown<T extends Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
