/** The packed SDK beside the OpenTelemetry packages of both lines, really installed, on every Node they support. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startGrpcServer } from "../../packages/monitor/src/testing/grpc-server.testing.ts";
import { startOtlpServer } from "../../packages/monitor/src/testing/otlp-server.testing.ts";
import { ensureNode24 } from "../../tools/node-24.mjs";
import { installPackages, type InstallOptions } from "../harness/install-packages.ts";

const TWO = { "@opentelemetry/api": "1.9.1" };
const THREE = {
  "@opentelemetry/api": "1.10.0",
  "@opentelemetry/context-async-hooks": "3.1.1",
  "@opentelemetry/exporter-trace-otlp-proto": "0.301.0",
  "@opentelemetry/resources": "3.1.1",
  "@opentelemetry/sdk-trace": "3.1.1",
};
const NEWER_API = { "@opentelemetry/api": "1.10.0" };
const SDK = ["core", "monitor"];

const PROGRAM = `
import { configure, MONITORING_AVAILABLE, monitorLlmCall, shutdown, status } from "@nexent/monitor";
import { trace } from "@opentelemetry/api";
configure();
const ask = monitorLlmCall("m", "ask")(async () => {
  await Promise.resolve();
  trace.getTracer("application").startSpan("by the application").end();
  return "text";
});
await ask();
console.log(JSON.stringify({ available: MONITORING_AVAILABLE, ...status() }));
await shutdown();
`;

/** The same in an application that has its own tracing: our spans are its spans. */
const HOSTED = `
import { configure, monitorLlmCall, shutdown, status } from "@nexent/monitor";
import { trace } from "@opentelemetry/api";
import { TracerProvider } from "@opentelemetry/sdk-trace";
const names = [];
const nothing = () => Promise.resolve();
const processor = { onStart() {}, onEnd: (span) => names.push(span.name), forceFlush: nothing, shutdown: nothing };
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
configure();
await monitorLlmCall("m", "ask")(async () => "text")();
await shutdown();
trace.getTracer("application").startSpan("afterwards").end();
configure();
console.log(JSON.stringify({ names, ...status() }));
`;

/** Runs a program in a folder with an environment of its own; its status, and what it had to say. */
async function run(
  node: string,
  folder: string,
  env: Record<string, string>,
  program = PROGRAM,
): Promise<{ readonly status: unknown; readonly stderr: string }> {
  const { PATH = "" } = process.env;
  const file = join(folder, "app.mjs");
  writeFileSync(file, program);
  const child = spawn(node, [file], {
    cwd: folder,
    env: { PATH, ENABLE_TELEMETRY: "true", SERVICE_NAME: "line", ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  await new Promise((resolve) => child.on("close", resolve));
  return { status: JSON.parse(stdout || "null"), stderr };
}

function installed(options: InstallOptions): { readonly folder: string; readonly why: string | undefined } {
  const result = installPackages(options);
  return "folder" in result ? { folder: result.folder, why: undefined } : { folder: "", why: result.reason };
}

const ACTIVE = { available: true, state: "active", tracing: "own", serviceName: "line" };
const node24 = ensureNode24();
const two = installed({ name: "otel-two", dependencies: TWO, own: [...SDK, "performance"] });
const three = installed({ name: "otel-three", dependencies: THREE, own: SDK });
const mixed = installed({ name: "otel-mixed", dependencies: NEWER_API, own: [...SDK, "performance"] });

const lines = [
  { line: "2.12 on this Node", node: process.execPath, ...two },
  { line: "2.12 on Node 24", node: node24, ...two },
  { line: "3.1 on Node 24", node: node24, ...three },
];

describe.each(lines)("OpenTelemetry $line", ({ node = "", folder, why }) => {
  const reason = why ?? (node === "" ? "Node 24 cannot be installed here" : undefined);

  it.skipIf(reason !== undefined)(
    `exports spans of both as thrift, protobuf and JSON${reason ? `: ${reason}` : ""}`,
    async () => {
      const server = await startOtlpServer();
      const destinations = [
        { JAEGER_ENDPOINT: `${server.url}/api/traces` },
        { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_METRICS_EXPORTER: "otlp" },
        { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
      ];
      for (const env of destinations) expect(await run(node, folder, env)).toEqual({ status: ACTIVE, stderr: "" });
      await server.close();
      const [metrics, traces] = [true, false].map((wanted) =>
        server.received.filter(({ path }) => (path === "/v1/metrics") === wanted),
      );
      expect(metrics?.map(({ body }) => body.includes("llm_requests"))).toEqual([true]);
      expect(traces?.map(({ headers }) => headers["content-type"])).toEqual([
        "application/x-thrift",
        "application/x-protobuf",
        "application/json",
      ]);
      for (const { body } of traces ?? []) {
        expect([body.includes("ask m"), body.includes("by the application")]).toEqual([true, true]);
      }
      const [call, inner] = server.spans().toSorted((a, b) => (a.name < b.name ? -1 : 1));
      expect(inner).toMatchObject({ name: "by the application", traceId: call?.traceId, parentSpanId: call?.spanId });
    },
  );

  it.skipIf(reason !== undefined)("hands spans to the provider that the application has registered", async () => {
    expect(await run(node, folder, { JAEGER_ENDPOINT: "http://127.0.0.1:9/api/traces" }, HOSTED)).toEqual({
      status: { names: ["ask m", "afterwards"], state: "active", tracing: "host", serviceName: "line" },
      stderr: "",
    });
  });

  it.skipIf(reason !== undefined)("exports over gRPC", async () => {
    const server = await startGrpcServer();
    expect(await run(node, folder, { JAEGER_ENDPOINT: server.url.replace("http", "grpc") })).toEqual({
      status: ACTIVE,
      stderr: "",
    });
    await server.close();
    const [call] = server.received;
    expect([call?.message.includes("ask m"), call?.message.includes("by the application")]).toEqual([true, true]);
  });
});

describe("an application on a newer API than the SDK's", () => {
  it.skipIf(mixed.why !== undefined)(
    `has its own spans in the same traces${mixed.why ? `: ${mixed.why}` : ""}`,
    async () => {
      const server = await startOtlpServer();
      const { status, stderr } = await run(process.execPath, mixed.folder, {
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      });
      await server.close();
      expect({ status, stderr }).toEqual({ status: ACTIVE, stderr: "" });
      const [call, inner] = server.spans().toSorted((a, b) => (a.name < b.name ? -1 : 1));
      expect(inner).toMatchObject({ name: "by the application", traceId: call?.traceId, parentSpanId: call?.spanId });
    },
  );
});
