import { createMetricRegistry, METRICS, type MetricRegistry } from "@nexent/monitor-core";
import { createServer } from "node:http";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { createPackageLoader, type PackageLoader } from "../backend/load.ts";
import { readMonitorConfig } from "../config/config.ts";
import { startMetricsExport, type MetricsExporter } from "./metrics-export.ts";
import { startGrpcServer } from "../testing/grpc-server.testing.ts";
import { startOtlpServer } from "../testing/otlp-server.testing.ts";

const GPT = { model: "gpt-4o", operation: "chat", provider: "openai" };
let exporter: MetricsExporter | undefined;
afterEach(() => exporter?.close(500));

interface Started {
  readonly registry: MetricRegistry;
  readonly exporter: MetricsExporter;
  /** What the operator was told. */
  readonly told: string[];
}

function start(env: Record<string, string>, loader: PackageLoader = createPackageLoader()): Started {
  const registry = createMetricRegistry();
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  exporter = startMetricsExport({
    config: readMonitorConfig({ SERVICE_NAME: "shop", ...env }),
    registry,
    version: "1.2.3",
    refresh: () => registry.gauge(METRICS.nexentMonitorEventLoopLagSeconds, {}).set(0.25),
    expose: (format) => registry.expose(format),
    warn: tell,
    onTrouble: tell,
    loader,
  });
  return { registry, exporter, told };
}

function record(registry: MetricRegistry): void {
  registry.counter(METRICS.llmTotalTokens, { ...GPT, type: "output", estimated: "false" }).add(20);
  registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT).observe(0.5);
  registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT).observe(1e6);
}

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly asDouble?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bucketCounts?: readonly number[];
  readonly explicitBounds?: readonly number[];
}
interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: object & { readonly dataPoints: readonly Point[] };
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly histogram?: object & { readonly dataPoints: readonly Point[] };
}

function metricsOf(body: Buffer): Map<string, Metric> {
  const parsed: {
    resourceMetrics: readonly { scopeMetrics: readonly { metrics: readonly Metric[] }[] }[];
  } = JSON.parse(body.toString("utf8"));
  const metrics = parsed.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return new Map(metrics.map((metric) => [metric.name, metric]));
}

describe("a push", () => {
  it("carries the registry as OTLP, cumulative, when the time has come and once more at the end", async () => {
    const server = await startOtlpServer();
    const { registry, exporter } = start({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${server.url}/v1/metrics`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRIC_EXPORT_INTERVAL: "30",
    });
    record(registry);
    while (server.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    registry.counter(METRICS.llmTotalTokens, { ...GPT, type: "output", estimated: "false" }).add(1);
    await exporter.close(1000);
    await server.close();
    const bodies = server.received.map(({ body }) => metricsOf(body));
    const tokens = bodies.map((metrics) => metrics.get("llm_total_tokens"));
    expect(tokens[0]).toMatchObject({
      unit: "",
      sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [{ asDouble: 20 }] },
    });
    expect(tokens[0]?.sum?.dataPoints[0]?.attributes.map(({ key, value }) => [key, value.stringValue])).toEqual([
      ...Object.entries(GPT),
      ["type", "output"],
      ["estimated", "false"],
    ]);
    expect(tokens.at(-1)?.sum?.dataPoints[0]?.asDouble).toBe(21);
    const bounds = METRICS.llmTimeToFirstTokenSeconds.buckets;
    expect(bodies[0]?.get("llm_time_to_first_token_seconds")).toMatchObject({
      unit: "s",
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            count: 2,
            sum: 1_000_000.5,
            explicitBounds: bounds,
            bucketCounts: [...bounds.map((bound) => (bound === 0.5 ? 1 : 0)), 1],
          },
        ],
      },
    });
    expect(bodies[0]?.get("nexent_monitor_event_loop_lag_seconds")?.gauge?.dataPoints[0]?.asDouble).toBe(0.25);
    expect(server.received[0]?.body.toString()).toContain('"service.name"');
    expect(exporter.failing).toBe(false);
  });

  it("goes over gRPC too", async () => {
    const server = await startGrpcServer();
    const { registry, exporter } = start({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
    });
    record(registry);
    await exporter.close(1000);
    await server.close();
    expect(server.received.map(({ path }) => path)).toEqual([
      "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    ]);
    expect(server.received[0]?.message.includes("llm_total_tokens")).toBe(true);
  });

  it("that fails is counted and told, and the next one brings everything", async () => {
    const server = await startOtlpServer();
    server.answer((response) => response.writeHead(503).end());
    const { registry, exporter, told } = start({
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${server.url}/v1/metrics?key=secret`,
      OTEL_METRIC_EXPORT_INTERVAL: "20",
    });
    record(registry);
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(exporter.failing).toBe(true);
    expect(told[0]).toBe(`metrics cannot be sent to ${server.url}/v1/metrics: HTTP 503`);
    expect(registry.expose("text")).toMatch(/nexent_monitor_export_failures_total\{destination="otlp_http"\} [1-9]/);
    server.answer((response) => response.writeHead(200).end());
    await exporter.close(1000);
    expect(exporter.failing).toBe(false);
    await server.close();
  });

  it("to a receiver that never answers does not hold the end back", async () => {
    const server = await startOtlpServer();
    server.answer(() => undefined);
    const { exporter } = start({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${server.url}/v1/metrics` });
    const beganMs = performance.now();
    await exporter.close(100);
    await exporter.close(100);
    expect(performance.now() - beganMs).toBeLessThan(1000);
    await server.close();
  });

  it("that cannot be encoded for lack of a package is told once, and nothing is started", () => {
    const name = "@opentelemetry/otlp-transformer";
    const loader: PackageLoader = { load: () => ({ status: "missing", name }) };
    const { told, exporter } = start({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://127.0.0.1:9" }, loader);
    expect(told).toEqual([expect.stringContaining(name)]);
    expect(exporter.failing).toBe(false);
  });
});

describe("a listener", () => {
  async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  it("shows the exposition in the format that was asked for, and nothing else", async () => {
    const port = await freePort();
    const { registry } = start({
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    });
    record(registry);
    const url = `http://127.0.0.1:${port}`;
    const text = await fetch(`${url}/metrics`);
    expect(text.headers.get("content-type")).toContain("version=0.0.4");
    expect(await text.text()).toContain("llm_total_tokens_total{");
    const open = await fetch(`${url}/metrics?x=1`, { headers: { accept: "application/openmetrics-text" } });
    expect(await open.text()).toMatch(/# EOF\n$/);
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: "POST" })).status).toBe(405);
    await exporter?.close(100);
    await expect(fetch(`${url}/metrics`)).rejects.toThrow();
  });

  it("on a taken port tells it and harms nothing", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const { told } = start({
      OTEL_METRICS_EXPORTER: "prometheus",
      OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
      OTEL_EXPORTER_PROMETHEUS_PORT: port,
    });
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told).toEqual([`no listener for metrics on 127.0.0.1:${port}: EADDRINUSE`]);
    taken.close();
  });
});
