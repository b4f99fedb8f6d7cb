import type * as OtelApi from "@opentelemetry/api";
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { createMetricRegistry } from "@nexent/monitor-core";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { readMonitorConfig } from "../config/config.ts";
import { attributesOf, readExport, startOtlpServer, type OtlpServer } from "../testing/otlp-server.testing.ts";
import type { SpanBackend } from "./backend.ts";
import { createBackend, type StartedBackend } from "./create-backend.ts";
import { createPackageLoader, type PackageLoader } from "./load.ts";

const loader = createPackageLoader();
let server: OtlpServer | undefined;
let backend: SpanBackend | undefined;

afterEach(async () => {
  await backend?.shutdown(500);
  await server?.close();
  [server, backend] = [undefined, undefined];
});

function load(name: string): unknown {
  const result = loader.load(name);
  if (result.status !== "loaded") throw new Error(`${name} is ${result.status}`);
  return result.exports;
}

/* oxlint-disable typescript/no-unsafe-type-assertion -- loaded as the product loads it */
const api = load("@opentelemetry/api") as typeof OtelApi;
const sdk = load("@opentelemetry/sdk-trace") as typeof OtelTrace;
/* oxlint-enable typescript/no-unsafe-type-assertion */

interface Start {
  readonly env?: Record<string, string>;
  readonly context?: boolean;
  readonly loader?: PackageLoader;
  readonly application?: string;
  readonly onTrouble?: (message: string) => void;
  readonly onDiagnostic?: (message: string) => void;
}

async function start({ env = {}, context = false, loader: given, ...more }: Start = {}): Promise<
  StartedBackend & { readonly text: () => string }
> {
  server = await startOtlpServer();
  const config = readMonitorConfig({
    ENABLE_TELEMETRY: "true",
    SERVICE_NAME: "otel-test",
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "20",
    ...env,
  });
  const registry = createMetricRegistry();
  const started = createBackend(config, {
    registry,
    version: "1.2.3",
    context,
    ...(given && { loader: given }),
    ...more,
  });
  backend = started.backend;
  return { ...started, text: () => registry.expose("text") };
}

