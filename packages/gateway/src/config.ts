/** Settings of the gateway, from environment variables, checked once. All problems are in one message. */
import { readFileSync } from "node:fs";
import { isLoopbackName, LIMITS, MonitorError, PORTS } from "@nexent/monitor-core";
import { z } from "zod";
import type { UpstreamConfig } from "./upstream/upstream.ts";

/** Everything the gateway is told; frozen, never read again from the environment. */
export interface GatewayConfig {
  /** Address to bind; default `127.0.0.1`. */
  readonly host: string;
  /** Port to bind; 0 picks a free one. Default 8000. */
  readonly port: number;
  readonly upstreams: readonly UpstreamConfig[];
  /** Accepted gateway tokens; empty: everybody on the bound address may use the gateway. */
  readonly tokens: readonly string[];
  /** How long running streams may finish after SIGTERM; default 30 s. */
  readonly drainTimeoutMs: number;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  /** Host names served besides loopback names. */
  readonly allowedHosts: readonly string[];
  /** Browser origins served besides our own. */
  readonly allowedOrigins: readonly string[];
}

const TOKEN_CHARACTERS = 32;

function list(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function baseUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "is not a URL";
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "must begin with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must not carry credentials; use UPSTREAM_API_KEY";
  if (url.search !== "" || url.hash !== "") return "must not carry a query or a fragment";
  return undefined;
}

const baseUrl = z.string().superRefine((text, context) => {
  const problem = baseUrlProblem(text);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const token = z.string().min(TOKEN_CHARACTERS, `a token needs at least ${TOKEN_CHARACTERS} characters`);
const milliseconds = z.coerce.number().int().min(0).max(3_600_000);

const SCHEMA = z.object({
  GATEWAY_HOST: z.string().default("127.0.0.1"),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(PORTS.gateway.port),
  UPSTREAM_BASE_URL: baseUrl.default("https://api.openai.com/v1"),
  UPSTREAM_PROVIDER: z
    .string()
    .regex(/^[\w.:/-]{1,64}$/, "must be a short name such as openai or vllm")
    .default("openai"),
  UPSTREAM_API_KEY: z.string().optional(),
  UPSTREAM_MODELS: z.string().transform(list).default([]),
  GATEWAY_EXACT_BASE_URL: baseUrl.optional(),
  GATEWAY_TOKENS: z.string().transform(list).pipe(z.array(token)).default([]),
  GATEWAY_TOKENS_FILE: z.string().optional(),
  GATEWAY_DRAIN_TIMEOUT_MS: milliseconds.default(LIMITS.gatewayDrainTimeoutMs),
  GATEWAY_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  LLM_MONITOR_INJECT_USAGE: z.stringbool().default(true),
  LLM_MONITOR_ALLOWED_HOSTS: z.string().transform(list).default([]),
  LLM_MONITOR_ALLOWED_ORIGINS: z.string().transform(list).default([]),
});

type Settings = z.infer<typeof SCHEMA>;

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable is unset. */
function given(env: Environment): Record<string, string> {
  const known: Record<string, string> = {};
  for (const name of Object.keys(SCHEMA.shape)) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== "") known[name] = value;
  }
  return known;
}

function fileTokens(path: string | undefined, problems: string[]): string[] {
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    problems.push(`GATEWAY_TOKENS_FILE: ${path} cannot be read`);
    return [];
  }
  const tokens = list(text);
  if (tokens.some((candidate) => candidate.length < TOKEN_CHARACTERS)) {
    problems.push(`GATEWAY_TOKENS_FILE: a token needs at least ${TOKEN_CHARACTERS} characters`);
  }
  return tokens;
}

function upstreamsOf(settings: Settings): UpstreamConfig[] {
  const usage = settings.LLM_MONITOR_INJECT_USAGE ? "inject" : "observe";
  const upstreams: UpstreamConfig[] = [
    {
      name: "openai",
      prefix: "/v1",
      baseUrl: settings.UPSTREAM_BASE_URL,
      provider: settings.UPSTREAM_PROVIDER,
      usage,
      models: settings.UPSTREAM_MODELS,
      ...(settings.UPSTREAM_API_KEY !== undefined && { apiKey: settings.UPSTREAM_API_KEY }),
    },
  ];
  if (settings.GATEWAY_EXACT_BASE_URL !== undefined) {
    const exact = { name: "exact", prefix: "/exact/v1", baseUrl: settings.GATEWAY_EXACT_BASE_URL, provider: "exact" };
    upstreams.push({ ...exact, usage, models: [] });
  }
  return upstreams;
}

/** Whether `baseUrl` leads back to the listener itself. */
function pointsAt(baseUrlText: string, host: string, port: number): boolean {
  const url = new URL(baseUrlText);
  const urlPort = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (port === 0 || urlPort !== port) return false;
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const wildcard = host === "0.0.0.0" || host === "::";
  return name === host || (isLoopbackName(name) && (wildcard || isLoopbackName(host)));
}

/** Paths the gateway answers itself. */
const OWN_PATHS = ["/metrics", "/health", "/readyz"] as const;

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
 * Environment -> frozen settings.
 * @throws {CONFIG_INVALID} with every problem in one message.
 */
export function readGatewayConfig(env: Environment): GatewayConfig {
  const parsed = SCHEMA.safeParse(given(env));
  if (!parsed.success) {
    throw invalid(parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`));
  }
  const settings = parsed.data;
  const problems: string[] = [];
  const config: GatewayConfig = Object.freeze({
    host: settings.GATEWAY_HOST,
    port: settings.GATEWAY_PORT,
    upstreams: upstreamsOf(settings),
    tokens: [...settings.GATEWAY_TOKENS, ...fileTokens(settings.GATEWAY_TOKENS_FILE, problems)],
    drainTimeoutMs: settings.GATEWAY_DRAIN_TIMEOUT_MS,
    logLevel: settings.GATEWAY_LOG_LEVEL,
    allowedHosts: settings.LLM_MONITOR_ALLOWED_HOSTS,
    allowedOrigins: settings.LLM_MONITOR_ALLOWED_ORIGINS,
  });
  problems.push(...upstreamProblems(config));
  if (problems.length > 0) throw invalid(problems);
  return config;
}

function invalid(problems: readonly string[]): MonitorError {
  return new MonitorError("CONFIG_INVALID", `the gateway cannot start:\n  ${problems.join("\n  ")}`, {
    hint: "correct these variables and start again",
  });
}
