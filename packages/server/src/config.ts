import { isIP } from "node:net";
import { resolve } from "node:path";
import { LIMITS, MonitorError, PORTS } from "@nexent/monitor-core";
import { z } from "zod";
import { isLoopbackAddress, isLoopbackHost } from "./host-origin.ts";
import { parseScrapeTargets, type ScrapeTarget } from "./scrape-targets.ts";

/** A point at which a test lets the server kill itself. */
export interface Failpoint {
  readonly name: string;
  /** At which pass, from 1. */
  readonly pass: number;
}

/** Settings of one server, read once and passed down. */
export interface ServerConfig {
  readonly bind: string;
  readonly isLoopbackBind: boolean;
  /** Unset: 3005, else 3006. */
  readonly dashboardPort: number | undefined;
  readonly otlpHttpPort: number;
  readonly otlpGrpcPort: number;
  readonly jaegerThriftPort: number;
  /** Absolute; unset = memory only. */
  readonly dataDir: string | undefined;
  readonly durability: "fsync" | "write" | "memory";
  readonly diskReserveBytes: number;
  /** Unset: what the control group, the host and the heap allow; 0 = as much as there is. */
  readonly memoryBudgetBytes: number | undefined;
  readonly retentionDays: number;
  readonly retentionBytes: number;
  readonly ingestToken: string | undefined;
  readonly jaegerPort: number;
  readonly prometheusPort: number;
  /** What readers of the query APIs present, and what the gateway is shown when it is asked for its open calls. */
  readonly readToken: string | undefined;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly gatewayUrl: string;
  readonly webDir: string | undefined;
  /** Whose `/metrics` is read into the metric store. */
  readonly scrapeTargets: readonly ScrapeTarget[];
  /** Time between two scrapes of a target, and the longest one may take. */
  readonly scrapeIntervalMs: number;
  readonly slowRequestSeconds: number;
  readonly slowTokenRate: number;
  readonly failpoint: Failpoint | undefined;
}

