import { PORTS } from "@nexent/monitor-core";
import { readCliConfig, type CliConfig } from "../config.ts";

/** Where doctor looks. */
export interface Stack {
  readonly config: CliConfig;
  readonly gatewayUrl: string;
  /** Our dashboard, or Grafana in its place: the first that answers. */
  readonly dashboardUrls: readonly string[];
  readonly jaegerUrl: string;
  readonly prometheusUrl: string;
  readonly exactUrl: string;
}

/** Addresses that the environment names, else those of a default installation. @throws {CONFIG_INVALID} */
export function stackOf(env: Readonly<Record<string, string | undefined>>, prometheusUrl: string | undefined): Stack {
  const config = readCliConfig(env);
  const dashboardPorts =
    config.dashboardPort === undefined
      ? [PORTS.dashboard.port, PORTS.dashboardBesideGrafana.port]
      : [config.dashboardPort];
  return {
    config,
    gatewayUrl: `http://${config.gatewayHost}:${config.gatewayPort}`,
    dashboardUrls: dashboardPorts.map((port) => `http://${config.serverHost}:${port}`),
    jaegerUrl: `http://${config.serverHost}:${config.jaegerPort}`,
    prometheusUrl: prometheusUrl ?? `http://${config.serverHost}:${config.prometheusPort}`,
    exactUrl: `http://127.0.0.1:${config.exactServerPort}`,
  };
}

/** What is running of either stack. */
export interface Running {
  readonly gateway: boolean;
  /** Address of our own server's dashboard. */
  readonly serverUrl: string | undefined;
  readonly jaeger: boolean;
  readonly prometheus: boolean;
  readonly exact: boolean;
}
