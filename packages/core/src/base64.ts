const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE = new Int16Array(128).fill(-1);
for (let i = 0; i < ALPHABET.length; i += 1) VALUE[ALPHABET.charCodeAt(i)] = i;

interface RuntimeBuffer {
  from(buffer: ArrayBufferLike, offset: number, length: number): { base64Slice(): string };
}
// Ten times faster where the runtime has it (Node, Bun, Deno); core itself knows neither Buffer nor btoa.
const { Buffer: runtimeBuffer } = globalThis as unknown as { readonly Buffer?: RuntimeBuffer };

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
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const digits = text.length - padding;
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    let word = 0;
    for (let j = 0; j < 4; j += 1) {
      const value = i + j < digits ? (VALUE[text.charCodeAt(i + j)] ?? -1) : 0;
      if (value < 0) return undefined;
      word = (word << 6) | value;
    }
    for (let shift = 16; shift >= 0 && at < bytes.length; shift -= 8) bytes[at++] = (word >> shift) & 0xff;
  }
  return bytes;
}
