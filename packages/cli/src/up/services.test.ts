import { expect, it } from "vitest";
import { readCliConfig } from "../config.ts";
import type { UpPorts } from "./check-ports.ts";
import { logDirOf, servicesOf } from "./services.ts";

const PORTS: UpPorts = {
  gateway: 1001,
  dashboard: 1002,
  otlpHttp: 1003,
  otlpGrpc: 1005,
  jaegerThrift: 1006,
  jaeger: 1007,
  prometheus: 1008,
  exactServer: 1004,
  dashboardMoved: false,
};

function envOf(name: string, env: Readonly<Record<string, string>> = {}): Readonly<Record<string, string | undefined>> {
  const services = servicesOf({ config: readCliConfig(env), ports: PORTS, env, webDir: "/web" });
  const service = services.find((candidate) => candidate.start.name === name);
  if (service === undefined) throw new Error(`there is no ${name}`);
  return service.start.env;
}

it("starts the server before the gateway, which exports to it", () => {
  const services = servicesOf({ config: readCliConfig({}), ports: PORTS, env: {}, webDir: undefined });
  expect(services.map((service) => service.start.name)).toEqual(["server", "gateway"]);
  expect(envOf("gateway")).toMatchObject({
    ENABLE_TELEMETRY: "true",
    SERVICE_NAME: "nexent-gateway",
    GATEWAY_PORT: "1001",
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1003",
    GATEWAY_EXACT_BASE_URL: "http://127.0.0.1:1004/v1",
  });
  expect(envOf("server")).toMatchObject({
    LLM_MONITOR_DASHBOARD_PORT: "1002",
    LLM_MONITOR_OTLP_HTTP_PORT: "1003",
    LLM_MONITOR_OTLP_GRPC_PORT: "1005",
    LLM_MONITOR_JAEGER_THRIFT_PORT: "1006",
    LLM_MONITOR_JAEGER_PORT: "1007",
    LLM_MONITOR_PROMETHEUS_PORT: "1008",
    LLM_MONITOR_SCRAPE_TARGETS:
      "nexent-gateway=http://127.0.0.1:1001/metrics,nexent-server=http://127.0.0.1:1002/metrics",
    LLM_MONITOR_GATEWAY_URL: "http://127.0.0.1:1001",
    LLM_MONITOR_WEB_DIR: "/web",
  });
});

it("leaves what the user has set as it is", () => {
  expect(envOf("gateway", { ENABLE_TELEMETRY: "false", SERVICE_NAME: "mine" })).toMatchObject({
    ENABLE_TELEMETRY: "false",
    SERVICE_NAME: "mine",
  });
  expect(envOf("gateway", { JAEGER_ENDPOINT: "http://jaeger:14268" })).not.toHaveProperty(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
  );
  expect(envOf("server", { LLM_MONITOR_WEB_DIR: "/other" })).toMatchObject({ LLM_MONITOR_WEB_DIR: "/other" });
});

it("stops within 10 s even when both programs need all their grace", () => {
  const services = servicesOf({ config: readCliConfig({}), ports: PORTS, env: {}, webDir: undefined });
  expect(services.reduce((sum, service) => sum + service.stopGraceMs, 0)).toBeLessThan(10_000);
});

it("keeps the logs beside the data folder", () => {
  expect(logDirOf(readCliConfig({ LLM_MONITOR_DATA_DIR: "/srv/nexent/data" }))).toBe("/srv/nexent/logs");
});
