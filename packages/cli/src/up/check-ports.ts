import { MonitorError, PORTS, type Port } from "@nexent/monitor-core";
import type { CliConfig } from "../config.ts";
import { isPortFree } from "../processes/free-port.ts";
import { askHealth } from "../processes/health.ts";
import { findPortOwner, type PortOwner } from "../processes/port-owner.ts";

/** The ports that this run will use; all were free a moment ago. */
export interface UpPorts {
  readonly gateway: number;
  readonly dashboard: number;
  readonly otlpHttp: number;
  readonly jaeger: number;
  readonly prometheus: number;
  readonly otlpGrpc: number;
  readonly jaegerThrift: number;
  readonly exactServer: number;
  /** 3005 was taken, so the dashboard moved to 3006. */
  readonly dashboardMoved: boolean;
}

interface TakenPort {
  readonly port: number;
  readonly row: Port;
  readonly owner: PortOwner | undefined;
  /** A running instance of this product holds it. */
  readonly ours: boolean;
}

/**
 * Checks every port before anything is started.
 * @throws {PORT_IN_USE} one message with all taken ports, their owners and the variables that move them.
 */
export async function checkPorts(config: CliConfig): Promise<UpPorts> {
  const { gatewayHost, serverHost } = config;
  const taken: TakenPort[] = [];
  const need = async (port: number, row: Port, host: string): Promise<void> => {
    if (!(await isPortFree(port, host))) taken.push(await describe(port, row, host));
  };
  await need(config.gatewayPort, PORTS.gateway, gatewayHost);
  const dashboard = await chooseDashboardPort(config);
  if (dashboard === undefined) await need(PORTS.dashboard.port, PORTS.dashboard, serverHost);
  else await need(dashboard.port, PORTS.dashboard, serverHost);
  await need(config.otlpHttpPort, PORTS.otlpHttp, serverHost);
  await need(config.jaegerPort, PORTS.jaegerQuery, serverHost);
  await need(config.prometheusPort, PORTS.prometheusQuery, serverHost);
  await need(config.otlpGrpcPort, PORTS.otlpGrpc, serverHost);
  await need(config.jaegerThriftPort, PORTS.jaegerThrift, serverHost);
  await need(config.exactServerPort, PORTS.exactServer, "127.0.0.1");
  if (taken.length > 0) throw portsTaken(taken);
  return {
    gateway: config.gatewayPort,
    dashboard: dashboard?.port ?? PORTS.dashboard.port,
    dashboardMoved: dashboard?.moved === true,
    otlpHttp: config.otlpHttpPort,
    jaeger: config.jaegerPort,
    prometheus: config.prometheusPort,
    otlpGrpc: config.otlpGrpcPort,
    jaegerThrift: config.jaegerThriftPort,
    exactServer: config.exactServerPort,
  };
}

/** The configured port; else 3005; else 3006, which is where the dashboard lives beside Grafana. */
async function chooseDashboardPort(
  config: CliConfig,
): Promise<{ readonly port: number; readonly moved: boolean } | undefined> {
  if (config.dashboardPort !== undefined) return { port: config.dashboardPort, moved: false };
  if (await isPortFree(PORTS.dashboard.port, config.serverHost)) return { port: PORTS.dashboard.port, moved: false };
  const { port } = PORTS.dashboardBesideGrafana;
  return (await isPortFree(port, config.serverHost)) ? { port, moved: true } : undefined;
}

async function describe(port: number, row: Port, host: string): Promise<TakenPort> {
  const owner = findPortOwner(port);
  const health = await askHealth(`http://${host}:${port}/health`);
  return { port, row, owner, ours: isOurs(health.status === "up" ? health.body : undefined, owner) };
}

/** Whether a health answer, or the command line of the owner, is that of this product. */
export function isOurs(healthBody: unknown, owner: PortOwner | undefined): boolean {
  if (typeof healthBody === "object" && healthBody !== null && "service" in healthBody) {
    if (typeof healthBody.service === "string" && healthBody.service.startsWith("nexent-")) return true;
  }
  return owner !== undefined && /(monitor-)?(gateway|server|cli)\/dist\/main\.js|nexent-monitor/.test(owner.command);
}

function portsTaken(taken: readonly TakenPort[]): MonitorError {
  const lines = taken.map(({ port, row, owner, ours }) => {
    const holder = owner === undefined ? "another process" : `process ${owner.pid} (${owner.command})`;
    const name = ours ? `a running Nexent LLM Monitor, ${holder}` : holder;
    return `  ${port} (${row.purpose}) is held by ${name}; ${row.variable} moves it`;
  });
  const title = taken.length === 1 ? "a port is taken:" : `${taken.length} ports are taken:`;
  const hint = taken.some((port) => port.ours)
    ? "Nexent LLM Monitor is already running: use it (nexent-monitor status shows its addresses), or stop it first."
    : "Stop what holds them, or set the named variables to free ports.";
  return new MonitorError("PORT_IN_USE", [title, ...lines].join("\n"), { hint });
}
