import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startOtlpServer } from "./testing/otlp-server.testing.ts";
import { runChild } from "./testing/child.testing.ts";

const LOADED = `
  import Module from "node:module";
  const loaded = () => Object.keys(Module._cache).filter((file) => file.includes("@opentelemetry"));
`;

/** Makes every OpenTelemetry package unfindable, as if nobody had installed it. */
const WITHOUT_OPENTELEMETRY = `
  import Module from "node:module";
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    if (request.startsWith("@opentelemetry/")) {
      throw Object.assign(new Error("Cannot find module " + request), { code: "MODULE_NOT_FOUND" });
    }
    return resolve.call(this, request, ...rest);
  };
`;

const CALLS = `
  const sync = monitor.monitorLlmCall("m")((a, b) => a + b);
  const promise = monitor.monitorLlmCall("m")(async () => "text");
  const failing = monitor.monitorLlmCall("m")(async () => { throw new RangeError("mine"); });
  const stream = monitor.monitorLlmCall("m")(async function* () { yield "a"; yield "b"; });
  const seen = [sync(1, 2), await promise(), await failing().catch((error) => error.name)];
  for await (const text of stream()) seen.push(text);
  const tracker = monitor.createTokenTracker("m");
  tracker.recordToken("x");
  tracker.recordCompletion(1, 2);
  seen.push(monitor.traceLlmRequest("chat", "m", (request) => request.run(() => "inside")));
  monitor.addSpanEvent("e");
  monitor.setSpanAttributes({ a: 1 });
`;

describe("a process without monitoring", () => {
  it("loads nothing, installs nothing, and gets every value and error as it was", async () => {
    const { code, stdout, stderr } = await runChild(`
      ${LOADED}
      const events = () => process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
      const before = JSON.stringify(events());
      const globals = Object.getOwnPropertyNames(globalThis).length;
      const monitor = await import("@nexent/monitor");
      ${CALLS}
      console.log(JSON.stringify({
        seen, state: monitor.status().state, available: monitor.MONITORING_AVAILABLE, loaded: loaded().length,
        sameListeners: before === JSON.stringify(events()), newGlobals: Object.getOwnPropertyNames(globalThis).length - globals,
        timers: process.getActiveResourcesInfo().filter((one) => one === "Timeout").length, span: monitor.getCurrentSpan() === undefined,
        metrics: monitor.metricsText().split("\\n").filter((line) => line !== "" && !line.startsWith("#")),
      }));
      await monitor.shutdown();
      await monitor.shutdown();
    `);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      seen: [3, "text", "RangeError", "a", "b", "inside"],
      state: "disabled",
      available: false,
      loaded: 0,
      sameListeners: true,
      newGlobals: 0,
      timers: 0,
      span: true,
      metrics: [
        'nexent_monitor_state{state="disabled"} 1',
        'nexent_monitor_state{state="unavailable"} 0',
        'nexent_monitor_state{state="degraded"} 0',
        'nexent_monitor_state{state="active"} 0',
      ],
    });
    expect(code).toBe(0);
  });
});

