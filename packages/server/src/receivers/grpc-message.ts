import type { ServerHttp2Stream } from "node:http2";
import { inflate, readWire, type BodyOptions, type BodyResult } from "./body.ts";

/** A compressed flag and the length, in front of every message. */
const PREFIX_BYTES = 5;

export interface MessageOptions extends BodyOptions {
  /** Whether a message that is flagged as compressed may come. */
  readonly gzip: boolean;
}

/** Reads the one message of a unary call. Never throws. */
export async function readMessage(stream: ServerHttp2Stream, options: MessageOptions): Promise<BodyResult> {
  const wire = await readWire(stream, { ...options, maxWireBytes: options.maxWireBytes + PREFIX_BYTES });
  if (!(wire instanceof Uint8Array)) return wire;
  // A reset ends the stream as if the message were whole.
  if (stream.aborted) return { kind: "gone" };
  if (wire.byteLength < PREFIX_BYTES) return { kind: "malformed", detail: "a unary call needs one message" };
  const length = new DataView(wire.buffer, wire.byteOffset).getUint32(1);
  if (length !== wire.byteLength - PREFIX_BYTES) {
    return { kind: "malformed", detail: "a unary call needs one message of the length it names" };
  }
  const message = wire.subarray(PREFIX_BYTES);
  if (wire[0] === 0) {
    return message.byteLength > options.maxBytes
      ? { kind: "too_large", detail: "the message is too large" }
      : { kind: "body", bytes: message, wireBytes: wire.byteLength };
  }
  if (wire[0] !== 1 || !options.gzip) return { kind: "malformed", detail: "the message has an unknown compression" };
  return inflate(message, options);
}

/** A message as gRPC carries it, not compressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(PREFIX_BYTES + message.byteLength);
  frame.writeUInt32BE(message.byteLength, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}
