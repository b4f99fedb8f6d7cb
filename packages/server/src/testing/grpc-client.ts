import {
  connect,
  constants,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";

/** How a call ended: the HTTP status, the gRPC status and its texts, the message of the answer. */
export interface GrpcAnswer {
  readonly httpStatus: number;
  readonly status: string | undefined;
  readonly message: string;
  readonly details: Buffer;
  readonly body: Buffer;
  readonly reset: number;
}

/** Opens a connection; the caller closes it. */
export function openGrpc(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  return session;
}

/** A message as gRPC frames it; `length` is what its prefix claims. */
export function framed(message: Uint8Array, flag = 0, length = message.byteLength): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

/** One unary call with these bytes as its whole body. */
export function callGrpc(
  session: ClientHttp2Session,
  method: string,
  body: Uint8Array,
  headers: OutgoingHttpHeaders = {},
): Promise<GrpcAnswer> {
  return new Promise((resolve) => {
    const stream = session.request({
      ":method": "POST",
      ":path": method,
      "content-type": "application/grpc",
      te: "trailers",
      ...headers,
    });
    let ended: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    stream.on("response", (received) => (ended = received));
    stream.on("trailers", (received) => (ended = { ...ended, ...received }));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => undefined);
    stream.on("close", () => {
      const textOf = (name: string): string => [ended[name] ?? ""].join("");
      resolve({
        httpStatus: Number(ended[":status"] ?? 0),
        status: ended["grpc-status"] === undefined ? undefined : textOf("grpc-status"),
        message: decodeURIComponent(textOf("grpc-message")),
        details: Buffer.from(textOf("grpc-status-details-bin"), "base64"),
        body: Buffer.concat(chunks).subarray(5),
        reset: stream.rstCode ?? constants.NGHTTP2_NO_ERROR,
      });
    });
    stream.end(Buffer.from(body));
  });
}

/** What a client sends first: the magic words and its settings, all defaults. */
export const CLIENT_PREFACE = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(4, 0, 0, new Uint8Array()),
]);

/** Frames that open a call and reset it at once, which no client of Node can be made to send. */
export function openedAndReset(streamId: number, path: string, authority: string): Buffer {
  const literal = (name: readonly number[], value: string): Buffer =>
    Buffer.concat([Buffer.from([...name, value.length]), Buffer.from(value)]);
  const headers = Buffer.concat([
    Buffer.from([0x83, 0x86]), // :method POST, :scheme http
    literal([0x04], path),
    literal([0x01], authority),
    literal([0x0f, 0x10], "application/grpc"), // content-type
  ]);
  const endHeaders = 4;
  return Buffer.concat([frame(1, endHeaders, streamId, headers), frame(3, 0, streamId, Uint8Array.of(0, 0, 0, 8))]);
}

function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.byteLength, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}
