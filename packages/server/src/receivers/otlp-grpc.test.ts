import type { ClientHttp2Session } from "node:http2";
import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { otlpMessage } from "../codecs/otlp-registry.ts";
import { answeringStore } from "../testing/fake-store.ts";
import { callGrpc, CLIENT_PREFACE, framed, openedAndReset, openGrpc, type GrpcAnswer } from "../testing/grpc-client.ts";
import { encodeProtobuf } from "../testing/otlp-encode.ts";
import { rawHttp, rawRequest } from "../testing/raw-http.ts";
import { startTestReceiver, type TestReceiver, type TestReceiverOptions } from "../testing/receiver.ts";
import { idsOf, telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { createOtlpGrpcReceiver } from "./otlp-grpc.ts";

const MIB = 1024 * 1024;
const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const [OK, INVALID, EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE, UNAUTHENTICATED] = ["0", "3", "8", "12", "14", "16"];

let receiver: TestReceiver;
let session: ClientHttp2Session;
let next = 5_000;
beforeAll(async () => {
  receiver = await start();
  session = openGrpc(receiver.port);
});
afterAll(async () => {
  session.close();
  await receiver.stop();
});

function start(options: TestReceiverOptions = {}): Promise<TestReceiver> {
  return startTestReceiver({ create: createOtlpGrpcReceiver, ...options });
}

function freshBody(): Uint8Array {
  return encodeProtobuf(telemetryBatch([telemetrySpan(idsOf(next++))]));
}

async function stillStores(): Promise<void> {
  const before = (await receiver.store.stats()).spans;
  expect((await callGrpc(session, TRACES, framed(freshBody()))).status).toBe(OK);
  expect((await receiver.store.stats()).spans).toBe(before + 1);
}

function decoded(
  name: "ExportServiceResponse" | "RpcStatus" | "RetryInfo",
  bytes: Uint8Array,
): Record<string, unknown> {
  return { ...fromBinary(otlpMessage(name), bytes) };
}

function partialOf(answer: GrpcAnswer): unknown {
  return decoded("ExportServiceResponse", answer.body)["partialSuccess"];
}

/** Seconds of the `RetryInfo` in the details of an answer. */
function retrySeconds(answer: GrpcAnswer): number | undefined {
  if (answer.details.length === 0) return undefined;
  const [detail] = asList(decoded("RpcStatus", answer.details)["details"]);
  expect(detail?.["typeUrl"]).toBe("type.googleapis.com/google.rpc.RetryInfo");
  const value = detail?.["value"];
  const info = decoded("RetryInfo", value instanceof Uint8Array ? value : new Uint8Array());
  const delay: Record<string, unknown> = { ...Object(info["retryDelay"]) };
  return Number(delay["seconds"]) + Number(delay["nanos"]) / 1e9;
}

function asList(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value : [];
}

describe("OTLP over gRPC", () => {
  it("stores a call, plain and gzip, and answers with an empty response", async () => {
    const plain = await callGrpc(session, TRACES, framed(freshBody()));
    expect(plain).toMatchObject({ httpStatus: 200, status: OK, body: Buffer.alloc(0) });
    const zipped = await callGrpc(session, TRACES, framed(gzipSync(freshBody()), 1), { "grpc-encoding": "gzip" });
    expect(zipped).toMatchObject({ httpStatus: 200, status: OK });
    await stillStores();
  });

  it("takes many calls at once on one connection, an empty request among them", async () => {
    const bodies = [new Uint8Array(), ...Array.from({ length: 40 }, freshBody)];
    const answers = await Promise.all(bodies.map((body) => callGrpc(session, TRACES, framed(body))));
    expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => OK));
  });

  it("I6: answers rejected spans as partial success", async () => {
    const body = encodeProtobuf(telemetryBatch([telemetrySpan(idsOf(next++)), telemetrySpan({ traceId: "00" })]));
    const answer = await callGrpc(session, TRACES, framed(body));
    expect(answer.status).toBe(OK);
    expect(partialOf(answer)).toMatchObject({
      rejected: 1n,
      errorMessage: "spans rejected: 1 x trace id is not 16 bytes, or zero",
    });
  });

  it("accepts metrics and logs, and says that it does not keep them", async () => {
    // resource_metrics { scope_metrics { metrics { sum { data_points {} data_points {} } } } }
    const metrics = await callGrpc(session, METRICS, framed(Buffer.from("0a0812061204".concat("3a020a00"), "hex")));
    expect([metrics.status, partialOf(metrics)]).toEqual([OK, expect.objectContaining({ rejected: 1n })]);
    const logs = await callGrpc(session, LOGS, framed(Buffer.from("0a0412021200", "hex")));
    expect([logs.status, partialOf(logs)]).toEqual([OK, expect.objectContaining({ rejected: 1n })]);
    expect(await callGrpc(session, LOGS, framed(new Uint8Array()))).toMatchObject({
      status: OK,
      body: Buffer.alloc(0),
    });
  });
});