describe("a process with monitoring", () => {
  it("loads OpenTelemetry at the first use, not at import and not when a decorator is applied", async () => {
    const { stdout, stderr } = await runChild(
      `
      ${LOADED}
      const monitor = await import("@nexent/monitor");
      const ask = monitor.monitorLlmCall("m")(() => 1);
      const before = [loaded().length, monitor.MONITORING_AVAILABLE];
      ask();
      console.log(JSON.stringify({ before, after: loaded().length > 0, available: monitor.MONITORING_AVAILABLE, status: monitor.status() }));
    `,
      { ENABLE_TELEMETRY: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", SERVICE_NAME: "child" },
    );
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      before: [0, false],
      after: true,
      available: true,
      status: { state: "active", tracing: "own", serviceName: "child" },
    });
  });

  it("takes the package name of the application as service name", async () => {
    const { stdout } = await runChild(`import { status } from "@nexent/monitor"; console.log(status().serviceName);`, {
      ENABLE_TELEMETRY: "true",
      OTEL_TRACES_EXPORTER: "none",
    });
    expect(stdout.trim()).toBe("@nexent/monitor");
  });

  it("goes on measuring without OpenTelemetry, silently", async () => {
    const { code, stdout, stderr } = await runChild(
      `
      ${WITHOUT_OPENTELEMETRY}
      const monitor = await import("@nexent/monitor");
      ${CALLS}
      const lines = monitor.metricsText().split("\\n");
      console.log(JSON.stringify({
        seen, status: monitor.status(), available: monitor.MONITORING_AVAILABLE,
        ok: lines.filter((line) => line.startsWith("llm_requests_total") && line.includes('outcome="ok"')).length > 0,
        errors: lines.find((line) => line.startsWith("llm_error_count_total")),
        state: lines.find((line) => line.startsWith('nexent_monitor_state{state="unavailable"}')),
      }));
      await monitor.shutdown();
    `,
      { ENABLE_TELEMETRY: "1", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9", SERVICE_NAME: "child" },
    );
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      seen: [3, "text", "RangeError", "a", "b", "inside"],
      status: {
        state: "unavailable",
        tracing: "none",
        reason: "@opentelemetry/api is not installed; install @nexent/performance",
      },
      available: false,
      ok: true,
      errors:
        'llm_error_count_total{model="m",operation="llm_completion",provider="unknown",error_type="application"} 1',
      state: 'nexent_monitor_state{state="unavailable"} 1',
    });
    expect(code).toBe(0);
  });

  it("warns once about a setting it cannot use, and goes on", async () => {
    const { stdout, stderr } = await runChild(
      `
      const monitor = await import("@nexent/monitor");
      ${CALLS}
      monitor.configure();
      console.log(monitor.status().state, seen.length);
      console.log(monitor.metricsText().split("\\n").filter((line) => line.startsWith("nexent_monitor_config_errors_total")).join());
    `,
      { ENABLE_TELEMETRY: "yes", TELEMETRY_SAMPLE_RATE: "2", JAEGER_ENDPOINT: "http://127.0.0.1:9/api/traces" },
    );
    expect(stdout).toContain("active 6");
    expect(stdout).toContain('nexent_monitor_config_errors_total{variable="TELEMETRY_SAMPLE_RATE"} 1');
    expect(stderr.match(/NexentMonitorWarning: TELEMETRY_SAMPLE_RATE/g)).toHaveLength(1);
    expect(stderr.match(/NexentMonitorWarning/g)).toHaveLength(1);
  });

  it("shares one manager between an ESM and a required copy", async () => {
    const server = await startOtlpServer();
    const { stdout } = await runChild(
      `
      import { createRequire } from "node:module";
      import * as esm from "@nexent/monitor";
      const cjs = createRequire(process.cwd() + "/x.js")("@nexent/monitor");
      esm.configure({ endpoint: ${JSON.stringify(server.url + "/v1/traces")} });
      await cjs.monitorLlmCall("from-cjs")(async () => 1)();
      await esm.monitorLlmCall("from-esm")(async () => 1)();
      const text = esm.metricsText();
      console.log(esm === cjs, cjs.MONITORING_AVAILABLE, text === cjs.metricsText(), text.includes("from-cjs") && text.includes("from-esm"));
      await cjs.shutdown();
      console.log(esm.MONITORING_AVAILABLE, cjs.MONITORING_AVAILABLE);
    `,
      { ENABLE_TELEMETRY: "on" },
    );
    await server.close();
    expect(stdout.trim().split("\n")).toEqual([expect.stringMatching(/^(true|false) true true true$/), "false false"]);
    expect(server.received).toHaveLength(1);
  });
});

describe("a process whose receiver is dead", () => {
  const program = (flush: boolean): string => `
    import { monitorLlmCall, shutdown, status } from "@nexent/monitor";
    const ask = monitorLlmCall("m")(async () => "text");
    for (let i = 0; i < 3000; i += 1) await ask();
    await new Promise((resolve) => setTimeout(resolve, 700));
    process.stdout.write("ready\\n");
    ${flush ? "await shutdown();" : ""}
    process.on("exit", () => console.log(status().state));
  `;
  const env = (port: number): Record<string, string> => ({
    ENABLE_TELEMETRY: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });

  async function blackHole(): Promise<{ readonly port: number; close(): void }> {
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.resume();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return {
      port,
      close() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  }

  it("exits without delay when nobody flushes, refused or swallowed", async () => {
    const refused = await runChild(program(false), env(9));
    expect([refused.code, refused.stdout.trim()]).toEqual([0, "degraded"]);
    expect(refused.afterReadyMs).toBeLessThan(1000);
    const hole = await blackHole();
    const swallowed = await runChild(program(false), env(hole.port));
    hole.close();
    expect(swallowed.code).toBe(0);
    expect(swallowed.afterReadyMs).toBeLessThan(1000);
  });

  it("flushes for at most two seconds and never rejects", async () => {
    const refused = await runChild(program(true), env(9));
    expect(refused.code).toBe(0);
    expect(refused.stderr.match(/Warning/g)).toHaveLength(1);
    expect(refused.stderr).toContain("spans cannot be sent to http://127.0.0.1:9/v1/traces: ECONNREFUSED");
    expect(refused.afterReadyMs).toBeLessThan(2500);
    const hole = await blackHole();
    const swallowed = await runChild(program(true), env(hole.port));
    hole.close();
    expect([swallowed.code, swallowed.stderr]).toEqual([0, ""]);
    expect(swallowed.afterReadyMs).toBeGreaterThan(1500);
    expect(swallowed.afterReadyMs).toBeLessThan(2800);
  });
});
