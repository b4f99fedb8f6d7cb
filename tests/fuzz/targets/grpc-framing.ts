import { Readable } from "node:stream";
import type { ServerHttp2Stream } from "node:http2";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import type { BodyResult } from "../../../packages/server/src/receivers/body.ts";
import { frameMessage, readMessage } from "../../../packages/server/src/receivers/grpc-message.ts";
import { encodeProtobuf } from "../../../packages/server/src/testing/otlp-encode.ts";
import { splitAtRandom } from "../harness/splits.ts";
import { must, type FuzzTarget } from "../harness/target.ts";
import { BATCHES } from "./otlp.ts";

const PREFIX_BYTES = 5;
const MAX_WIRE_BYTES = 64 * 1024;
const MAX_BYTES = 256 * 1024;

function zipped(message: Uint8Array): Uint8Array {
  const frame = frameMessage(gzipSync(message));
  frame[0] = 1;
  return new Uint8Array(frame);
}

async function read(pieces: readonly Uint8Array[]): Promise<BodyResult> {
  // Of a stream of HTTP/2 the reader uses what every stream has, and `aborted`, which is absent here as it is false there.
  const stream = Readable.from(pieces.map((piece) => Buffer.from(piece))) as unknown as ServerHttp2Stream;
  return await readMessage(stream, {
    gzip: true,
    maxWireBytes: MAX_WIRE_BYTES,
    maxBytes: MAX_BYTES,
    clock: { monotonicMs: () => 0, unixMs: () => 0 } as never,
    lease: { take: () => true, release: () => undefined },
  });
}

/** The message by zlib's own hand; undefined when there must be none. */
function naiveMessage(wire: Uint8Array): Uint8Array | undefined {
  if (wire.length < PREFIX_BYTES || wire.length > MAX_WIRE_BYTES + PREFIX_BYTES) return undefined;
  const length = Buffer.from(wire).readUInt32BE(1);
  const message = wire.subarray(PREFIX_BYTES);
  if (length !== message.length) return undefined;
  if (wire[0] === 0) return message;
  if (wire[0] !== 1) return undefined;
  try {
    return gunzipSync(message, { maxOutputLength: MAX_BYTES });
  } catch {
    return undefined;
  }
}

/** gRPC framing with gzip: any split of the bytes gives the same result, the caps hold, nothing is invented. */
export const grpcFraming: FuzzTarget = {
  seeds: () => [
    ...BATCHES.map((batch) => new Uint8Array(frameMessage(encodeProtobuf(batch)))),
    ...BATCHES.map((batch) => zipped(encodeProtobuf(batch))),
    zipped(new Uint8Array(0)),
    zipped(new Uint8Array(MAX_BYTES)),
    zipped(new Uint8Array(4 * MAX_BYTES)),
  ],
  dictionary: ["\x1f\x8b\x08", "\x00\x00\x00\x00\x00", "\x01\x00\x00\x00\x14"],
  async run(input) {
    const whole = await read([input]);
    const split = await read(splitAtRandom(input));
    must(isDeepStrictEqual(whole, split), "a split changes the result");
    if (whole.kind !== "body") return;
    must(whole.bytes.length <= MAX_BYTES, "the cap does not hold");
    const naive = naiveMessage(input);
    must(naive !== undefined && Buffer.from(whole.bytes).equals(naive), "the message is another one");
  },
};
