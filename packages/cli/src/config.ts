import { MonitorError, PORTS } from "@nexent/monitor-core";
import { z } from "zod";

const NO_PORT = "must be a port number from 1 to 65535";
const port = z.coerce.number(NO_PORT).int(NO_PORT).min(1, NO_PORT).max(65_535, NO_PORT);

function portVariable(defaultPort: number): z.ZodType<number> {
  return z.preprocess((value) => value ?? defaultPort, port);
}

const schema = z.object({
  GATEWAY_PORT: portVariable(PORTS.gateway.port),
  LLM_MONITOR_DASHBOARD_PORT: port.optional(),
  LLM_MONITOR_OTLP_HTTP_PORT: portVariable(PORTS.otlpHttp.port),
  LLM_MONITOR_JAEGER_PORT: portVariable(PORTS.jaegerQuery.port),
  LLM_MONITOR_PROMETHEUS_PORT: portVariable(PORTS.prometheusQuery.port),
  LLM_MONITOR_OTLP_GRPC_PORT: portVariable(PORTS.otlpGrpc.port),
  LLM_MONITOR_JAEGER_THRIFT_PORT: portVariable(PORTS.jaegerThrift.port),
  EXACT_SERVER_PORT: portVariable(PORTS.exactServer.port),
  GATEWAY_HOST: z.string().default("127.0.0.1"),
  LLM_MONITOR_BIND: z.string().default("127.0.0.1"),
  UPSTREAM_BASE_URL: z.string().default("https://api.openai.com/v1"),
  LLM_MONITOR_PASSWORD: z.string().default("admin"),
  LLM_MONITOR_DATA_DIR: z.string().default(".nexent/data"),
});

/** What the commands read from the environment. */
export interface CliConfig {
  readonly gatewayPort: number;
  /** `undefined`: 3005, or 3006 when that is taken. */
  readonly dashboardPort: number | undefined;
  readonly otlpHttpPort: number;
  readonly jaegerPort: number;
  readonly prometheusPort: number;
  readonly otlpGrpcPort: number;
  readonly jaegerThriftPort: number;
  readonly exactServerPort: number;
  /** Where the gateway is reached from this host: its bind address, or loopback when it listens everywhere. */
  readonly gatewayHost: string;
  /** The same for the server. */
  readonly serverHost: string;
  /** Shown at start; the gateway checks it. */
  readonly upstreamBaseUrl: string;
  /** As given, relative to the working folder; default `.nexent/data`. */
  readonly dataDir: string;
  /** With which `data` signs in. */
  readonly password: string;
}

/**
 * Reads the environment; an empty variable is unset.
 * @throws {CONFIG_INVALID} with every bad variable in one message.
 */
export function readCliConfig(env: Readonly<Record<string, string | undefined>>): CliConfig {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ""),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const name = issue.path.join(".");
      return `${name}="${String(given[name])}" ${issue.message}`;
    });
    throw invalid(problems);
  }
  const { data } = parsed;
  const doubled = doubledPorts(data);
  if (doubled.length > 0) throw invalid(doubled);
  return Object.freeze({
    gatewayPort: data.GATEWAY_PORT,
    dashboardPort: data.LLM_MONITOR_DASHBOARD_PORT,
    otlpHttpPort: data.LLM_MONITOR_OTLP_HTTP_PORT,
    jaegerPort: data.LLM_MONITOR_JAEGER_PORT,
    prometheusPort: data.LLM_MONITOR_PROMETHEUS_PORT,
    otlpGrpcPort: data.LLM_MONITOR_OTLP_GRPC_PORT,
    jaegerThriftPort: data.LLM_MONITOR_JAEGER_THRIFT_PORT,
    exactServerPort: data.EXACT_SERVER_PORT,
    gatewayHost: reachableHost(data.GATEWAY_HOST),
    serverHost: reachableHost(data.LLM_MONITOR_BIND),
    upstreamBaseUrl: data.UPSTREAM_BASE_URL,
    dataDir: data.LLM_MONITOR_DATA_DIR,
    password: data.LLM_MONITOR_PASSWORD,
  });
}

function invalid(problems: readonly string[]): MonitorError {
  return new MonitorError("CONFIG_INVALID", problems.join("\n"), {
    hint: "Correct or unset these environment variables.",
  });
}

function doubledPorts(data: z.output<typeof schema>): readonly string[] {
  const names = [
    "GATEWAY_PORT",
    "LLM_MONITOR_DASHBOARD_PORT",
    "LLM_MONITOR_OTLP_HTTP_PORT",
    "LLM_MONITOR_JAEGER_PORT",
    "LLM_MONITOR_PROMETHEUS_PORT",
    "LLM_MONITOR_OTLP_GRPC_PORT",
    "LLM_MONITOR_JAEGER_THRIFT_PORT",
    "EXACT_SERVER_PORT",
  ] as const;
  return names.flatMap((name, index) => {
    const twin = names.slice(0, index).find((earlier) => data[earlier] !== undefined && data[earlier] === data[name]);
    return twin === undefined ? [] : [`${twin} and ${name} are both ${String(data[name])}`];
  });
}

function reachableHost(bind: string): string {
  return bind === "0.0.0.0" || bind === "::" || bind === "localhost" ? "127.0.0.1" : bind;
}
