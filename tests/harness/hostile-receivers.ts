/** Receivers of telemetry that misbehave, each in its own way, on free loopback ports. */
import { createServer as createHttp, type ServerResponse } from "node:http";
import { createServer as createHttp2, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";

export interface HostileReceiver {
  readonly port: number;
  readonly secure?: true;
  close(): Promise<void>;
}
type Start = () => Promise<HostileReceiver>;

async function listening(server: Server, more: { readonly secure?: true } = {}): Promise<HostileReceiver> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  return {
    port,
    ...more,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const tcp =
  (onSocket: (socket: Socket) => void, more: { readonly secure?: true } = {}): Start =>
  () =>
    listening(createTcp(onSocket), more);

/** Answers after the whole request has come. */
const http =
  (answer: (response: ServerResponse) => void): Start =>
  () =>
    listening(
      createHttp((request, response) => {
        request.resume();
        request.on("end", () => answer(response));
      }),
    );

const grpc =
  (answer: (stream: ServerHttp2Stream) => void): Start =>
  () => {
    const server = createHttp2();
    server.on("session", (session) => session.on("error", () => undefined));
    server.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.resume();
      stream.on("end", () => answer(stream));
    });
    return listening(server);
  };

/** Writes without end, as fast as it is read. */
function flood(target: { readonly destroyed: boolean; write(chunk: Buffer, done: () => void): unknown }): void {
  if (!target.destroyed) target.write(Buffer.alloc(16_384, "x"), () => setImmediate(() => flood(target)));
}

/** A port that nobody listens on. */
const refused: Start = async () => {
  const receiver = await listening(createTcp());
  await receiver.close();
  return { port: receiver.port, close: () => Promise.resolve() };
};

const GARBAGE = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 131 + 7) % 256));

/** What no protocol is spared. */
const ON_THE_WIRE: Readonly<Record<string, Start>> = {
  refused,
  "black hole": tcp((socket) => socket.resume()),
  "reset in mid-body": tcp((socket) => socket.once("data", () => socket.resetAndDestroy())),
  "early close": tcp((socket) => socket.once("data", () => socket.end())),
  garbage: tcp((socket) => socket.once("data", () => socket.write(GARBAGE))),
  "TLS garbage": tcp((socket) => socket.once("data", () => socket.write(GARBAGE)), { secure: true }),
  "TLS black hole": tcp((socket) => socket.resume(), { secure: true }),
};

/** A `google.rpc.Status` whose RetryInfo asks to wait for some thousands of years. */
const ENDLESS_RETRY = Buffer.concat([
  Buffer.from([0x1a, 51, 0x0a, 40]),
  Buffer.from("type.googleapis.com/google.rpc.RetryInfo"),
  Buffer.from([0x12, 7, 0x0a, 5, 0x08, 0xff, 0xff, 0xff, 0x7f]),
]).toString("base64");

export const HOSTILE_HTTP: Readonly<Record<string, Start>> = {
  ...ON_THE_WIRE,
  "503 for ever": http((response) => response.writeHead(503).end()),
  "429 with a huge Retry-After": http((response) => response.writeHead(429, { "retry-after": "9".repeat(30) }).end()),
  "400": http((response) => response.writeHead(400).end("no")),
  redirect: http((response) => response.writeHead(307, { location: "http://127.0.0.1:9/" }).end()),
  slow: http((response) => void setTimeout(() => response.writeHead(200).end(), 100)),
  "endless body": http((response) => flood(response.writeHead(200))),
  "endless error body": http((response) => flood(response.writeHead(500))),
  "body that never comes": http((response) => response.writeHead(200, { "content-length": "10" }).flushHeaders()),
};

function respondOk(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.respond({ "grpc-status": "0" }, { endStream: true });
}

export const HOSTILE_GRPC: Readonly<Record<string, Start>> = {
  ...ON_THE_WIRE,
  "UNAVAILABLE for ever": grpc((stream) => stream.respond({ "grpc-status": "14" }, { endStream: true })),
  "RESOURCE_EXHAUSTED with a huge RetryInfo": grpc((stream) =>
    stream.respond({ "grpc-status": "8", "grpc-status-details-bin": ENDLESS_RETRY }, { endStream: true }),
  ),
  INVALID_ARGUMENT: grpc((stream) => stream.respond({ "grpc-status": "3" }, { endStream: true })),
  "HTTP/1.1 only": http((response) => response.writeHead(200).end()),
  slow: grpc((stream) => void setTimeout(() => respondOk(stream), 100)),
  "endless body": grpc((stream) => {
    stream.respond({});
    flood(stream);
  }),
  "no status": grpc((stream) => stream.respond({}, { endStream: true })),
  "never an answer": grpc(() => undefined),
};
