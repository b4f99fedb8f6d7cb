/** What single frameworks can do besides serving sockets: fetch-style calls, injected requests, CommonJS. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { configure, metricsText, monitorLlmCall, shutdown } from "@nexent/monitor";
import { setupExpressApp } from "@nexent/monitor/express";
import { setupFastifyApp } from "@nexent/monitor/fastify";
import { setupHonoApp } from "@nexent/monitor/hono";
import fastify from "fastify";
import { Hono } from "hono";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  attributesOf,
  startOtlpServer,
  type JsonSpan,
  type OtlpServer,
} from "../../packages/monitor/src/testing/otlp-server.testing.ts";

/** Express ships no types. */
const EXPRESS: string = "express";

interface MountableApp {
  (request: IncomingMessage, response: ServerResponse): void;
  readonly use: (...handlers: unknown[]) => unknown;
  get(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): unknown;
}

let otlp: OtlpServer;
beforeAll(async () => {
  process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/json";
  process.env["OTEL_BSP_SCHEDULE_DELAY"] = "10";
  otlp = await startOtlpServer();
});
beforeEach(() => {
  otlp.received.length = 0;
  configure({ enabled: true, serviceName: "edges", endpoint: `${otlp.url}/v1/traces` });
});
afterEach(() => shutdown());
afterAll(() => otlp.close());

async function onlySpan(): Promise<JsonSpan> {
  const [span, ...more] = await otlp.waitForSpans(1);
  expect(more).toEqual([]);
  return span ?? expect.fail("no span");
}

function durationMs(span: JsonSpan): number {
  return Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function textStream(pieces: readonly string[], everyMs: number, left: () => void = () => undefined): ReadableStream {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await pause(everyMs);
      const piece = pieces[at];
      at += 1;
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
    cancel: left,
  });
}

describe("Hono without a socket", () => {
  function createApp(): Hono {
    const app = new Hono();
    setupHonoApp(app, { metricsPath: "/metrics" });
    return app;
  }

  it("continues the trace, names the route and makes calls of a model its children", async () => {
    const app = createApp();
    const ask = monitorLlmCall("edge-model", "chat")(async () => "answer");
    app.get("/users/:id", async (c) => c.text(await ask()));
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const response = await app.request("https://shop.example:8443/users/7?q=secret", { headers: { traceparent } });
    expect(await response.text()).toBe("answer");
    const spans = await otlp.waitForSpans(2);
    const server = spans.find(({ name }) => name === "GET /users/:id") ?? expect.fail();
    expect([server.parentSpanId, server.traceId]).toEqual(["b7ad6b7169203331", "0af7651916cd43dd8448eb211c80319c"]);
    expect(spans.find(({ name }) => name === "chat edge-model")?.parentSpanId).toBe(server.spanId);
    expect(attributesOf(server)).toMatchObject({
      "url.path": "/users/7",
      "url.scheme": "https",
      "server.address": "shop.example",
      "server.port": 8443,
    });
  });

  it("ends with the last byte read, not with the response object", async () => {
    const app = createApp();
    app.get("/stream", () => new Response(textStream(["a", "b", "c"], 30)));
    const response = await app.request("/stream");
    expect(otlp.spans()).toEqual([]);
    expect(await response.text()).toBe("abc");
    expect(durationMs(await onlySpan())).toBeGreaterThan(100);
  });

  it("passes a cancel on, and ends there", async () => {
    const app = createApp();
    let left: unknown;
    app.get("/stream", () => new Response(textStream(Array.from({ length: 99 }, String), 5, () => (left = true))));
    const response = await app.request("/stream");
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect([left, (await onlySpan()).status.code]).toEqual([true, 0]);
  });

  it("marks a body that breaks off", async () => {
    const app = createApp();
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) });
    app.get("/stream", () => new Response(broken));
    await expect((await app.request("/stream")).text()).rejects.toThrow("cut");
    const span = await onlySpan();
    expect([span.status.code, attributesOf(span)["error.type"]]).toEqual([2, "application"]);
  });

  it("ends at once without a body, and hands status and headers on", async () => {
    const app = createApp();
    app.get("/nothing", (c) => c.body(null, 204, { "x-mine": "1" }));
    app.post("/made", (c) => c.json({ ok: true }, 201, { "x-mine": "2" }));
    const nothing = await app.request("/nothing");
    expect([nothing.status, nothing.headers.get("x-mine"), nothing.body]).toEqual([204, "1", null]);
    const made = await app.request("/made", { method: "POST" });
    expect([made.status, made.headers.get("x-mine"), await made.json()]).toEqual([201, "2", { ok: true }]);
    expect((await app.request("/nothing", { method: "HEAD" })).status).toBe(204);
    const names = (await otlp.waitForSpans(3)).map(({ name }) => name);
    expect(names).toEqual(["GET /nothing", "POST /made", "HEAD /nothing"]);
  });

  it("ends when nobody reads the body", async () => {
    await shutdown();
    configure({ enabled: true, endpoint: `${otlp.url}/v1/traces`, streamIdleSeconds: 0.1 });
    const app = createApp();
    app.get("/unread", () => new Response(textStream(["a"], 1)));
    const response = await app.request("/unread");
    expect((await onlySpan()).name).toBe("GET /unread");
    expect(response.bodyUsed).toBe(false);
  });

  it("rethrows what is no Error, the same value", async () => {
    const app = createApp();
    app.get("/odd", () => {
      throw "text"; // oxlint-disable-line typescript/only-throw-error -- Hono passes such values on
    });
    await expect(Promise.resolve().then(() => app.request("/odd"))).rejects.toBe("text");
    const span = await onlySpan();
    expect([span.status.code, span.events.map(({ name }) => name)]).toEqual([2, ["exception"]]);
  });

  it("shows the metrics, and keeps middleware out of the names", async () => {
    const app = createApp();
    app.use("/users/*", (_c, next) => next());
    app.get("/users/*", async (_c, next) => next());
    app.all("/users/:id", (c) => c.text("all"));
    app.use("*", (_c, next) => next());
    expect(await (await app.request("/users/1")).text()).toBe("all");
    expect(await (await app.request("/metrics")).text()).toContain('http_route="/users/*"');
    expect((await app.request("/metrics", { method: "POST" })).status).toBe(404);
  });
});

