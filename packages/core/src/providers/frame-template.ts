/**
 * A learnt shape (see `frame-shape.ts`) as the bytes of a whole event: most reads of a stream are one event that differs
 * from this in its output, and need not become text at all.
 */
import { isUtf8, latin1Of } from "../utf8.ts";
import type { DeltaKind } from "./provider.ts";

/** A place of the frame that may vary: output of this kind, or a value nobody reads. */
export type HoleKind = DeltaKind | "unread_string" | "unread_number";

/** Digits of a whole number that is exact as a JavaScript number. */
export const MAX_NUMBER_DIGITS = 15;

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE_OBJECT = 0x7d;

/** Whether `\` and this character are one character of one byte. */
export function isShortEscape(code: number): boolean {
  // " / \ b f n r t
  return (
    code === QUOTE ||
    code === 0x2f ||
    code === BACKSLASH ||
    code === 0x62 ||
    code === 0x66 ||
    code === 0x6e ||
    code === 0x72 ||
    code === 0x74
  );
}

function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i += 1) bytes[i] = latin1.charCodeAt(i);
  return bytes;
}

/** End of the whole number that begins at `start`, or -1. */
function numberEnd(bytes: Uint8Array, start: number): number {
  let i = start;
  for (let digit = bytes[i] ?? 0; digit >= 0x30 && digit <= 0x39; digit = bytes[i] ?? 0) i += 1;
  const digits = i - start;
  return digits === 0 || digits > MAX_NUMBER_DIGITS || bytes[start] === 0x30 ? -1 : i;
}

/** What a shape tells of its frames: literal texts with holes between them. */
interface ShapedFrame {
  /** One more than there are holes; bytes, one per character. */
  readonly literals: readonly string[];
  readonly holes: readonly HoleKind[];
}

/** Recognises whole events of one shape. */
export class FrameTemplate {
  /** All literals, one behind the other, and where each ends. */
  readonly #literals: Uint8Array;
  readonly #ends: readonly number[];
  readonly #holes: readonly HoleKind[];
  #bytesOfHole = 0;
  /** Bytes of the output of the event that was recognised last. */
  outputBytes = 0;

  /** @param eventName of the events; they are recognised in the spelling that nearly all servers use. */
  constructor({ literals, holes }: ShapedFrame, eventName: string) {
    const [first = "", ...others] = literals;
    const pieces = [`${eventName === "" ? "" : `event: ${eventName}\n`}data: ${first}`, ...others];
    let end = 0;
    this.#literals = bytesOf(pieces.join(""));
    this.#ends = pieces.map((piece) => (end += piece.length));
    this.#holes = holes;
  }

  /** Index behind the blank line of the event that begins at `start`; -1 when it is another, or not there as a whole. */
  match(bytes: Uint8Array, start: number): number {
    const literals = this.#literals;
    let at = start;
    let from = 0;
    let outputBytes = 0;
    for (let i = 0; i < this.#ends.length; i += 1) {
      for (const end = this.#ends[i] ?? 0; from < end; from += 1) {
        if (bytes[at] !== literals[from]) return -1;
        at += 1;
      }
      const kind = this.#holes[i];
      if (kind === undefined) break;
      at = kind === "unread_number" ? numberEnd(bytes, at) : this.#stringEnd(bytes, at);
      if (at < 0) return -1;
      if (kind !== "unread_number" && kind !== "unread_string") outputBytes = this.#bytesOfHole;
    }
    while (bytes[at] === SPACE) at += 1;
    this.outputBytes = outputBytes;
    const isWhole = bytes[at] === CLOSE_OBJECT && bytes[at + 1] === LF && bytes[at + 2] === LF;
    return isWhole && outputBytes > 0 ? at + 3 : -1;
  }

  /** End of the string that begins at `start`, behind its quote; -1 when only a parser can tell what is in it. */
  #stringEnd(bytes: Uint8Array, start: number): number {
    let escapes = 0;
    let isAscii = true;
    for (let i = start; i < bytes.length; i += 1) {
      const code = bytes[i] ?? 0;
      if (code === QUOTE) {
        this.#bytesOfHole = i - start - escapes;
        // Only in valid UTF-8 is the number of bytes the number of bytes of the text.
        return isAscii || isUtf8(latin1Of(bytes, start, i), 0, i - start) ? i : -1;
      }
      if (code === BACKSLASH) {
        i += 1;
        if (!isShortEscape(bytes[i] ?? 0)) return -1;
        escapes += 1;
      } else if (code < SPACE) return -1;
      else if (code >= 0x80) isAscii = false;
    }
    return -1;
  }
}
