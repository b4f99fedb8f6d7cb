import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { answerGrpc, startGrpcServer, type GrpcServer } from "../testing/grpc-server.testing.ts";
import { createGrpcTransport, type GrpcTransportOptions } from "./grpc-transport.ts";
import type { Transport } from "./transport.ts";

const METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const BODY = Buffer.from("a message");
const NEVER = new AbortController().signal;
let server: GrpcServer | undefined;
let transport: Transport | undefined;

afterEach(async () => {
  transport?.close();
  await server?.close();
  [server, transport] = [undefined, undefined];
});

function open(url: string, options: Partial<GrpcTransportOptions> = {}): Transport {
  transport = createGrpcTransport({ url, method: METHOD, headers: {}, timeoutMs: 2000, gzip: false, ...options });
  return transport;
}

async function start(options: Partial<GrpcTransportOptions> = {}): Promise<{ server: GrpcServer; sender: Transport }> {
  server = await startGrpcServer();
  return { server, sender: open(server.url, options) };
}

/** `google.rpc.Status` with one `RetryInfo` of some seconds. */
function retryInfo(seconds: number): string {
  const field = (id: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([id * 8 + 2, bytes.length]), bytes]);
  const delay = field(1, Buffer.from([8, seconds]));
  const any = Buffer.concat([field(1, Buffer.from("type.googleapis.com/google.rpc.RetryInfo")), field(2, delay)]);
  return field(3, any).toString("base64");
}

describe("a call", () => {
  it("carries method, metadata, deadline and message, over one connection", async () => {
    const { server, sender } = await start({ headers: { "x-tenant": "blue" } });
    expect(await sender.send(BODY, NEVER)).toEqual({ status: "accepted" });
    expect(await sender.send(Buffer.alloc(300_000, 1), NEVER)).toEqual({ status: "accepted" });
    const [first, second] = server.received;
    expect(first?.path).toBe(METHOD);
    expect(first?.message.toString()).toBe("a message");
    expect(first?.headers).toMatchObject({
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "2000m",
      "x-tenant": "blue",
    });
    expect(second?.message).toHaveLength(300_000);
  });

  it("compresses when asked", async () => {
    const { server, sender } = await start({ gzip: true });
    expect(await sender.send(BODY, NEVER)).toEqual({ status: "accepted" });
    expect(server.received[0]?.headers["grpc-encoding"]).toBe("gzip");
    expect(server.received[0]?.message.toString()).toBe("a message");
  });

  it("connects anew after the receiver went away", async () => {
    const { server, sender } = await start();
    await sender.send(BODY, NEVER);
    server.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await sender.send(BODY, NEVER)).toEqual({ status: "accepted" });
  });

  it("refuses a header that HTTP/2 cannot carry, without a second try", async () => {
    const { sender } = await start({ headers: { connection: "close" } });
    expect(await sender.send(BODY, NEVER)).toMatchObject({ status: "refused" });
  });
});

describe("the answer", () => {
  it.each([
    ["3", undefined, { status: "refused", reason: "gRPC INVALID_ARGUMENT" }],
    ["12", undefined, { status: "refused", reason: "gRPC UNIMPLEMENTED" }],
    ["14", undefined, { status: "retryable", reason: "gRPC UNAVAILABLE" }],
    ["14", retryInfo(7), { status: "retryable", reason: "gRPC UNAVAILABLE", retryAfterMs: 7000 }],
    ["8", undefined, { status: "refused", reason: "gRPC RESOURCE_EXHAUSTED" }],
    ["8", retryInfo(3), { status: "retryable", reason: "gRPC RESOURCE_EXHAUSTED", retryAfterMs: 3000 }],
    ["perhaps", undefined, { status: "refused", reason: "gRPC UNKNOWN" }],
    ["14", "AAAA", { status: "retryable", reason: "gRPC UNAVAILABLE" }],
  ])("of status %s with details %s is told", async (status, details, outcome) => {
    const { server, sender } = await start();
    const trailers = { "grpc-status": status, ...(details !== undefined && { "grpc-status-details-bin": details }) };
    server.answer((stream) => answerGrpc(stream, Buffer.alloc(0), trailers));
    expect(await sender.send(BODY, NEVER)).toEqual(outcome);
    server.answer((stream) => stream.respond({ ":status": 200, ...trailers }, { endStream: true }));
    expect(await sender.send(BODY, NEVER), "in the headers").toEqual(outcome);
  });

  it("of a partial success counts what was rejected", async () => {
    const { server, sender } = await start();
    // partial_success { rejected_spans: 300, error_message: "no" }
    const message = Buffer.from([0x0a, 7, 0x08, 0xac, 0x02, 0x12, 2, 0x6e, 0x6f]);
    server.answer((stream) => answerGrpc(stream, message, { "grpc-status": "0" }));
    expect(await sender.send(BODY, NEVER)).toEqual({ status: "accepted", rejected: 300 });
  });

  it.each([
    [503, { status: "retryable", reason: "HTTP 503" }],
    [404, { status: "refused", reason: "HTTP 404" }],
  ])("of a proxy that speaks HTTP %i only is told by its status", async (status, outcome) => {
    const { server, sender } = await start();
    server.answer((stream) => {
      stream.respond({ ":status": status });
      stream.end("<html>");
    });
    expect(await sender.send(BODY, NEVER)).toEqual(outcome);
  });

  it("without a status may be asked for again", async () => {
    const { server, sender } = await start();
    server.answer((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    expect(await sender.send(BODY, NEVER)).toEqual({ status: "retryable", reason: "closed without a status" });
    server.answer((stream) => stream.close(2));
    expect(await sender.send(BODY, NEVER)).toMatchObject({ status: "retryable" });
  });

  it("that never ends is cut", async () => {
    const { server, sender } = await start();
    server.answer((stream) => {
      stream.respond({ ":status": 200 });
      const flood = (): void => {
        if (!stream.destroyed) stream.write(Buffer.alloc(16_384), () => setImmediate(flood));
      };
      flood();
    });
    const beganMs = performance.now();
    expect(await sender.send(BODY, NEVER)).toMatchObject({ status: "retryable" });
    expect(performance.now() - beganMs).toBeLessThan(1500);
  });
});

describe("a receiver that is none", () => {
  let closeHole: (() => void) | undefined;
  afterEach(() => closeHole?.());

  async function listen(onSocket: (socket: Socket) => void): Promise<string> {
    const hole = createServer((socket) => {
      socket.on("error", () => undefined);
      onSocket(socket);
    });
    closeHole = () => hole.close();
    hole.listen(0, "127.0.0.1");
    await once(hole, "listening");
    const address = hole.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  it("is told as refused, silent or garbage, and never throws", async () => {
    expect(await open("http://127.0.0.1:9").send(BODY, NEVER)).toEqual({ status: "retryable", reason: "ECONNREFUSED" });
    const silent = await listen((socket) => socket.resume());
    expect(await open(silent, { timeoutMs: 50 }).send(BODY, NEVER)).toEqual({
      status: "retryable",
      reason: "timed out",
    });
    closeHole?.();
    const garbage = await listen((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await open(garbage).send(BODY, NEVER)).toMatchObject({ status: "retryable" });
    expect(await open(garbage.replace("http", "https")).send(BODY, NEVER)).toMatchObject({ status: "retryable" });
  });

  it("does not hold an aborted call", async () => {
    const silent = await listen((socket) => socket.resume());
    const abort = new AbortController();
    const sent = open(silent).send(BODY, abort.signal);
    setTimeout(() => abort.abort(), 20);
    expect(await sent).toMatchObject({ status: "retryable" });
  });
});
