const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Lower-case hex of some bytes. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

const MAX_CODE = 0x80;
/** Value of a digit by its character code; 255 for what is none. */
const NO_DIGIT = 0xff;
const VALUES = Uint8Array.from({ length: MAX_CODE }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? NO_DIGIT : value;
});

/** Bytes of lower- or upper-case hex; `undefined` if the text is not hex of whole bytes. */
export function hexToBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  return writeHex(text, bytes, 0) ? bytes : undefined;
}

/** Writes the bytes of hex digits, two for each; false as soon as one is none. `target` must be large enough. */
export function writeHex(text: string, target: Uint8Array, start: number): boolean {
  for (let at = 0; at + 1 < text.length; at += 2) {
    const high = VALUES[text.charCodeAt(at)] ?? NO_DIGIT;
    const low = VALUES[text.charCodeAt(at + 1)] ?? NO_DIGIT;
    if (high === NO_DIGIT || low === NO_DIGIT) return false;
    target[start + (at >> 1)] = (high << 4) | low;
  }
  return true;
}