describe("calls that are refused", () => {
  it.each<[string, () => Uint8Array, Record<string, string>, string | undefined, RegExp]>([
    ["a message that is no protobuf", () => framed(Buffer.from([0x0a, 0x7f, 1])), {}, INVALID, /protobuf/],
    ["no message", () => new Uint8Array(), {}, INVALID, /one message/],
    ["a message shorter than it says", () => framed(Buffer.from("ab"), 0, 2 ** 31 - 1), {}, INVALID, /length/],
    ["two messages", () => Buffer.concat([framed(freshBody()), framed(freshBody())]), {}, INVALID, /one message/],
    ["an unknown encoding", () => framed(freshBody(), 1), { "grpc-encoding": "zstd" }, UNIMPLEMENTED, /gzip/],
    ["a compressed message without a word", () => framed(gzipSync(freshBody()), 1), {}, INVALID, /compression/],
    ["gzip that is none", () => framed(freshBody(), 1), { "grpc-encoding": "gzip" }, INVALID, /gzip/],
    [
      "64 MiB inside gzip",
      () => framed(gzipSync(new Uint8Array(64 * MIB + 1)), 1),
      { "grpc-encoding": "gzip" },
      EXHAUSTED,
      /64 MiB/,
    ],
    ["another method", () => framed(freshBody()), { ":path": "/grpc.health.v1.Health/Check" }, UNIMPLEMENTED, /method/],
  ])("for %s name the reason, and the next is stored", async (_, body, headers, status, message) => {
    const answer = await callGrpc(session, TRACES, body(), headers);
    expect([answer.httpStatus, answer.status]).toEqual([200, status]);
    expect(answer.message).toMatch(message);
    expect(retrySeconds(answer)).toBeUndefined();
    await stillStores();
  });

  it("I8: for more than 20 MiB are final, however the bytes come", async () => {
    const own = openGrpc(receiver.port);
    const answer = await callGrpc(own, TRACES, framed(new Uint8Array(20 * MIB + 1)));
    expect([answer.status, answer.message, retrySeconds(answer)]).toEqual([
      EXHAUSTED,
      "wire larger than 20 MiB",
      undefined,
    ]);
    own.close();
    await stillStores();
  });

  it("for another content type or host are no gRPC at all", async () => {
    const json = await callGrpc(session, TRACES, framed(freshBody()), { "content-type": "application/json" });
    expect([json.httpStatus, json.status]).toEqual([415, undefined]);
    const grpcJson = await callGrpc(session, TRACES, framed(freshBody()), { "content-type": "application/grpc+json" });
    expect(grpcJson.httpStatus).toBe(415);
    const proto = await callGrpc(session, TRACES, framed(freshBody()), { "content-type": "application/grpc+proto" });
    expect(proto.status).toBe(OK);
    const foreign = await callGrpc(session, TRACES, framed(freshBody()), { ":authority": "evil.example" });
    expect([foreign.httpStatus, foreign.status]).toEqual([421, undefined]);
    await stillStores();
  });

  it("for overload and a failing store carry the time to come back", async () => {
    const busy = await start({ store: answeringStore({ status: "overloaded", retryAfterMs: 2_500 }) });
    const first = openGrpc(busy.port);
    const slow = await callGrpc(first, TRACES, framed(freshBody()));
    expect([slow.status, retrySeconds(slow)]).toEqual([UNAVAILABLE, 2.5]);
    first.close();
    await busy.stop();
    const error = new MonitorError("STORE_FULL", "the disk is full: 100 % used, 磁盘已满");
    const full = await start({ store: answeringStore({ status: "rejected", error }) });
    const second = openGrpc(full.port);
    const refused = await callGrpc(second, TRACES, framed(freshBody()));
    expect([refused.status, retrySeconds(refused), refused.message]).toEqual([UNAVAILABLE, 5, error.message]);
    second.close();
    await full.stop();
    const short = await start({ overrides: { hasMemory: () => false } });
    const third = openGrpc(short.port);
    const turnedAway = await callGrpc(third, TRACES, framed(freshBody()));
    expect([turnedAway.status, turnedAway.message]).toEqual([
      UNAVAILABLE,
      "the server is short of memory; send slower",
    ]);
    expect(retrySeconds(turnedAway)).toBeGreaterThanOrEqual(1);
    third.close();
    await short.stop();
  });

  it("for a missing ingest token", async () => {
    const guarded = await start({ ingestToken: "t".repeat(32) });
    const own = openGrpc(guarded.port);
    expect((await callGrpc(own, TRACES, framed(freshBody()))).status).toBe(UNAUTHENTICATED);
    const authorization = `Bearer ${"t".repeat(32)}`;
    expect((await callGrpc(own, TRACES, framed(freshBody()), { authorization })).status).toBe(OK);
    own.close();
    await guarded.stop();
  });
});

