const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Whether JSON text (or its UTF-8 bytes) nests deeper than `limit` brackets. A scan ahead of `JSON.parse`, which blocks
 * for seconds on megabytes of `[`. Aware of strings; says nothing about validity.
 */
export function jsonDepthExceeds(text: string | Uint8Array, limit: number): boolean {
  // Two loops on purpose: one over a union of both types is several times slower.
  return typeof text === "string" ? textExceeds(text, limit) : bytesExceed(text, limit);
}

function textExceeds(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfText(text, i);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > limit) return true;
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

/** Index of the quote that closes the string opened at `start`; the end of the text when none does. */
function endOfText(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) break;
  }
  return i;
}

function bytesExceed(bytes: Uint8Array, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const code = bytes[i];
    if (code === QUOTE) i = endOfBytes(bytes, i);
    else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > limit) return true;
    } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

function endOfBytes(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  for (; i < bytes.length; i += 1) {
    const code = bytes[i];
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) break;
  }
  return i;
}