describe("an Express application that is mounted in another one", () => {
  it.each([
    ["alone", false],
    ["with the outer one", true],
  ])("keeps the whole pattern, observed %s", async (_, both) => {
    const { default: express }: { readonly default: () => MountableApp } = await import(EXPRESS);
    const [outer, inner] = [express(), express()];
    inner.get("/users/:id", (_request, response) => response.end("ok"));
    outer.use("/shops/:shop", inner);
    setupExpressApp(inner);
    if (both) setupExpressApp(outer);
    const server = createServer(outer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await (await fetch(`http://127.0.0.1:${port}/shops/blue/users/7`)).text();
    const span = await onlySpan();
    expect([span.name, attributesOf(span)["url.path"]]).toEqual(["GET /shops/:shop/users/:id", "/shops/blue/users/7"]);
    server.closeAllConnections();
    server.close();
  });
});

describe("Fastify without a socket", () => {
  it("is observed when requests are injected", async () => {
    const app = fastify();
    setupFastifyApp(app);
    app.get("/users/:id", async () => "ok");
    expect((await app.inject("/users/1")).payload).toBe("ok");
    expect((await onlySpan()).name).toBe("GET /users/:id");
    await app.close();
  });

  it("is left alone once it has started, with a warning", async () => {
    const app = fastify();
    app.get("/", async () => "ok");
    await app.ready();
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", note);
    setupFastifyApp(app);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    expect(warnings).toEqual([expect.stringMatching(/^setupFastifyApp could not be installed: /)]);
    expect((await app.inject("/")).payload).toBe("ok");
    expect(metricsText()).not.toContain("http_server");
    await app.close();
  });
});

/** Runs a CommonJS program that requires the sources, in this folder. */
async function runCommonJs(code: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = ["--conditions=@nexent/source", "--import", "tsx", "--input-type=commonjs", "--eval", code];
  const { PATH = "", TMPDIR = "/tmp", HOME = "/" } = process.env;
  const env = { PATH, TMPDIR, HOME, ENABLE_TELEMETRY: "true", OTEL_TRACES_EXPORTER: "none" };
  const child = spawn(process.execPath, args, { cwd: fileURLToPath(new URL(".", import.meta.url)), env });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
  await new Promise((resolve) => child.on("close", resolve));
  return { stdout, stderr };
}

const COMMON_JS: readonly (readonly [name: string, route: string, program: string])[] = [
  [
    "express",
    "/users/:id",
    `const app = require("express")();
     setupExpressApp(app);
     app.get("/users/:id", (request, response) => void response.send("ok"));
     const server = app.listen(0, "127.0.0.1", () => visit(server));`,
  ],
  [
    "fastify",
    "/users/:id",
    `const app = require("fastify")();
     setupFastifyApp(app);
     app.get("/users/:id", async () => "ok");
     app.listen({ port: 0 }).then(() => visit(app.server));`,
  ],
  [
    "hono",
    "/users/:id",
    `const app = new (require("hono").Hono)();
     setupHonoApp(app);
     app.get("/users/:id", (c) => c.text("ok"));
     const server = require("@hono/node-server").serve({ fetch: app.fetch, port: 0 }, () => visit(server));`,
  ],
  [
    "node",
    "",
    `const server = require("node:http").createServer((request, response) => response.end("ok"));
     setupNodeServer(server);
     server.listen(0, "127.0.0.1", () => visit(server));`,
  ],
];

describe("CommonJS", () => {
  it.each(COMMON_JS)("requires @nexent/monitor/%s", async (name, route, program) => {
    const { stdout, stderr } = await runCommonJs(`
      const { metricsText } = require("@nexent/monitor");
      const { setupExpressApp, setupFastifyApp, setupHonoApp, setupNodeServer } = require("@nexent/monitor/${name}");
      async function visit(server) {
        await (await fetch("http://127.0.0.1:" + server.address().port + "/users/1")).text();
        await new Promise((resolve) => setTimeout(resolve, 20));
        console.log(metricsText().match(/^http_server_request_duration_seconds_count.*/m)?.[0]);
        server.closeAllConnections();
        server.close();
      }
      ${program}
    `);
    expect(stderr).toBe("");
    expect(stdout).toContain(`http_route="${route}",http_response_status_code="200"} 1`);
  });
});
