/** Our OTLP, read by others: OpenTelemetry's own generated decoder, a grpc-js server, and the embedded server. */
import { createMetricRegistry } from "@nexent/monitor-core";
import { createBackend, readMonitorConfig, type SpanBackend } from "@nexent/monitor/recorder";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { startOtlpServer } from "../../packages/monitor/src/testing/otlp-server.testing.ts";
import { startTestReceiver } from "../../packages/server/src/testing/receiver.ts";
import { installPackages } from "../harness/install-packages.ts";

/** The last line of versions that carries a decoder generated from the protocol's own definition. */
const installed = installPackages({
  name: "otlp-reference",
  dependencies: {
    "@grpc/grpc-js": "1.14.7",
    "@opentelemetry/api": "1.9.1",
    "@opentelemetry/otlp-transformer": "0.205.0",
  },
});
const reason = "reason" in installed ? installed.reason : undefined;
const folder = "folder" in installed ? installed.folder : "";
const because = reason === undefined ? "" : `: ${reason}`;
const load = createRequire(join(folder === "" ? import.meta.dirname : folder, "x.js"));

interface Reference {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly scope: object; readonly spans: readonly ReferenceSpan[] }[];
  }[];
}
interface KeyValue {
  readonly key: string;
  readonly value: Record<string, unknown>;
}
interface ReferenceSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

/** Decodes with the generated classes; ids as base64, 64-bit integers as text. */
function referenceDecode(body: Buffer): Reference {
  const root = load(join(folder, "node_modules/@opentelemetry/otlp-transformer/build/src/generated/root.js"));
  const { ExportTraceServiceRequest: type } = root.opentelemetry.proto.collector.trace.v1;
  return type.toObject(type.decode(body), { longs: String, bytes: String, defaults: false });
}

/** A recent second, as receivers refuse spans of another age; microseconds. */
const START_MICROS = Math.floor(Date.now() / 1000) * 1e6 + 123_456;
const END_MICROS = START_MICROS + 1_000_000;
const EVENT_MICROS = START_MICROS + 500_000;

interface ReferenceMetrics {
  readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly object[] }[] }[];
}

function decodeMetrics(body: Buffer): readonly object[] {
  const root = load(join(folder, "node_modules/@opentelemetry/otlp-transformer/build/src/generated/root.js"));
  const { ExportMetricsServiceRequest: type } = root.opentelemetry.proto.collector.metrics.v1;
  const decoded: ReferenceMetrics = type.toObject(type.decode(body), { longs: String, enums: String });
  return decoded.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
}

let backend: SpanBackend | undefined;
afterEach(() => backend?.shutdown(500));

function start(env: Record<string, string>): SpanBackend {
  const config = readMonitorConfig({ ENABLE_TELEMETRY: "true", SERVICE_NAME: "reference", ...env });
  backend = createBackend(config, { registry: createMetricRegistry(), version: "1.2.3", context: false }).backend;
  return backend;
}

/** One parent and one child with everything a span can hold; what they were made of. */
function makeSpans(spans: SpanBackend): {
  readonly traceId: string;
  readonly parentId: string;
  readonly childId: string;
} {
  const parent = spans.startSpan({ name: "POST /v1", kind: "server" });
  const child = spans.startSpan({
    name: "chat 模型",
    kind: "client",
    startUnixMicros: START_MICROS,
    attributes: {
      text: "a ⏱",
      whole: 9_007_199_254_740_991,
      negative: -3,
      fraction: 0.5,
      flag: true,
      list: ["x", "y"],
    },
    ...(parent.context && { parent: parent.context }),
  });
  child.addEvent("first_token_received", { ttft_seconds: 0.5 }, EVENT_MICROS);
  child.end({ error: "timeout", endUnixMicros: END_MICROS });
  parent.end();
  return {
    traceId: parent.context?.traceId ?? "",
    parentId: parent.context?.spanId ?? "",
    childId: child.context?.spanId ?? "",
  };
}

const base64 = (hex: string): string => Buffer.from(hex, "hex").toString("base64");

function expectReference(body: Buffer, ids: ReturnType<typeof makeSpans>): void {
  const { resourceSpans } = referenceDecode(body);
  expect(resourceSpans.map(({ resource }) => resource.attributes)).toEqual([
    [{ key: "service.name", value: { stringValue: "reference" } }],
  ]);
  const [scoped] = resourceSpans[0]?.scopeSpans ?? [];
  expect(scoped?.scope).toMatchObject({ name: "@nexent/monitor", version: "1.2.3" });
  expect(scoped?.spans.find(({ name }) => name === "chat 模型")).toMatchObject({
    traceId: base64(ids.traceId),
    spanId: base64(ids.childId),
    parentSpanId: base64(ids.parentId),
    kind: 3,
    startTimeUnixNano: `${START_MICROS}000`,
    endTimeUnixNano: `${END_MICROS}000`,
    status: { code: 2, message: "timeout" },
    attributes: [
      { key: "text", value: { stringValue: "a ⏱" } },
      { key: "whole", value: { intValue: "9007199254740991" } },
      { key: "negative", value: { intValue: "-3" } },
      { key: "fraction", value: { doubleValue: 0.5 } },
      { key: "flag", value: { boolValue: true } },
      { key: "list", value: { arrayValue: { values: [{ stringValue: "x" }, { stringValue: "y" }] } } },
      { key: "sampling.reason", value: { stringValue: "head" } },
    ],
    events: [{ name: "first_token_received", timeUnixNano: `${EVENT_MICROS}000` }],
  });
}

