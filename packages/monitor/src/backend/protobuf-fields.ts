/** Reads the few answers of an OTLP receiver that say something; a full protobuf reader is not needed for that. */

/** A field of a message: `varint` values beyond 2^53 lose precision, which no answer of ours has. */
export type ProtobufField =
  | { readonly id: number; readonly varint: number }
  | { readonly id: number; readonly bytes: Uint8Array };

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const LONGEST_VARINT = 10;

/** Fields of a message in their order; reading stops where the bytes are no message. */
export function* protobufFields(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let i = 0; i < LONGEST_VARINT; i += 1) {
      const byte = message[at];
      if (byte === undefined) return undefined;
      at += 1;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < message.length) {
    const key = varint();
    if (key === undefined) return;
    const id = Math.floor(key / 8);
    const type = key % 8;
    if (type === FIXED64 || type === FIXED32) at += type === FIXED64 ? 8 : 4;
    else if (type === VARINT || type === BYTES) {
      const value = varint();
      if (value === undefined || (type === BYTES && at + value > message.length)) return;
      if (type === VARINT) yield { id, varint: value };
      else yield { id, bytes: message.subarray(at, (at += value)) };
    } else return;
  }
}

/** The bytes of the first field with this number. */
export function bytesOf(message: Uint8Array, id: number): Uint8Array | undefined {
  for (const field of protobufFields(message)) if (field.id === id && "bytes" in field) return field.bytes;
  return undefined;
}

/** The number in the first field with this number. */
export function varintOf(message: Uint8Array, id: number): number | undefined {
  for (const field of protobufFields(message)) if (field.id === id && "varint" in field) return field.varint;
  return undefined;
}
