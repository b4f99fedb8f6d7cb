import { once } from "node:events";
import { createServer, type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { gunzipSync } from "node:zlib";

/** One call as it arrived. */
interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Message after decompression. */
  readonly message: Buffer;
}

export interface GrpcServer {
  readonly url: string;
  readonly received: ReceivedCall[];
  /** Answers with this from now on; default: OK with an empty message. */
  answer(respond: (stream: ServerHttp2Stream) => void): void;
  /** Ends every connection, as a restarting receiver does. */
  disconnect(): void;
  close(): Promise<void>;
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Answers a call with a message and a status in the trailers. */
export function answerGrpc(stream: ServerHttp2Stream, message: Buffer, trailers: Record<string, string>): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end(framed(message));
}

/** A gRPC receiver on a free loopback port, in the clear. */
export async function startGrpcServer(): Promise<GrpcServer> {
  const received: ReceivedCall[] = [];
  const sessions = new Set<Http2Session>();
  let respond = (stream: ServerHttp2Stream): void => answerGrpc(stream, Buffer.alloc(0), { "grpc-status": "0" });
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => undefined);
  });
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const frame = Buffer.concat(chunks);
      const message = frame.subarray(5, 5 + frame.readUInt32BE(1));
      const path = headers[":path"] ?? "";
      received.push({ path, headers, message: frame[0] === 1 ? gunzipSync(message) : message });
      respond(stream);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const disconnect = (): void => {
    for (const session of sessions) session.destroy();
  };
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    received,
    answer(next) {
      respond = next;
    },
    disconnect,
    async close() {
      disconnect();
      server.close();
      await once(server, "close");
    },
  };
}
