import { expect, it } from "vitest";
import { readCliConfig } from "../config.ts";
import { welcomeText, type WelcomeFacts } from "./welcome.ts";

const FACTS: WelcomeFacts = {
  config: readCliConfig({}),
  ports: {
    gateway: 8000,
    dashboard: 3005,
    otlpHttp: 4318,
    otlpGrpc: 4317,
    jaegerThrift: 14_268,
    jaeger: 16_686,
    prometheus: 9090,
    exactServer: 8009,
    dashboardMoved: false,
  },
  logDir: "/logs",
  defaultPassword: true,
  hasWeb: true,
};

it("prints the addresses, a request that needs no key, and the one setting of an application", () => {
  const text = welcomeText(FACTS).join("\n");
  expect(text).toContain("http://127.0.0.1:3005   sign in with admin / admin");
  expect(text).toContain("http://127.0.0.1:16686   for Grafana's Jaeger data source");
  expect(text).toContain("http://127.0.0.1:9090   Prometheus query API");
  expect(text).toContain("curl -N http://127.0.0.1:8000/exact/v1/chat/completions");
  expect(text).toContain("OPENAI_BASE_URL=http://127.0.0.1:8000/v1");
});

it("gives the default password away only while it is valid", () => {
  expect(welcomeText({ ...FACTS, defaultPassword: false }).join("\n")).not.toContain("admin / admin");
});

it("says that the dashboard has moved, and that it is not built", () => {
  const ports = { ...FACTS.ports, dashboard: 3006, dashboardMoved: true };
  const text = welcomeText({ ...FACTS, ports, hasWeb: false }).join("\n");
  expect(text).toContain("http://127.0.0.1:3006");
  expect(text).toContain("3005 is taken; LLM_MONITOR_DASHBOARD_PORT");
  expect(text).toContain("npm run build");
});

it("says where the SDK sends by itself, and what it needs when that port is another", () => {
  expect(welcomeText(FACTS).join("\n")).toContain(
    "http://127.0.0.1:14268/api/traces   where @nexent/monitor sends with ENABLE_TELEMETRY=true alone",
  );
  const moved = welcomeText({ ...FACTS, ports: { ...FACTS.ports, jaegerThrift: 14269 } }).join("\n");
  expect(moved).toContain("JAEGER_ENDPOINT=http://127.0.0.1:14269/api/traces");
});
