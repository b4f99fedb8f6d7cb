import type { TapeEntry } from "./model/token-timings.ts";
import type { DeltaKind } from "./providers/provider.ts";

const KINDS: readonly DeltaKind[] = ["text", "reasoning", "tool", "refusal", "audio"];
const FIRST_CAPACITY = 64;

/** Counted chunks of one stream in columns: no object per chunk while the stream is open. */
export class ChunkLog {
  #at = new Float64Array(0);
  #bytes = new Uint32Array(0);
  #kind = new Uint8Array(0);
  /** Cumulative output tokens as of the chunk; -1 = the chunk did not say. */
  #tokens = new Float64Array(0);
  #afterPause = new Uint8Array(0);
  #length = 0;
  #totalBytes = 0;

  get length(): number {
    return this.#length;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  append(atMicros: number, kind: DeltaKind, bytes: number, cumulativeTokens: number, afterPause: boolean): void {
    if (this.#length === this.#at.length) this.#grow();
    const i = this.#length;
    this.#at[i] = atMicros;
    this.#bytes[i] = bytes;
    this.#kind[i] = KINDS.indexOf(kind);
    this.#tokens[i] = cumulativeTokens;
    this.#afterPause[i] = afterPause ? 1 : 0;
    this.#totalBytes += bytes;
    this.#length = i + 1;
  }

  atMicros(i: number): number {
    return this.#at[i] ?? 0;
  }

  bytes(i: number): number {
    return this.#bytes[i] ?? 0;
  }

  cumulativeTokens(i: number): number {
    return this.#tokens[i] ?? -1;
  }

  /** The relay had paused the upstream between the chunk before and this one. */
  afterPause(i: number): boolean {
    return this.#afterPause[i] === 1;
  }

  kind(i: number): DeltaKind {
    return KINDS[this.#kind[i] ?? 0] ?? "text";
  }

  /** Entries for the tape; `tokensOf` gives the tokens of a chunk when known. */
  entries(tokensOf: (i: number) => number | undefined): readonly TapeEntry[] {
    return Array.from({ length: this.#length }, (_, i) => {
      const tokens = tokensOf(i);
      const entry = { atMicros: this.atMicros(i), kind: this.kind(i) };
      return tokens === undefined ? entry : { ...entry, tokens };
    });
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#length * 2);
    const grown = <T extends Float64Array | Uint32Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#at = grown(this.#at, new Float64Array(capacity));
    this.#bytes = grown(this.#bytes, new Uint32Array(capacity));
    this.#kind = grown(this.#kind, new Uint8Array(capacity));
    this.#tokens = grown(this.#tokens, new Float64Array(capacity));
    this.#afterPause = grown(this.#afterPause, new Uint8Array(capacity));
  }
}
