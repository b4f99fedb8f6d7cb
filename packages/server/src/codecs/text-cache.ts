/** Bytes that are looked at to choose a slot, about so many of a text, spread over it. */
const SAMPLES = 8;

/**
 * Texts that come again and again, found by their bytes: decoding a text anew costs several times as much, and the same
 * string object is compared and looked up faster. Each slot keeps the last text that fell on it.
 */
export class TextCache {
  readonly #mask: number;
  readonly #maxBytes: number;
  readonly #texts: string[];
  readonly #lengths: Uint8Array;
  readonly #bytes: Uint8Array;

  /** @param slots a power of two. @param maxBytes longer texts are not kept; at most 255. */
  constructor(slots: number, maxBytes: number) {
    this.#mask = slots - 1;
    this.#maxBytes = maxBytes;
    this.#texts = Array.from({ length: slots }, () => "");
    this.#lengths = new Uint8Array(slots);
    this.#bytes = new Uint8Array(slots * maxBytes);
  }

  /** Text of some UTF-8 bytes; invalid ones become U+FFFD. */
  textOf(source: Buffer, start: number, length: number): string {
    if (length === 0) return "";
    if (length > this.#maxBytes) return source.toString("utf8", start, start + length);
    const slot = this.#slotOf(source, start, length);
    if (this.#holds(slot, source, start, length)) return this.#texts[slot] ?? "";
    const text = source.toString("utf8", start, start + length);
    this.#keep(slot, text, source, start, length);
    return text;
  }

  #slotOf(source: Buffer, start: number, length: number): number {
    const step = Math.trunc(length / SAMPLES) + 1;
    let hash = length;
    for (let at = start + length - 1; at >= start; at -= step) hash = Math.imul(hash, 31) + (source[at] ?? 0);
    return (hash ^ (hash >>> 11)) & this.#mask;
  }

  #holds(slot: number, source: Buffer, start: number, length: number): boolean {
    if (this.#lengths[slot] !== length) return false;
    const kept = this.#bytes;
    const base = slot * this.#maxBytes;
    for (let i = 0; i < length; i++) if (kept[base + i] !== source[start + i]) return false;
    return true;
  }

  #keep(slot: number, text: string, source: Buffer, start: number, length: number): void {
    this.#texts[slot] = text;
    this.#lengths[slot] = length;
    const base = slot * this.#maxBytes;
    for (let i = 0; i < length; i++) this.#bytes[base + i] = source[start + i] ?? 0;
  }
}
