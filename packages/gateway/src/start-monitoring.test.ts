import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startMonitoring, type StartedMonitoring } from "./start-monitoring.ts";
import { startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";

let upstream: FaultUpstream;
/** Takes OTLP exports. */
let receiver: FaultUpstream;
let started: StartedMonitoring;
let gateway: TestGateway;
let told: string[] = [];

beforeEach(async () => {
  told = [];
  upstream = await startFaultUpstream();
  receiver = await startFaultUpstream();
});

afterEach(async () => {
  await gateway.gateway.close(0);
  await started.stop();
  await receiver.close();
  await upstream.close();
});

/** A gateway whose telemetry goes to `receiver`, metrics ten times a second. */
async function start(env: Record<string, string> = {}, worker?: number): Promise<void> {
  started = startMonitoring({
    env: {
      ENABLE_TELEMETRY: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_METRIC_EXPORT_INTERVAL: "100",
      OTEL_BSP_SCHEDULE_DELAY: "100",
      ...env,
    },
    version: "1.2.3",
    warn: (message) => void told.push(message),
    ...(worker !== undefined && { worker }),
  });
  const { monitoring } = started;
  if (monitoring === undefined) throw new Error("telemetry is off");
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin, monitoring });
  started.exportMetrics(gateway.gateway.exposition);
}

const pushes = (): string[] =>
  receiver.requests.filter(({ url }) => url === "/v1/metrics").map(({ body }) => body.toString());

const ask = () => fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: '{"model":"m"}' });

const state = async (name: string): Promise<boolean> =>
  (await fetchRaw(`${gateway.origin}/metrics`)).body.toString().includes(`nexent_monitor_state{state="${name}"} 1`);

describe("telemetry of a gateway process", () => {
  it("pushes what /metrics shows, the gauges of the moment included, and once more at the end", async () => {
    await start();
    await ask();
    await until(() => pushes().some((body) => body.includes("llm_requests")));
    expect(pushes().at(-1)).toContain("nexent_gateway_upstream_connections");
    expect(pushes().at(-1)).not.toContain("service.instance.id");
    expect(await state("active")).toBe(true);
    const before = pushes().length;
    await started.stop();
    expect(pushes().length).toBeGreaterThan(before);
  });

  it("is degraded while a push fails, and says so once", async () => {
    receiver.play((_request, response) => {
      response.statusCode = 400;
      response.end();
    });
    await start();
    await until(() => pushes().length >= 3);
    expect(await state("degraded")).toBe(true);
    expect(told.filter((message) => message.includes("metrics cannot be sent"))).toHaveLength(1);
  });

  it("says that spans cannot be sent, at most once a minute", async () => {
    await receiver.close();
    await start({ OTEL_METRICS_EXPORTER: "none" });
    for (let i = 0; i < 3; i += 1) {
      await ask();
      await until(() => started.monitoring?.backend.health.failingSinceMs !== undefined);
    }
    await until(() => told.length > 0);
    expect(told).toEqual([expect.stringContaining("spans cannot be sent to")]);
  });

  it("as one of several workers pushes under an instance of its own, and opens no listener for its part", async () => {
    await start({ OTEL_METRICS_EXPORTER: "otlp,prometheus", OTEL_EXPORTER_PROMETHEUS_PORT: "0" }, 2);
    await until(() => pushes().length > 0);
    expect(pushes()[0]).toMatch(/"service\.instance\.id","value":\{"stringValue":"\d+-2"\}/);
    expect(told).toEqual([expect.stringContaining("scrape /metrics")]);
  });
});
