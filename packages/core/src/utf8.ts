import { decodeUtf8 } from "./model/utf8-bytes.ts";

/** Bytes of `text` in UTF-8. A lone surrogate counts as the three bytes of U+FFFD. */
export function utf8Length(text: string): number {
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
  let text = "";
  for (let at = start; at < end; at += 4096) {
    text += String.fromCharCode.apply(undefined, bytes.subarray(at, Math.min(end, at + 4096)) as unknown as number[]);
  }
  return text;
}

/** The text whose UTF-8 bytes stand in `latin1` one per character. */
export function utf8OfLatin1(latin1: string): string {
  let ascii = true;
  for (let i = 0; ascii && i < latin1.length; i += 1) ascii = latin1.charCodeAt(i) < 0x80;
  if (ascii) return latin1;
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i += 1) bytes[i] = latin1.charCodeAt(i);
  return decodeUtf8(bytes);
}
