import { createServer, type Server } from "node:http";
import { PORTS } from "@nexent/monitor-core";
import { afterEach, expect, it } from "vitest";
import { readCliConfig, type CliConfig } from "../config.ts";
import { boundPort } from "../processes/bound-port.ts";
import { findFreePort } from "../processes/free-port.ts";
import { checkPorts, isOurs } from "./check-ports.ts";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function occupy(health: string): Promise<number> {
  const server = createServer((_request, response) => response.end(health));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return boundPort(server);
}

async function configWith(ports: Readonly<Record<string, number>>): Promise<CliConfig> {
  const names = new Set(Object.values(PORTS).map(({ variable }) => variable));
  const env: Record<string, string> = {};
  for (const name of names) env[name] = String(ports[name] ?? (await findFreePort()));
  return readCliConfig(env);
}

it("returns the configured ports when all are free", async () => {
  const config = await configWith({});
  expect(await checkPorts(config)).toEqual({
    gateway: config.gatewayPort,
    dashboard: config.dashboardPort,
    dashboardMoved: false,
    otlpHttp: config.otlpHttpPort,
    jaeger: config.jaegerPort,
    prometheus: config.prometheusPort,
    otlpGrpc: config.otlpGrpcPort,
    jaegerThrift: config.jaegerThriftPort,
    exactServer: config.exactServerPort,
  });
});

it("names every taken port in one message, with owner and variable", async () => {
  const gateway = await occupy("{}");
  const dashboard = await occupy("hello");
  const config = await configWith({ GATEWAY_PORT: gateway, LLM_MONITOR_DASHBOARD_PORT: dashboard });
  const error: unknown = await checkPorts(config).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "PORT_IN_USE" });
  const text = String(error);
  expect(text).toContain("2 ports are taken");
  expect(text).toMatch(new RegExp(`${gateway} .*held by .*; GATEWAY_PORT moves it`));
  expect(text).toMatch(new RegExp(`${dashboard} .*held by .*; LLM_MONITOR_DASHBOARD_PORT moves it`));
  if (process.platform === "linux") expect(text).toContain(`process ${process.pid}`);
});

it("recognises an instance of this product that already runs", async () => {
  const gateway = await occupy('{"status":"ok","service":"nexent-gateway"}');
  const error: unknown = await checkPorts(await configWith({ GATEWAY_PORT: gateway })).catch(
    (thrown: unknown) => thrown,
  );
  expect(String(error)).toContain("a running Nexent LLM Monitor");
  expect(error).toMatchObject({ hint: expect.stringContaining("already running") });
});

it("recognises its own programs by their command line when they answer no health question", () => {
  expect(isOurs(undefined, { pid: 1, command: "node /srv/packages/server/dist/main.js" })).toBe(true);
  expect(isOurs(undefined, { pid: 1, command: "node /srv/other/main.js" })).toBe(false);
  expect(isOurs({ status: "ok" }, undefined)).toBe(false);
});
