const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE = new Int16Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i += 1) VALUE[ALPHABET.charCodeAt(i)] = i;

interface RuntimeBuffer {
  from(buffer: ArrayBufferLike, offset: number, length: number): { base64Slice(): string };
  from(text: string, encoding: "base64"): Uint8Array & { base64Slice(): string };
}
// Ten times faster where the runtime has it (Node, Bun, Deno); core itself knows neither Buffer nor btoa.
const { Buffer: runtimeBuffer } = globalThis as unknown as { readonly Buffer?: RuntimeBuffer };

/** Shorter texts are decoded here: calling the runtime costs more. */
const MIN_RUNTIME_UNITS = 64;

/** Standard base64 with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  if (runtimeBuffer === undefined) return portableBase64(bytes);
  return runtimeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).base64Slice();
}

/** As {@link encodeBase64}, with nothing but the language. */
export function portableBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += (ALPHABET[word >> 18] ?? "") + (ALPHABET[(word >> 12) & 63] ?? "");
    text += left > 1 ? ALPHABET[(word >> 6) & 63] : "=";
    text += left > 2 ? ALPHABET[word & 63] : "=";
  }
  return text;
}

/** Decodes standard base64 with padding; undefined for anything else. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (runtimeBuffer === undefined || text.length < MIN_RUNTIME_UNITS) return decodePortably(text);
  const bytes = runtimeBuffer.from(text, "base64");
  // The runtime takes much that is no base64, but only what it would write itself is the same again.
  if (bytes.base64Slice() !== text) return decodePortably(text);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** As {@link decodeBase64}, with nothing but the language. */
function decodePortably(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    const [c, d] = [i + 2 < digits ? valueAt(text, i + 2) : 0, i + 3 < digits ? valueAt(text, i + 3) : 0];
    // A value of -1 keeps the sign of the whole.
    const word = (valueAt(text, i) << 18) | (valueAt(text, i + 1) << 12) | (c << 6) | d;
    if (word < 0) return undefined;
    bytes[at] = word >> 16;
    bytes[at + 1] = word >> 8;
    bytes[at + 2] = word;
    at += 3;
  }
  return bytes;
}

function valueAt(text: string, at: number): number {
  return VALUE[text.charCodeAt(at)] ?? -1;
}
