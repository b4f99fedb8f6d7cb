import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CliConfig } from "../config.ts";
import type { UpPorts } from "./check-ports.ts";
import type { SupervisedService } from "./supervisor.ts";

/** What the two programs are started with. */
export interface ServicePlan {
  readonly config: CliConfig;
  readonly ports: UpPorts;
  /** Passed on; what it sets wins over our defaults. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the built dashboard, if there is one. */
  readonly webDir: string | undefined;
}

// Together below the 10 s within which Ctrl-C must be done.
const GATEWAY_STOP_MS = 4_500;
const SERVER_STOP_MS = 5_000;
/**
 * Fewer, larger scavenges: most requests end before they are copied. They were a quarter of the server's CPU under load,
 * and the gateway's p99.
 */
const YOUNG_HEAP = ["--max-semi-space-size=32"];

/** Folder of the programs' logs: beside the data folder. */
export function logDirOf(config: CliConfig): string {
  return join(dirname(resolve(config.dataDir)), "logs");
}

/** Server and gateway, in start order: the gateway exports to the server. */
export function servicesOf(plan: ServicePlan): readonly SupervisedService[] {
  return [serverService(plan), gatewayService(plan)];
}

function serverService({ config, ports, env, webDir }: ServicePlan): SupervisedService {
  const base = `http://${config.serverHost}:${ports.dashboard}`;
  return {
    start: {
      name: "server",
      entry: fileURLToPath(import.meta.resolve("@nexent/monitor-server/main")),
      env: {
        ...env,
        LLM_MONITOR_DATA_DIR: config.dataDir,
        LLM_MONITOR_DASHBOARD_PORT: String(ports.dashboard),
        LLM_MONITOR_OTLP_HTTP_PORT: String(ports.otlpHttp),
        LLM_MONITOR_JAEGER_PORT: String(ports.jaeger),
        LLM_MONITOR_PROMETHEUS_PORT: String(ports.prometheus),
        LLM_MONITOR_OTLP_GRPC_PORT: String(ports.otlpGrpc),
        LLM_MONITOR_JAEGER_THRIFT_PORT: String(ports.jaegerThrift),
        ...defaults(env, { LLM_MONITOR_GATEWAY_URL: `http://${config.gatewayHost}:${ports.gateway}` }),
        LLM_MONITOR_SCRAPE_TARGETS: scrapeTargetsOf({ config, ports, env }),
        ...(webDir === undefined ? {} : { LLM_MONITOR_WEB_DIR: given(env, "LLM_MONITOR_WEB_DIR") ?? webDir }),
      },
      execArgv: YOUNG_HEAP,
      logPath: join(logDirOf(config), "server.log"),
    },
    readyUrls: [`${base}/health`, `${base}/ready`],
    stopGraceMs: SERVER_STOP_MS,
  };
}

function gatewayService({ config, ports, env }: ServicePlan): SupervisedService {
  return {
    start: {
      name: "gateway",
      entry: fileURLToPath(import.meta.resolve("@nexent/monitor-gateway/main")),
      env: {
        ...env,
        ...defaults(env, {
          ENABLE_TELEMETRY: "true",
          SERVICE_NAME: "nexent-gateway",
          GATEWAY_DRAIN_TIMEOUT_MS: String(GATEWAY_STOP_MS - 500),
        }),
        ...(hasDestination(env)
          ? {}
          : { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${config.serverHost}:${ports.otlpHttp}` }),
        GATEWAY_PORT: String(ports.gateway),
        GATEWAY_EXACT_BASE_URL: `http://127.0.0.1:${ports.exactServer}/v1`,
      },
      execArgv: YOUNG_HEAP,
      logPath: join(logDirOf(config), "gateway.log"),
    },
    readyUrls: [`http://${config.gatewayHost}:${ports.gateway}/health`],
    stopGraceMs: GATEWAY_STOP_MS,
  };
}

/** Our own two programs beside what the user wants to be scraped; `none` means none at all. */
function scrapeTargetsOf({ config, ports, env }: Pick<ServicePlan, "config" | "ports" | "env">): string {
  const wanted = given(env, "LLM_MONITOR_SCRAPE_TARGETS");
  if (wanted?.trim() === "none") return wanted;
  const own = [
    `nexent-gateway=http://${config.gatewayHost}:${ports.gateway}/metrics`,
    `nexent-server=http://${config.serverHost}:${ports.dashboard}/metrics`,
  ];
  return [...(wanted === undefined ? [] : [wanted]), ...own].join(",");
}

/** Whether the user chose where traces go; then it is not ours to say. */
function hasDestination(env: ServicePlan["env"]): boolean {
  return ["JAEGER_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"].some(
    (name) => given(env, name) !== undefined,
  );
}

function defaults(env: ServicePlan["env"], values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => given(env, name) === undefined));
}

function given(env: ServicePlan["env"], name: string): string | undefined {
  const value = env[name];
  return value === undefined || value.trim() === "" ? undefined : value;
}
