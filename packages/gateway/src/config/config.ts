/** Settings of the gateway, from environment variables and an optional file, checked once. All problems are in one message. */
import { isLoopbackName, LIMITS, MonitorError, PORTS } from "@nexent/monitor-core";
import type { UpstreamConfig } from "../upstream/upstream.ts";
import { baseUrlProblem, pointsAt } from "./base-url.ts";
import { readEnvironment, readTokenFile, type Environment } from "./environment.ts";
import { readConfigFile } from "./file.ts";
import { readUpstreams } from "./upstreams.ts";

/** Everything the gateway is told; frozen, never read again from the environment. */
export interface GatewayConfig {
  /** Address to bind; default `127.0.0.1`. */
  readonly host: string;
  /** Port to bind; 0 picks a free one. Default 8000. */
  readonly port: number;
  readonly upstreams: readonly UpstreamConfig[];
  /** Accepted gateway tokens; empty: everybody on the bound address may use the gateway. */
  readonly tokens: readonly string[];
  /** Processes that relay; default 1. */
  readonly workers: number;
  /** How long running streams may finish after SIGTERM; default 30 s. */
  readonly drainTimeoutMs: number;
  /** Longest request body that is read whole; a longer one streams through. Default 8 MiB. */
  readonly bufferedBodyBytes: number;
  /** Requests that may be open at once; default 10,000. */
  readonly openRequests: number;
  /** One line per request at level `info`; default off, on with the level `debug`. */
  readonly accessLog: boolean;
  /** What `/inflight` asks for, and `/metrics` of who is not on this host; absent: `/inflight` answers this host alone. */
  readonly readToken: string | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Host names served besides loopback names. */
  readonly allowedHosts: readonly string[];
  /** Browser origins served besides our own. */
  readonly allowedOrigins: readonly string[];
}

/** Paths the gateway answers itself. */
const OWN_PATHS = ["/metrics", "/health", "/readyz", "/inflight"] as const;

/**
 * Checks upstreams that were put together in code or by {@link readGatewayConfig}.
 * @returns one sentence per problem.
 */
export function upstreamProblems(config: GatewayConfig): string[] {
  const problems: string[] = [];
  const prefixes = new Set<string>();
  for (const upstream of config.upstreams) {
    const where = `upstream ${upstream.name}`;
    const url = baseUrlProblem(upstream.baseUrl);
    if (url !== undefined) problems.push(`${where}: the base URL ${url}`);
    else if (pointsAt(upstream.baseUrl, config.host, config.port)) {
      problems.push(`${where}: the base URL is the gateway's own address`);
    }
    if (!/^(\/[\w.~-]+)+$/.test(upstream.prefix))
      problems.push(`${where}: the prefix ${upstream.prefix} is not a plain path`);
    if (prefixes.has(upstream.prefix)) problems.push(`${where}: the prefix ${upstream.prefix} is taken`);
    prefixes.add(upstream.prefix);
    if (OWN_PATHS.some((path) => path === upstream.prefix))
      problems.push(`${where}: ${upstream.prefix} is a path of the gateway`);
    if (upstream.apiKey !== undefined && config.tokens.length === 0) {
      problems.push(`${where}: a held provider key needs a gateway token; set GATEWAY_TOKENS`);
    }
  }
  return problems;
}

/**
 * Environment and file -> frozen settings. Order: variable, key of the file, default.
 * @throws {CONFIG_INVALID} with every problem in one message.
 */
export function readGatewayConfig(env: Environment): GatewayConfig {
  const problems: string[] = [];
  const variables = readEnvironment(env, problems);
  const file = readConfigFile(variables.GATEWAY_CONFIG, problems);
  const host = variables.GATEWAY_HOST ?? file.listen?.host ?? "127.0.0.1";
  const config: GatewayConfig = Object.freeze({
    host,
    port: variables.GATEWAY_PORT ?? file.listen?.port ?? PORTS.gateway.port,
    upstreams: readUpstreams({ env, variables, file, exposed: !isLoopbackName(host) }, problems),
    tokens: [...variables.GATEWAY_TOKENS, ...readTokenFile(variables.GATEWAY_TOKENS_FILE, problems)],
    workers: variables.GATEWAY_WORKERS ?? file.workers ?? 1,
    drainTimeoutMs: variables.GATEWAY_DRAIN_TIMEOUT_MS ?? file.drainTimeoutMs ?? LIMITS.gatewayDrainTimeoutMs,
    bufferedBodyBytes: file.limits?.bufferedBodyBytes ?? LIMITS.gatewayBufferedBodyBytes,
    openRequests: file.limits?.openRequests ?? LIMITS.gatewayOpenRequests,
    accessLog: variables.GATEWAY_ACCESS_LOG ?? file.accessLog ?? variables.GATEWAY_LOG_LEVEL === "debug",
    readToken: variables.LLM_MONITOR_READ_TOKEN,
    logLevel: variables.GATEWAY_LOG_LEVEL,
    allowedHosts: variables.LLM_MONITOR_ALLOWED_HOSTS,
    allowedOrigins: variables.LLM_MONITOR_ALLOWED_ORIGINS,
  });
  problems.push(...upstreamProblems(config));
  if (config.upstreams.length === 0 && problems.length === 0) {
    problems.push(`no upstream is configured; on ${host} only those named in the configuration exist`);
  }
  if (problems.length > 0) {
    throw new MonitorError("CONFIG_INVALID", `the gateway cannot start:\n  ${problems.join("\n  ")}`, {
      hint: "correct these settings and start again",
    });
  }
  return config;
}