describe("I16: peers that do not play by the rules", () => {
  it("get a plain answer when they speak HTTP/1, and are counted", async () => {
    const before = receiver.counters.snapshot().refusedByReason.get("framing") ?? 0;
    expect(await rawRequest(receiver.port, "POST /v1/traces HTTP/1.1")).toMatch(/^HTTP\/1\.1 400 [\s\S]*speaks gRPC/);
    expect(await rawRequest(receiver.port, "GET //")).toMatch(/^HTTP\/1\.1 400/);
    expect(receiver.counters.snapshot().refusedByReason.get("framing")).toBe(before + 2);
    await stillStores();
  });

  it("are cut when they reset call after call", async () => {
    const calls = Array.from({ length: LIMITS.grpcResetsPerSecond + 20 }, (_, index) =>
      openedAndReset(1 + index * 2, TRACES, `127.0.0.1:${receiver.port}`),
    );
    await rawHttp(receiver.port, Buffer.concat([CLIENT_PREFACE, ...calls]));
    expect(receiver.counters.snapshot().lastRefusal?.detail).toBe("too many reset calls");
    await stillStores();
  });

  it("leave nothing in the budget when they go away in mid-call", async () => {
    const own = openGrpc(receiver.port);
    for (let i = 0; i < 5; i++) {
      const stream = own.request({ ":method": "POST", ":path": TRACES, "content-type": "application/grpc" });
      stream.on("error", () => undefined);
      stream.write(Buffer.alloc(10_000));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(receiver.inFlight.bytes).toBe(50_000);
    own.destroy();
    await expect.poll(() => receiver.inFlight.bytes).toBe(0);
    await stillStores();
  });
});

it("finishes open calls when it stops, and takes no more", async () => {
  const other = await start();
  const own = openGrpc(other.port);
  await once(own, "connect");
  const stream = own.request({
    ":method": "POST",
    ":path": TRACES,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const body = framed(freshBody());
  stream.write(body.subarray(0, 20));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const stopped = other.stop();
  const trailers = once(stream, "trailers");
  stream.resume();
  stream.end(body.subarray(20));
  expect((await trailers)[0]).toMatchObject({ "grpc-status": OK });
  await stopped;
  expect((await other.store.stats()).spans).toBe(1);
});

it("does not wait for connections that say nothing when it stops", async () => {
  const other = await start();
  const socket = connect(other.port, "127.0.0.1");
  await once(socket, "connect");
  const closed = once(socket, "close");
  await other.stop();
  await closed;
});