interface GrpcJs {
  readonly Server: new () => {
    addService(service: object, handlers: object): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
    forceShutdown(): void;
  };
  readonly ServerCredentials: { createInsecure(): unknown };
}
interface GrpcCall {
  readonly request: Buffer;
  readonly metadata: { get(name: string): readonly unknown[] };
}
type Answer = (error: { readonly code: number; readonly details: string } | null, message?: Buffer) => void;

/** A receiver built on the gRPC library that Node programs use. */
async function startGrpcJs(handle: (call: GrpcCall, answer: Answer) => void) {
  const grpc: GrpcJs = load("@grpc/grpc-js");
  const server = new grpc.Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  const method = { path, requestStream: false, responseStream: false };
  const coding = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  server.addService({ Export: { ...method, ...coding } }, { Export: handle });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { url: `http://127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

describe.skipIf(reason !== undefined)(`the reference decoder${because}`, () => {
  it("reads what we send as protobuf over HTTP", async () => {
    const server = await startOtlpServer();
    const spans = start({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url });
    const ids = makeSpans(spans);
    await spans.flush(2000);
    await server.close();
    const [request] = server.received;
    expectReference(request?.body ?? Buffer.alloc(0), ids);
  });

  it("reads the metrics that the SDK pushes as protobuf", async () => {
    const server = await startOtlpServer();
    const env = {
      ENABLE_TELEMETRY: "true",
      OTEL_TRACES_EXPORTER: "none",
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${server.url}/v1/metrics`,
    };
    const program = `
      import { monitorLlmCall, shutdown } from "@nexent/monitor";
      await monitorLlmCall("m", "ask")(async () => "answer")();
      await shutdown();
    `;
    const cwd = join(import.meta.dirname, "../../packages/monitor");
    const { PATH = "" } = process.env;
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      cwd,
      env: { PATH, ...env },
    });
    await server.close();
    const metrics = decodeMetrics(server.received[0]?.body ?? Buffer.alloc(0));
    const attributes = expect.arrayContaining([{ key: "model", value: { stringValue: "m" } }]);
    expect(metrics).toContainEqual(
      expect.objectContaining({
        name: "llm_requests",
        sum: {
          isMonotonic: true,
          aggregationTemporality: "AGGREGATION_TEMPORALITY_CUMULATIVE",
          dataPoints: [expect.objectContaining({ attributes, asDouble: 1 })],
        },
      }),
    );
    expect(metrics).toContainEqual(
      expect.objectContaining({
        name: "llm_request_duration_seconds",
        unit: "s",
        histogram: expect.objectContaining({ dataPoints: [expect.objectContaining({ count: "1", attributes })] }),
      }),
    );
  });

  it.each(["none", "gzip"])("reads what a grpc-js server got from us with compression %s", async (compression) => {
    const calls: GrpcCall[] = [];
    const server = await startGrpcJs((call, answer) => {
      calls.push(call);
      answer(null, Buffer.alloc(0));
    });
    const spans = start({
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=blue",
      OTEL_EXPORTER_OTLP_COMPRESSION: compression,
    });
    const ids = makeSpans(spans);
    await spans.flush(2000);
    server.stop();
    expect(spans.health).toMatchObject({ exported: 2, dropped: 0, exportFailures: 0 });
    expect(calls[0]?.metadata.get("x-tenant")).toEqual(["blue"]);
    expectReference(calls[0]?.request ?? Buffer.alloc(0), ids);
  });

  it("has us come again when a grpc-js server says UNAVAILABLE, and give up at INVALID_ARGUMENT", async () => {
    const codes = [14, 3];
    const server = await startGrpcJs((_call, answer) => answer({ code: codes.shift() ?? 2, details: "no" }));
    const spans = start({ JAEGER_ENDPOINT: server.url.replace("http:", "grpc:") });
    makeSpans(spans);
    await spans.flush(2000);
    expect(spans.health).toMatchObject({ exported: 0, dropped: 0, exportFailures: 1 });
    await spans.flush(2000);
    expect(spans.health).toMatchObject({ exported: 0, dropped: 2, exportFailures: 2 });
    server.stop();
  });
});

describe("the embedded server", () => {
  it.each(["http/protobuf", "http/json"])("stores what we send as %s, value by value", async (protocol) => {
    const server = await startTestReceiver();
    const spans = start({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    const ids = makeSpans(spans);
    await spans.flush(2000);
    expect(spans.health).toMatchObject({ exported: 2, dropped: 0, exportFailures: 0 });
    const stored = await server.store.trace(ids.traceId);
    await server.stop();
    const child = stored.find(({ span }) => span.spanId === ids.childId)?.span;
    expect(child).toMatchObject({
      name: "chat 模型",
      kind: "client",
      parentSpanId: ids.parentId,
      status: "error",
      startUnixNanos: BigInt(START_MICROS) * 1000n,
      durationNanos: 1_000_000_000n,
    });
    expect(Object.fromEntries(child?.attributes ?? [])).toMatchObject({
      text: "a ⏱",
      whole: 9_007_199_254_740_991,
      negative: -3,
      fraction: 0.5,
      flag: true,
      list: ["x", "y"],
    });
  });
});
