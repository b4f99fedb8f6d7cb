import { createServer, type Server } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requestDetailSchema, requestListSchema } from "@nexent/monitor-api";
import { LIMITS, MonitorError, PORTS } from "@nexent/monitor-core";
import { createMemoryMetricStore, createMemoryStore } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { encodeJson, encodeProtobuf } from "./testing/otlp-encode.ts";
import { entryOf } from "./testing/metric-store.ts";
import { CHEAP_SCRYPT, openBrowser, signInAndSkip, startTestServer, testConfig } from "./testing/server.ts";
import { telemetryBatch, telemetrySpan } from "./testing/spans.ts";
import { startServer } from "./server.ts";

function occupy(port: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      resolve({ port: bound, close: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

describe("server", () => {
  it.each([
    ["otlpHttpPort", /LLM_MONITOR_OTLP_HTTP_PORT/],
    ["otlpGrpcPort", /LLM_MONITOR_OTLP_GRPC_PORT/],
    ["jaegerThriftPort", /LLM_MONITOR_JAEGER_THRIFT_PORT/],
    ["prometheusPort", /LLM_MONITOR_PROMETHEUS_PORT/],
  ])("names a taken %s and its variable, and leaves nothing open behind", async (setting, hint) => {
    const taken = await occupy(0);
    let closed = 0;
    const openStore = async () => ({ ...createMemoryStore(), close: async () => void closed++ });
    const failed = startServer(testConfig({ [setting]: taken.port }), { openStore });
    await expect(failed).rejects.toMatchObject({ code: "PORT_IN_USE", hint });
    await expect(failed).rejects.toThrow(String(taken.port));
    expect(closed).toBe(1);
    await taken.close();
  });

  it("answers the Prometheus API over its metric store", async () => {
    const metricStore = createMemoryMetricStore();
    const server = await startTestServer({}, { openMetricStore: () => Promise.resolve(metricStore) });
    const series = { family: "up", type: "gauge", labels: { job: "a" } } as const;
    await metricStore.write({ entries: [entryOf(series, { scalars: [{ timestampMs: Date.now(), value: 1 }] })] });
    const answer = await fetch(`${server.prometheusUrl}/api/v1/series?match[]=up`);
    expect(await answer.json()).toEqual({ status: "success", data: [{ __name__: "up", job: "a" }] });
    await server.stop();
    await expect(fetch(server.prometheusUrl)).rejects.toThrow();
  });

  it("moves to 3006 with a notice when 3005 is taken, and stops when both are", async () => {
    const config = { dashboardPort: undefined };
    const first = await occupy(PORTS.dashboard.port).catch(() => undefined);
    const [moved] = await Promise.allSettled([startTestServer(config)]);
    if (moved.status === "rejected") {
      // Something else on this machine holds 3006 as well: then this is the other half of the promise.
      expect(moved.reason).toMatchObject({ code: "PORT_IN_USE", hint: /LLM_MONITOR_DASHBOARD_PORT/ });
    } else {
      const server = moved.value;
      expect([server.dashboardUrl, server.notice]).toEqual([
        "http://127.0.0.1:3006",
        "port 3005 is taken; the dashboard is on 3006",
      ]);
      await expect(startTestServer(config)).rejects.toMatchObject({
        code: "PORT_IN_USE",
        message: "ports 3005 and 3006 are both taken by other processes",
        hint: /LLM_MONITOR_DASHBOARD_PORT/,
      });
      await server.stop();
    }
    await first?.close();
  });

  it("W3: refuses an exposed address while the password is the default, and starts once it is changed", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "nexent-server-"));
    try {
      const exposed = testConfig({ dataDir, allowedHosts: ["monitor.example"], isLoopbackBind: false });
      const deps = { passwordCost: CHEAP_SCRYPT, openStore: async () => createMemoryStore() };
      await expect(startServer(exposed, deps)).rejects.toThrow(
        /LLM_MONITOR_ALLOWED_HOSTS=monitor\.example exposes :0, but the password of admin is still the default/,
      );
      const local = await startTestServer({ dataDir });
      const browser = openBrowser(local.dashboardUrl);
      await browser.begin("/api/session", { user: "admin", password: "admin" });
      await browser.begin("/api/session/password", { oldPassword: "admin", newPassword: "correct horse" });
      await local.stop();
      const server = await startServer(exposed, deps);
      await server.stop();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it("D4: counts files of metric samples that were set aside", async () => {
    const openMetricStore = async () => ({ ...createMemoryMetricStore(), quarantinedFiles: () => 2 });
    const server = await startTestServer({}, { openMetricStore });
    const metrics = await (await fetch(`${server.dashboardUrl}/metrics`)).text();
    expect(metrics).toMatch(/^nexent_server_quarantined_files\b.* 2$/m);
    await server.stop();
  });

  it("D9: refuses what comes in while memory is short, of every signal, and counts it; questions and probes go on", async () => {
    const memoryBudgetBytes = 1_000;
    const server = await startTestServer({ memoryBudgetBytes }, { residentBytes: () => 1_001 });
    for (const path of ["/v1/traces", "/v1/metrics"]) {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(server.otlpUrl + path, { method: "POST", headers, body: "{}" });
      expect([path, answer.status]).toEqual([path, 429]);
      expect(answer.headers.get("retry-after")).toMatch(/^[1-5]$/);
      expect(await answer.text()).toContain("short of memory");
    }
    expect((await fetch(`${server.otlpUrl}/ready`)).status).toBe(200);
    expect((await fetch(`${server.jaegerUrl}/api/services`)).status).toBe(200);
    const metrics = await (await fetch(`${server.dashboardUrl}/metrics`)).text();
    expect(metrics).toMatch(/^nexent_server_refused_requests_total\{.*reason="memory".*\} 2$/m);
    expect(metrics).toMatch(/^nexent_server_resident_memory_bytes\b.* 1001$/m);
    expect(metrics).toMatch(/^nexent_server_memory_budget_bytes\b.* 1000$/m);
    await server.stop();
    const unbounded = await startTestServer({ memoryBudgetBytes: 0 }, { residentBytes: () => 1_001 });
    const answer = await fetch(`${unbounded.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(answer.status).toBe(200);
    expect(await (await fetch(`${unbounded.dashboardUrl}/metrics`)).text()).not.toContain("memory_budget");
    await unbounded.stop();
  });

  it("D11: stopping finishes a request in flight, ends live streams, then closes the store", async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let enter: () => void = () => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const order: string[] = [];
    const memory = createMemoryStore();
    const server = await startTestServer(
      {},
      {
        openStore: async () => ({
          ...memory,
          async write(batch) {
            enter();
            await held;
            order.push("written");
            return memory.write(batch);
          },
          close: async () => void order.push("closed"),
        }),
      },
    );
    const answer = fetch(`${server.otlpUrl}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: encodeJson(telemetryBatch([telemetrySpan()])),
    });
    await entered;
    const stopped = server.stop();
    expect(server.stop()).toBe(stopped);
    release();
    expect((await answer).status).toBe(200);
    await stopped;
    expect(order).toEqual(["written", "closed"]);
    await expect(fetch(`${server.otlpUrl}/health`)).rejects.toThrow();
  });

  it("says that it is not ready while it stops", async () => {
    const server = await startTestServer();
    expect((await fetch(`${server.dashboardUrl}/ready`)).status).toBe(200);
    await server.stop();
  });

  it("keeps what it acknowledged in the data folder: a restart shows it again, once", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "nexent-server-"));
    try {
      const config = testConfig({ dataDir });
      const body = encodeJson(telemetryBatch([telemetrySpan()]));
      const post = (otlpUrl: string) =>
        fetch(`${otlpUrl}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body });
      const first = await startServer(config, { passwordCost: CHEAP_SCRYPT });
      expect((await post(first.otlpUrl)).status).toBe(200);
      await expect(startServer(config)).rejects.toMatchObject({
        code: "DATA_DIR_LOCKED",
        message: new RegExp(String(process.pid)),
      });
      await first.stop();
      const second = await startServer(config, { passwordCost: CHEAP_SCRYPT });
      expect((await post(second.otlpUrl)).status).toBe(200);
      const browser = await signInAndSkip(second.dashboardUrl);
      await expect
        .poll(
          async () => (await browser.data(`/api/requests?from=0&to=${Date.now()}`, requestListSchema)).rows.length,
          { timeout: 10_000 },
        )
        .toBe(1);
      await second.stop();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it("keeps a span larger than a frame of the journal, whole, across a restart", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "nexent-server-"));
    try {
      const config = testConfig({ dataDir });
      const value = "x".repeat(LIMITS.valueBytes);
      const events = Array.from({ length: LIMITS.eventsPerSpan }, (_, index) => ({
        name: `event ${index}`,
        timeUnixNanos: BigInt(Date.now()) * 1_000_000n,
        attributes: new Map(["a", "b", "c"].map((key) => [key, value] as const)),
      }));
      const body = encodeProtobuf(telemetryBatch([telemetrySpan({ events })]));
      expect(body.byteLength).toBeGreaterThan(LIMITS.journalFrameBytes);
      const first = await startServer(config, { passwordCost: CHEAP_SCRYPT });
      const headers = { "content-type": "application/x-protobuf" };
      const answer = await fetch(`${first.otlpUrl}/v1/traces`, { method: "POST", headers, body });
      expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([200, 0]);
      await first.stop();
      const second = await startServer(config, { passwordCost: CHEAP_SCRYPT });
      const browser = await signInAndSkip(second.dashboardUrl);
      const { traceId, spanId } = telemetrySpan();
      await expect
        .poll(async () => (await browser.request("GET", `/api/requests/${traceId}-${spanId}`)).status, {
          timeout: 10_000,
        })
        .toBe(200);
      const detail = await browser.data(`/api/requests/${traceId}-${spanId}`, requestDetailSchema);
      expect(detail.events).toHaveLength(LIMITS.eventsPerSpan);
      expect(detail.events.at(-1)?.attributes.map((row) => row.value.length)).toEqual([16_384, 16_384, 16_384]);
      await second.stop();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it("stops taking spans when the store has failed, and tells its process why", async () => {
    const failure = new MonitorError("JOURNAL_SYNC_FAILED", "fsync failed");
    let fail: (error: MonitorError) => void = () => undefined;
    const told: MonitorError[] = [];
    const server = await startTestServer(
      {},
      {
        openStore: async ({ onFailure }) => {
          fail = onFailure;
          return createMemoryStore();
        },
        onFailure: (error) => told.push(error),
      },
    );
    fail(failure);
    expect(told).toEqual([failure]);
    expect((await fetch(`${server.otlpUrl}/ready`)).status).toBe(503);
    expect((await fetch(`${server.dashboardUrl}/ready`)).status).toBe(503);
    await server.stop();
  });

  it("passes on why the store did not open", async () => {
    const locked = new MonitorError("DATA_DIR_LOCKED", "held by process 1");
    await expect(startServer(testConfig(), { openStore: () => Promise.reject(locked) })).rejects.toBe(locked);
  });
});