describe("export", () => {
  it("sends a span as OTLP JSON with everything it was given", async () => {
    const { backend: spans, available, tracing, text } = await start();
    expect([available, tracing]).toEqual([true, "own"]);
    const parent = spans.startSpan({ name: "POST /v1", kind: "server" });
    const span = spans.startSpan({
      name: "chat gpt-4o",
      kind: "client",
      startUnixMicros: 1_700_000_000_123_456,
      attributes: { text: "a", whole: 3, fraction: 0.5, flag: true, list: ["x", "y"] },
      ...(parent.context && { parent: parent.context }),
    });
    span.setAttributes({ late: "b" });
    span.addEvent("first_token_received", { ttft_seconds: 0.5 }, 1_700_000_000_623_456);
    span.end({ error: "timeout", endUnixMicros: 1_700_000_001_123_456 });
    const [sent] = (await server?.waitForSpans(1)) ?? [];
    expect(sent).toMatchObject({
      name: "chat gpt-4o",
      kind: 3,
      traceId: parent.context?.traceId,
      parentSpanId: parent.context?.spanId,
      spanId: span.context?.spanId,
      startTimeUnixNano: "1700000000123456000",
      endTimeUnixNano: "1700000001123456000",
      status: { code: 2, message: "timeout" },
      events: [{ name: "first_token_received", timeUnixNano: "1700000000623456000" }],
    });
    expect(sent && attributesOf(sent)).toMatchObject({ text: "a", whole: 3, fraction: 0.5, flag: true, late: "b" });
    const resource = readExport(server?.received[0]?.body ?? Buffer.from("{}")).resourceSpans[0]?.resource;
    expect(resource && attributesOf(resource)).toEqual({ "service.name": "otel-test" });
    // The receiver has it a moment before the sender knows.
    await expect.poll(text).toContain("nexent_monitor_spans_exported_total 1");
  });

  it("is visible within two seconds with the default delay", async () => {
    const { backend: spans } = await start({ env: { OTEL_BSP_SCHEDULE_DELAY: "" } });
    const beganMs = performance.now();
    spans.startSpan({ name: "one", kind: "internal" }).end();
    await server?.waitForSpans(1);
    expect(performance.now() - beganMs).toBeLessThan(2000);
  });

  it("speaks protobuf by default, with the headers and the compression that were asked for", async () => {
    const { backend: spans } = await start({
      env: {
        OTEL_EXPORTER_OTLP_PROTOCOL: "",
        OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=blue",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      },
    });
    spans.startSpan({ name: "needle-in-protobuf", kind: "internal" }).end();
    await spans.flush(2000);
    const [request] = server?.received ?? [];
    expect(request?.path).toBe("/v1/traces");
    expect(request?.headers).toMatchObject({
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "x-tenant": "blue",
    });
    expect(request?.body.includes("needle-in-protobuf")).toBe(true);
    expect(request?.body[0]).toBe(0x0a);
  });

  it("posts thrift to a Jaeger address", async () => {
    const receiver = await startOtlpServer();
    const { backend: spans, text } = await start({ env: { JAEGER_ENDPOINT: `${receiver.url}/api/traces` } });
    receiver.answer((response) => response.writeHead(202).end());
    spans.startSpan({ name: "needle-in-thrift", kind: "internal" }).end();
    await spans.flush(2000);
    await receiver.close();
    const [request] = receiver.received;
    expect(request?.path).toBe("/api/traces");
    expect(request?.headers["content-type"]).toBe("application/x-thrift");
    expect([request?.body.includes("needle-in-thrift"), request?.body.includes("otel-test")]).toEqual([true, true]);
    // The receiver has it a moment before the sender knows.
    await expect.poll(text).toContain("nexent_monitor_spans_exported_total 1");
  });

  it("counts spans that a receiver took and threw away as dropped", async () => {
    const { backend: spans, text } = await start();
    server?.answer((response) => response.writeHead(200).end('{"partialSuccess":{"rejectedSpans":"1"}}'));
    spans.startSpan({ name: "one", kind: "internal" }).end();
    spans.startSpan({ name: "two", kind: "internal" }).end();
    await spans.flush(2000);
    expect(spans.health).toMatchObject({ exported: 1, dropped: 1, exportFailures: 0 });
    expect(text()).toContain('nexent_monitor_spans_dropped_total{reason="rejected"} 1');
  });

  it("keeps spans within the limits of the environment", async () => {
    const { backend: spans } = await start({
      env: {
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "70",
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "2",
        OTEL_SPAN_EVENT_COUNT_LIMIT: "1",
      },
    });
    const span = spans.startSpan({ name: "one", kind: "internal", attributes: { a: "x".repeat(100), b: 1, c: 2 } });
    span.addEvent("first");
    span.addEvent("second");
    span.end();
    const [sent] = (await server?.waitForSpans(1)) ?? [];
    expect(sent && attributesOf(sent)).toEqual({ a: "x".repeat(70), b: 1 });
    expect(sent?.events.map(({ name }) => name)).toEqual(["second"]);
  });

  it("tells of every failed export, without what may be secret in the address", async () => {
    const troubles: string[] = [];
    const { backend: spans } = await start({
      env: { JAEGER_ENDPOINT: "http://user:secret@127.0.0.1:9/api/traces?token=secret" },
      onTrouble: (message) => troubles.push(message),
    });
    spans.startSpan({ name: "one", kind: "internal" }).end();
    await spans.flush(1000);
    expect(troubles).toEqual(["spans cannot be sent to http://127.0.0.1:9/api/traces: ECONNREFUSED"]);
  });

  it("tries again after a refusal that is not final, follows no redirect, and gives up a final one", async () => {
    const { backend: spans, text } = await start();
    server?.answer((response) => response.writeHead(503).end());
    spans.startSpan({ name: "one", kind: "internal" }).end();
    await spans.flush(1000);
    expect(spans.health).toMatchObject({ exported: 0, dropped: 0, exportFailures: 1 });
    expect(spans.health.failingSinceMs).toBeTypeOf("number");
    server?.answer((response) => response.writeHead(307, { location: `${server?.url}/elsewhere` }).end());
    await spans.flush(1000);
    expect(spans.health).toMatchObject({ dropped: 1, exportFailures: 2 });
    expect(server?.received.map(({ path }) => path)).toEqual(["/v1/traces", "/v1/traces"]);
    expect(text()).toContain('nexent_monitor_spans_dropped_total{reason="export_failed"} 1');
    expect(text()).toContain('nexent_monitor_export_failures_total{destination="otlp_http"} 2');
    server?.answer((response) => response.writeHead(200).end());
    spans.startSpan({ name: "two", kind: "internal" }).end();
    await spans.flush(1000);
    expect(spans.health.failingSinceMs).toBeUndefined();
  });

  it("shuts down in time against a receiver that never answers, and counts what is lost", async () => {
    const { backend: spans, text } = await start();
    server?.answer(() => undefined);
    spans.startSpan({ name: "one", kind: "internal" }).end();
    const beganMs = performance.now();
    await spans.shutdown(200);
    expect(performance.now() - beganMs).toBeLessThan(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(text()).toContain('nexent_monitor_spans_dropped_total{reason="shutdown"} 1');
  });
});

describe("sampling", () => {
  it("decides a root by its trace id and writes the threshold into the tracestate", async () => {
    const { backend: spans } = await start({ env: { TELEMETRY_SAMPLE_RATE: "0.5" } });
    const roots = Array.from({ length: 64 }, (_, i) => spans.startSpan({ name: `root ${i}`, kind: "internal" }));
    const kept = roots.filter(({ context }) => context?.traceFlags === 1);
    for (const { context, recording } of roots) {
      const sampled = Number.parseInt(context?.traceId.slice(18, 19) ?? "", 16) >= 8;
      expect([recording, context?.traceFlags, context?.traceState]).toEqual(
        sampled ? [true, 1, "ot=th:8"] : [true, 0, undefined],
      );
    }
    for (const root of roots) root.end();
    await spans.flush(2000);
    expect(server?.spans()).toHaveLength(kept.length);
  });

  it("follows the flag of a parent and passes its tracestate on", async () => {
    const { backend: spans } = await start({ env: { TELEMETRY_SAMPLE_RATE: "0" } });
    const parent = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1, traceState: "ot=th:c,other=1" };
    const kept = spans.startSpan({ name: "kept", kind: "server", parent });
    const lost = spans.startSpan({ name: "lost", kind: "server", parent: { ...parent, traceFlags: 0 } });
    expect(kept.context).toMatchObject({ traceId: parent.traceId, traceFlags: 1, traceState: "ot=th:c,other=1" });
    expect(lost.context).toMatchObject({ traceId: parent.traceId, traceFlags: 0, traceState: "ot=th:c,other=1" });
    expect(spans.startSpan({ name: "root", kind: "internal" }).context?.traceFlags).toBe(0);
  });
});

describe("context", () => {
  it("follows calls across await, so that spans inside are children and owners are found", async () => {
    const { backend: spans } = await start({ context: true });
    const outer = spans.startSpan({ name: "outer", kind: "client" });
    const owner = {};
    await spans.withSpan(
      outer,
      async () => {
        await Promise.resolve();
        expect(spans.activeSpan()?.context).toEqual(outer.context);
        expect(spans.activeOwner()).toBe(owner);
        spans.startSpan({ name: "inner", kind: "client" }).end();
      },
      owner,
    );
    expect(spans.activeSpan()).toBeUndefined();
    expect(spans.activeOwner()).toBeUndefined();
    const [inner] = (await server?.waitForSpans(1)) ?? [];
    expect(inner?.parentSpanId).toBe(outer.context?.spanId);
  });

  it("registers with the OpenTelemetry API while it runs and leaves it clean", async () => {
    const { backend: spans } = await start({ context: true });
    api.trace.getTracer("application").startSpan("by the application").end();
    expect((await server?.waitForSpans(1))?.[0]?.name).toBe("by the application");
    await spans.shutdown(500);
    expect(api.trace.getTracer("application").startSpan("after").isRecording()).toBe(false);
  });

  it("passes the trace context on as the environment asks, and no longer after its end", async () => {
    const headersOf = (): string[] => {
      const carrier: Record<string, string> = {};
      const parent = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 };
      const baggage = api.propagation.createBaggage({ key: { value: "v" } });
      const context = api.propagation.setBaggage(api.trace.setSpanContext(api.ROOT_CONTEXT, parent), baggage);
      api.propagation.inject(context, carrier);
      return Object.keys(carrier).toSorted();
    };
    await start({ context: true });
    expect(headersOf()).toEqual(["baggage", "traceparent"]);
    await backend?.shutdown(100);
    expect(headersOf()).toEqual([]);
    await server?.close();
    await start({ context: true, env: { OTEL_PROPAGATORS: "tracecontext" } });
    expect(headersOf()).toEqual(["traceparent"]);
    await backend?.shutdown(100);
    await server?.close();
    await start({ context: true, env: { OTEL_PROPAGATORS: "none" } });
    expect(headersOf()).toEqual([]);
  });

  it("tells OpenTelemetry's diagnostics when the log level asks for them", async () => {
    const told: string[] = [];
    await start({ context: true, env: { OTEL_LOG_LEVEL: "debug" }, onDiagnostic: (message) => told.push(message) });
    api.diag.warn("from inside", { authorization: "secret" });
    await backend?.shutdown(100);
    api.diag.warn("afterwards");
    expect(told).toEqual(["from inside"]);
  });

  it("stays out of the API when it need not follow anything", async () => {
    await start({ context: false });
    expect(api.trace.getTracer("application").startSpan("x").isRecording()).toBe(false);
  });

  it("uses the provider of the host if there is one, and survives one that throws", async () => {
    const seen: string[] = [];
    const processor = {
      onStart: () => undefined,
      onEnd(span: OtelTrace.ReadableSpan) {
        seen.push(span.name);
        throw new Error("the host's processor is broken");
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    api.trace.setGlobalTracerProvider(new sdk.TracerProvider({ spanProcessors: [processor] }));
    try {
      const { tracing, available, backend: spans } = await start({ context: true });
      expect([tracing, available]).toEqual(["host", true]);
      spans.startSpan({ name: "ours", kind: "client" }).end();
      expect(seen).toEqual(["ours"]);
      await spans.shutdown(100);
      expect(api.trace.getTracer("host").startSpan("still").isRecording()).toBe(true);
      expect(server?.received).toEqual([]);
    } finally {
      api.trace.disable();
    }
  });
});

describe("API versions", () => {
  const root = mkdtempSync(join(tmpdir(), "api-"));
  afterAll(() => rmSync(root, { recursive: true }));

  function application(version: string, main = ""): string {
    const folder = join(root, version);
    const api = join(folder, "node_modules/@opentelemetry/api");
    mkdirSync(api, { recursive: true });
    writeFileSync(join(api, "package.json"), JSON.stringify({ name: "@opentelemetry/api", version, main: "index.js" }));
    writeFileSync(join(api, "index.js"), main);
    return join(folder, "app.js");
  }

  it("says so when the application's own API is newer than ours and no API, and stays quiet otherwise", async () => {
    for (const version of ["1.10.0", "2.0.0"]) {
      const newer = await start({ context: true, application: application(version) });
      expect(newer).toMatchObject({ available: true, tracing: "own", warn: true });
      expect(newer.reason).toContain(version);
      await backend?.shutdown(100);
      await server?.close();
    }
    for (const version of ["1.9.0", "1.8.0"]) {
      const fine = await start({ context: true, application: application(version) });
      expect(fine.reason).toBeUndefined();
      await backend?.shutdown(100);
      await server?.close();
    }
  });

  it("registers with the application's API where that is newer, for both", async () => {
    const file = createRequire(import.meta.url).resolve("@opentelemetry/api");
    const newer = application("1.11.0", `module.exports = { ...require(${JSON.stringify(file)}) };`);
    const started = await start({ context: true, application: newer });
    expect(started).toMatchObject({ available: true, tracing: "own" });
    expect(started.reason).toBeUndefined();
    api.trace.getTracer("application").startSpan("by the application").end();
    expect((await server?.waitForSpans(1))?.[0]?.name).toBe("by the application");
  });

  it("goes on alone when another version has registered first", async () => {
    const key = Symbol.for("opentelemetry.js.api.1");
    const before: unknown = Reflect.get(globalThis, key);
    Reflect.set(globalThis, key, { version: "1.99.0" });
    try {
      const started = await start({ context: true });
      expect(started).toMatchObject({ available: true, tracing: "own", warn: true });
      started.backend.startSpan({ name: "alone", kind: "client" }).end();
      expect((await server?.waitForSpans(1))?.[0]?.name).toBe("alone");
    } finally {
      Reflect.set(globalThis, key, before);
    }
  });
});

describe("without usable OpenTelemetry", () => {
  const replacing = (name: string, result: ReturnType<PackageLoader["load"]>): PackageLoader => ({
    load: (asked, via) => (asked === name ? result : loader.load(asked, via)),
  });

  it.each(["@opentelemetry/api", "@opentelemetry/sdk-trace", "@opentelemetry/otlp-transformer"])(
    "is silent when %s is missing: no warning, no-op spans",
    async (name) => {
      const started = await start({ loader: replacing(name, { status: "missing", name }) });
      expect(started).toMatchObject({ available: false, tracing: "none", warn: false });
      expect(started.reason).toContain(name);
      expect(started.backend.startSpan({ name: "x", kind: "client" }).recording).toBe(false);
    },
  );

  it("warns when a package is there and broken, or of a version it was not made for", async () => {
    const broken = await start({
      loader: replacing("@opentelemetry/resources", { status: "broken", name: "x", reason: "no binary" }),
    });
    expect(broken).toMatchObject({ available: false, warn: true });
    expect(broken.reason).toContain("no binary");
    await server?.close();
    const old = await start({
      loader: replacing("@opentelemetry/sdk-trace", { status: "loaded", exports: {}, version: "1.30.0" }),
    });
    expect(old).toMatchObject({ available: false, warn: true });
    expect(old.reason).toContain("1.30.0");
  });

  it("refuses a provider that takes another constructor shape and would export nothing", async () => {
    class Deaf extends sdk.TracerProvider {
      constructor() {
        super({});
      }
    }
    const exports = { ...sdk, TracerProvider: Deaf };
    const started = await start({
      loader: replacing("@opentelemetry/sdk-trace", { status: "loaded", exports, version: "2.12.1" }),
    });
    expect(started).toMatchObject({ available: false, warn: true });
    expect(started.reason).toContain("probe");
  });

  it("is metrics only, and content with it, when the export of traces is turned off", async () => {
    const none = await start({ env: { OTEL_TRACES_EXPORTER: "none" } });
    expect(none).toMatchObject({ available: true, tracing: "none", warn: false });
    expect(none.reason).toBeUndefined();
  });

  it("needs no OTLP package for a Jaeger destination", async () => {
    const name = "@opentelemetry/otlp-transformer";
    const started = await start({
      env: { JAEGER_ENDPOINT: "http://127.0.0.1:9/api/traces" },
      loader: replacing(name, { status: "missing", name }),
    });
    expect(started).toMatchObject({ available: true, tracing: "own", warn: false });
  });
});