const MIN_TOKEN_CHARS = 32;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const port = z.coerce.number().int().min(0).max(65_535);
const list = z
  .string()
  .transform((text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  )
  .default([]);
const token = z.string().min(MIN_TOKEN_CHARS, `must have at least ${MIN_TOKEN_CHARS} characters`).optional();
const positive = z.coerce.number().positive().finite();

const failpoint = z
  .string()
  .regex(/^[a-z]+(-[a-z]+)*:[1-9][0-9]*$/, "must be <name>:<n>, as journal-before-sync:3")
  .transform((text): Failpoint => {
    const at = text.lastIndexOf(":");
    return { name: text.slice(0, at), pass: Number(text.slice(at + 1)) };
  });

const scrapeTargets = list.transform((items, context): readonly ScrapeTarget[] => {
  const parsed = parseScrapeTargets(items);
  if ("targets" in parsed) return parsed.targets;
  for (const message of parsed.problems) context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const schema = z.object({
  LLM_MONITOR_BIND: z.string().default("127.0.0.1"),
  LLM_MONITOR_DASHBOARD_PORT: port.optional(),
  LLM_MONITOR_OTLP_HTTP_PORT: port.default(PORTS.otlpHttp.port),
  LLM_MONITOR_JAEGER_PORT: port.default(PORTS.jaegerQuery.port),
  LLM_MONITOR_PROMETHEUS_PORT: port.default(PORTS.prometheusQuery.port),
  LLM_MONITOR_OTLP_GRPC_PORT: port.default(PORTS.otlpGrpc.port),
  LLM_MONITOR_JAEGER_THRIFT_PORT: port.default(PORTS.jaegerThrift.port),
  LLM_MONITOR_DATA_DIR: z.string().default(".nexent/data"),
  LLM_MONITOR_DURABILITY: z.enum(["fsync", "write", "memory"]).default("fsync"),
  LLM_MONITOR_DISK_RESERVE_MIB: z.coerce.number().min(0).default(256),
  LLM_MONITOR_MEMORY_BUDGET_MIB: z.coerce.number().min(0).optional(),
  LLM_MONITOR_RETENTION_DAYS: positive.default(15),
  LLM_MONITOR_RETENTION_GIB: positive.default(20),
  LLM_MONITOR_INGEST_TOKEN: token,
  LLM_MONITOR_READ_TOKEN: token,
  LLM_MONITOR_ALLOWED_HOSTS: list,
  LLM_MONITOR_ALLOWED_ORIGINS: list,
  LLM_MONITOR_GATEWAY_URL: z.url({ protocol: /^https?$/ }).default(`http://127.0.0.1:${PORTS.gateway.port}`),
  LLM_MONITOR_WEB_DIR: z.string().optional(),
  LLM_MONITOR_SCRAPE_TARGETS: scrapeTargets,
  LLM_MONITOR_SCRAPE_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(LIMITS.scrapeIntervalMinMs)
    .max(LIMITS.scrapeIntervalMaxMs)
    .default(LIMITS.scrapeIntervalMs),
  LLM_SLOW_REQUEST_THRESHOLD_SECONDS: positive.default(5),
  LLM_SLOW_TOKEN_RATE_THRESHOLD: positive.default(10),
  LLM_MONITOR_FAILPOINT: failpoint.optional(),
});
type Settings = z.infer<typeof schema>;

/** Every variable the server reads. */
export const SERVER_VARIABLES: readonly string[] = Object.keys(schema.shape);

/**
 * Reads the environment. An empty variable is unset.
 * @throws {CONFIG_INVALID} with every problem in one message.
 */
export function readServerConfig(env: Readonly<Record<string, string | undefined>>): ServerConfig {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ""),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw invalid(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  const settings = parsed.data;
  // Behind a name that is not loopback stands a proxy, and every peer looks local then.
  const isLoopbackBind =
    isLoopback(settings.LLM_MONITOR_BIND) && settings.LLM_MONITOR_ALLOWED_HOSTS.every(isLoopbackHost);
  const problems = isLoopbackBind ? [] : exposureProblems(settings);
  if (problems.length > 0) throw invalid(problems);
  return Object.freeze({
    bind: settings.LLM_MONITOR_BIND,
    isLoopbackBind,
    dashboardPort: settings.LLM_MONITOR_DASHBOARD_PORT,
    otlpHttpPort: settings.LLM_MONITOR_OTLP_HTTP_PORT,
    otlpGrpcPort: settings.LLM_MONITOR_OTLP_GRPC_PORT,
    jaegerThriftPort: settings.LLM_MONITOR_JAEGER_THRIFT_PORT,
    dataDir: resolve(settings.LLM_MONITOR_DATA_DIR),
    durability: settings.LLM_MONITOR_DURABILITY,
    diskReserveBytes: settings.LLM_MONITOR_DISK_RESERVE_MIB * MIB,
    memoryBudgetBytes: bytesOf(settings.LLM_MONITOR_MEMORY_BUDGET_MIB),
    retentionDays: settings.LLM_MONITOR_RETENTION_DAYS,
    retentionBytes: settings.LLM_MONITOR_RETENTION_GIB * GIB,
    ingestToken: settings.LLM_MONITOR_INGEST_TOKEN,
    jaegerPort: settings.LLM_MONITOR_JAEGER_PORT,
    prometheusPort: settings.LLM_MONITOR_PROMETHEUS_PORT,
    readToken: settings.LLM_MONITOR_READ_TOKEN,
    allowedHosts: settings.LLM_MONITOR_ALLOWED_HOSTS,
    allowedOrigins: settings.LLM_MONITOR_ALLOWED_ORIGINS,
    gatewayUrl: settings.LLM_MONITOR_GATEWAY_URL.replace(/\/+$/, ""),
    scrapeTargets: settings.LLM_MONITOR_SCRAPE_TARGETS,
    scrapeIntervalMs: settings.LLM_MONITOR_SCRAPE_INTERVAL_MS,
    webDir: settings.LLM_MONITOR_WEB_DIR === undefined ? undefined : resolve(settings.LLM_MONITOR_WEB_DIR),
    slowRequestSeconds: settings.LLM_SLOW_REQUEST_THRESHOLD_SECONDS,
    slowTokenRate: settings.LLM_SLOW_TOKEN_RATE_THRESHOLD,
    failpoint: settings.LLM_MONITOR_FAILPOINT,
  });
}

function bytesOf(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined ? undefined : mebibytes * MIB;
}

/** `localhost` and loopback addresses; a name that could resolve elsewhere counts as exposed. */
function isLoopback(bind: string): boolean {
  return bind === "localhost" || (isIP(bind) !== 0 && isLoopbackAddress(bind));
}

/** What an address that others can reach needs first. The default password is checked once the users are read. */
function exposureProblems(settings: Settings): string[] {
  const bind = isLoopback(settings.LLM_MONITOR_BIND)
    ? `LLM_MONITOR_ALLOWED_HOSTS=${settings.LLM_MONITOR_ALLOWED_HOSTS.join(",")}`
    : `LLM_MONITOR_BIND=${settings.LLM_MONITOR_BIND}`;
  const receiverPorts = [
    settings.LLM_MONITOR_OTLP_HTTP_PORT,
    settings.LLM_MONITOR_OTLP_GRPC_PORT,
    settings.LLM_MONITOR_JAEGER_THRIFT_PORT,
  ];
  const problems: string[] = [];
  if (settings.LLM_MONITOR_INGEST_TOKEN === undefined) {
    problems.push(
      `${bind} exposes :${receiverPorts.join(", :")}, but no ingest token is set. ` +
        `Set LLM_MONITOR_INGEST_TOKEN to at least ${MIN_TOKEN_CHARS} random characters, or bind 127.0.0.1.`,
    );
  }
  if (settings.LLM_MONITOR_FAILPOINT !== undefined) {
    problems.push(`LLM_MONITOR_FAILPOINT kills the server on purpose and is refused with ${bind}.`);
  }
  return problems;
}

/** The refusal of a default password on an exposed address (reliability contract 7.2). */
export function defaultPasswordExposed(
  config: Pick<ServerConfig, "bind" | "allowedHosts">,
  dashboardPort: number,
): MonitorError {
  const cause = isLoopback(config.bind)
    ? `LLM_MONITOR_ALLOWED_HOSTS=${config.allowedHosts.join(",")}`
    : `LLM_MONITOR_BIND=${config.bind}`;
  return invalid([
    `${cause} exposes :${dashboardPort}, but the password of admin is still the default. ` +
      "Start once on 127.0.0.1 without other host names and change it there.",
  ]);
}

function invalid(problems: readonly string[]): MonitorError {
  return new MonitorError("CONFIG_INVALID", problems.join("\n"), {
    hint: "Correct the settings above and start again; nothing was changed.",
  });
}
