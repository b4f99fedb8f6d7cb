// The runtime's own codec, taken from globalThis because this package knows neither Node nor the DOM.
interface TextCodecs {
  readonly TextEncoder: new () => { encodeInto(text: string, target: Uint8Array): { read: number; written: number } };
  readonly TextDecoder: new (label: string, options: { ignoreBOM: boolean }) => { decode(bytes: Uint8Array): string };
}
const { TextEncoder, TextDecoder } = globalThis as unknown as TextCodecs;
const encoder = new TextEncoder();
// A byte order mark is text like any other: dropping it would change a stored value.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Most bytes a text can take as UTF-8. */
export function maxUtf8Bytes(text: string): number {
  return text.length * 3;
}

/** Writes a text as UTF-8 and returns the bytes written; a lone surrogate becomes U+FFFD. `target` must be large enough. */
export function encodeUtf8Into(text: string, target: Uint8Array): number {
  return encoder.encodeInto(text, target).written;
}

/** Text of some UTF-8 bytes; invalid sequences become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
