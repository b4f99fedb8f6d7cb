/**
 * The elements of one JSON array that arrives piece by piece, from bytes that may be split anywhere. Only brackets and
 * strings are followed; whether an element is JSON is for its reader to find out. An object that stands alone is taken
 * like an array of one.
 */
import { LIMITS } from "../limits.ts";
import { latin1Of } from "../utf8.ts";
import { endOfTail, withTail } from "./tail.ts";

/**
 * One element. `json` holds UTF-8 bytes, one per character. `cut`: it was longer than the bound, `json` is its beginning
 * and `tail` its last bytes.
 */
type ElementSink = (json: string, cut: boolean, tail: string) => void;

/** Reads one answer; see {@link createJsonArrayScanner}. */
interface JsonArrayScanner {
  /** Feeds one body read; calls the sink for each element whose last byte has come. */
  push(bytes: Uint8Array, sink: ElementSink): void;
  /** End of body: gives an element that was broken off, as far as it came. */
  end(sink: ElementSink): void;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Between elements; in an element; in a string of it; behind a backslash in that string. */
type Place = "between" | "element" | "string" | "escape";

/** Bytes of a byte order mark; they stand in front of everything or nowhere. */
function isBomByte(byte: number | undefined): boolean {
  return byte === 0xef || byte === 0xbb || byte === 0xbf;
}

function isSeparator(byte: number | undefined): boolean {
  return byte === COMMA || byte === LF || byte === CR || byte === SPACE || byte === TAB;
}

class BracketScanner implements JsonArrayScanner {
  readonly #maxElementBytes: number;
  #place: Place = "between";
  /** Open brackets of the element; 0 = it is a number, a word or a string, and no object. */
  #depth = 0;
  #held = "";
  #cut = false;
  #tail = "";
  #arrayOpen = false;
  #started = false;

  constructor(maxElementBytes: number) {
    this.#maxElementBytes = maxElementBytes;
  }

  push(bytes: Uint8Array, sink: ElementSink): void {
    // Where the part of the open element begins in this read.
    let start = 0;
    for (let i = 0; i < bytes.length; i += 1) {
      const byte = bytes[i];
      if (this.#place === "between") {
        if (this.#opens(byte)) start = i;
        continue;
      }
      const end = this.#endAt(byte, i);
      if (end === undefined) continue;
      this.#hold(bytes, start, end);
      this.#give(sink);
      // What ended a bare word belongs to the array.
      if (end === i && byte === CLOSE_BRACKET) this.#arrayOpen = false;
    }
    if (this.#place !== "between") this.#hold(bytes, start, bytes.length);
  }

  end(sink: ElementSink): void {
    if (this.#place !== "between") this.#give(sink);
  }

  /** Takes a byte between elements; true when an element begins with it. */
  #opens(byte: number | undefined): boolean {
    if (isSeparator(byte) || (!this.#started && isBomByte(byte))) return false;
    this.#started = true;
    if (byte === CLOSE_BRACKET) {
      this.#arrayOpen = false;
      return false;
    }
    if (byte === OPEN_BRACKET && !this.#arrayOpen) {
      this.#arrayOpen = true;
      return false;
    }
    this.#place = byte === QUOTE ? "string" : "element";
    this.#depth = byte === OPEN_BRACE || byte === OPEN_BRACKET ? 1 : 0;
    return true;
  }

  /** Takes byte `i` of an element; the position behind the element when it is over, else undefined. */
  #endAt(byte: number | undefined, i: number): number | undefined {
    if (this.#place === "escape") this.#place = "string";
    else if (this.#place === "element") return this.#bracketAt(byte, i);
    else if (byte === BACKSLASH) this.#place = "escape";
    else if (byte === QUOTE) this.#place = "element";
    // A string holds no bare line end: a quote in garbage must not swallow what follows.
    else if (byte === LF && this.#depth === 0) return i;
    return undefined;
  }

  #bracketAt(byte: number | undefined, i: number): number | undefined {
    if (byte === QUOTE) this.#place = "string";
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth += 1;
    else if (this.#depth === 0) return byte === COMMA || byte === CLOSE_BRACKET || byte === LF ? i : undefined;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.#depth -= 1;
      if (this.#depth === 0) return i + 1;
    }
    return undefined;
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    const room = this.#maxElementBytes - this.#held.length;
    const stop = Math.min(end, start + room);
    if (stop < end) {
      this.#cut = true;
      this.#tail = withTail(this.#tail, bytes, stop, end);
    }
    if (stop > start) this.#held += latin1Of(bytes, start, stop);
  }

  #give(sink: ElementSink): void {
    const json = this.#held;
    const cut = this.#cut;
    const tail = endOfTail(this.#tail);
    this.#held = "";
    this.#cut = false;
    this.#tail = "";
    this.#place = "between";
    sink(json, cut, tail);
  }
}

/** A scanner for one answer; holds at most `maxElementBytes` (default 1 MiB) of an element, and 16 KiB of its end. */
export function createJsonArrayScanner(maxElementBytes: number = LIMITS.observerLineBytes): JsonArrayScanner {
  return new BracketScanner(maxElementBytes);
}
