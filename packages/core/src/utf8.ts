/** Text and bytes without Node and without the DOM; what the runtime offers is taken from globalThis. */
import { decodeUtf8 } from "./model/utf8-bytes.ts";

interface RuntimeBuffer {
  readonly prototype: { readonly latin1Slice?: (this: Uint8Array, start: number, end: number) => string };
}
// Ten times faster than any portable way where it exists (Node, Bun, Deno); the rest works without it.
const { Buffer: runtimeBuffer } = globalThis as unknown as { readonly Buffer?: RuntimeBuffer };
const latin1Slice = runtimeBuffer?.prototype.latin1Slice;

/** Arguments of one `fromCharCode` call; engines bound them. */
const PIECE = 4096;

/** Bytes of `text` in UTF-8. A lone surrogate counts as the three bytes of U+FFFD. */
export function utf8Length(text: string): number {
  // Most pieces are short and ASCII: a look without a branch per character tells.
  let seen = 0;
  for (let i = 0; i < text.length; i += 1) seen |= text.charCodeAt(i);
  return seen < 0x80 ? text.length : wideUtf8Length(text);
}

function wideUtf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    if (code < 0x800) bytes += 1;
    else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 2;
      i += 1;
    } else bytes += 2;
  }
  return bytes;
}

/** One character per byte, so that a piece of a multi-byte character needs no care. */
export function latin1Of(bytes: Uint8Array, start: number, end: number): string {
  // The method takes any byte array for its own.
  return latin1Slice === undefined ? portableLatin1Of(bytes, start, end) : latin1Slice.call(bytes, start, end);
}

/** As {@link latin1Of}, with nothing but the language. */
export function portableLatin1Of(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at += PIECE) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + PIECE)));
  }
  return text;
}

/** The text whose UTF-8 bytes stand in `latin1`, one per character; invalid sequences become U+FFFD. */
export function utf8OfLatin1(latin1: string): string {
  let ascii = true;
  for (let i = 0; ascii && i < latin1.length; i += 1) ascii = latin1.charCodeAt(i) < 0x80;
  if (ascii) return latin1;
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i += 1) bytes[i] = latin1.charCodeAt(i);
  return decodeUtf8(bytes);
}

/** Whether the bytes that stand in `latin1` from `start` to `end`, one per character, are valid UTF-8. */
export function isUtf8(latin1: string, start: number, end: number): boolean {
  let i = start;
  while (i < end) {
    const lead = latin1.charCodeAt(i);
    i += 1;
    if (lead < 0x80) continue;
    const more = followersOf(lead);
    if (more === 0 || i + more > end) return false;
    // The second byte rules out overlong forms, surrogates and code points beyond U+10FFFF.
    const second = latin1.charCodeAt(i);
    if (second < (lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80)) return false;
    if (second > (lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf)) return false;
    for (let j = 1; j < more; j += 1) if ((latin1.charCodeAt(i + j) & 0xc0) !== 0x80) return false;
    i += more;
  }
  return true;
}

/** Bytes that follow this lead byte; 0 when it is none. */
function followersOf(lead: number): number {
  if (lead < 0xc2 || lead >= 0xf5) return 0;
  if (lead < 0xe0) return 1;
  return lead < 0xf0 ? 2 : 3;
}
