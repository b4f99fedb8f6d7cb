/** The upstreams of a gateway, put together from presets, file and environment. */
import type { UpstreamConfig } from "../upstream/upstream.ts";
import type { Environment, EnvironmentSettings } from "./environment.ts";
import type { FileSettings, UpstreamSettings } from "./file.ts";
import { PRESETS } from "./presets.ts";

/** Where the settings come from. */
export interface UpstreamSources {
  readonly env: Environment;
  readonly variables: EnvironmentSettings;
  readonly file: FileSettings;
  /** Others can reach the listener: only what is configured exists. */
  readonly exposed: boolean;
}

/** The one-upstream variables are settings of the upstream `openai`. */
function openaiVariables(variables: EnvironmentSettings): UpstreamSettings {
  const { UPSTREAM_BASE_URL: baseUrl, UPSTREAM_PROVIDER: provider, UPSTREAM_MODELS: models } = variables;
  return {
    ...(baseUrl !== undefined && { baseUrl }),
    ...(provider !== undefined && { provider }),
    ...(models !== undefined && { models }),
    ...(variables.UPSTREAM_API_KEY !== undefined && { apiKeyEnv: "UPSTREAM_API_KEY" }),
  };
}

function heldKey(name: string, settings: UpstreamSettings, env: Environment, problems: string[]): string | undefined {
  if (settings.apiKeyEnv === undefined) return undefined;
  const key = env[settings.apiKeyEnv]?.trim();
  if (key === undefined || key === "") {
    problems.push(`upstream ${name}: the variable ${settings.apiKeyEnv} is to hold its key and is not set`);
    return undefined;
  }
  return key;
}

function usagePolicy({ variables, file }: UpstreamSources): UpstreamConfig["usage"] {
  const switched = variables.LLM_MONITOR_INJECT_USAGE;
  if (switched !== undefined) return switched ? "inject" : "observe";
  return file.usage ?? "inject";
}

/** One upstream with everything it does not say itself; undefined when it says too little. */
function complete(
  name: string,
  settings: UpstreamSettings,
  sources: UpstreamSources,
  problems: string[],
): UpstreamConfig | undefined {
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  const prefix = settings.prefix ?? preset?.prefix ?? `/${name}`;
  const baseUrl = settings.baseUrl ?? preset?.baseUrl;
  if (baseUrl === undefined) {
    problems.push(`upstream ${name}: baseUrl is missing`);
    return undefined;
  }
  const apiKey = heldKey(name, settings, sources.env, problems);
  const authHeader = settings.authHeader?.toLowerCase() ?? preset?.authHeader;
  return {
    name,
    prefix,
    baseUrl,
    provider: settings.provider ?? preset?.provider ?? name,
    format: settings.format ?? "auto",
    usage: settings.usage ?? usagePolicy(sources),
    tracing: settings.tracing ?? "pass",
    stall: settings.stall ?? sources.variables.GATEWAY_STALL ?? sources.file.stall ?? "observe",
    models: settings.models ?? [],
    streamIdleTimeoutMs: settings.streamIdleTimeoutMs ?? 0,
    ...(apiKey !== undefined && { apiKey }),
    ...(authHeader !== undefined && { authHeader }),
  };
}

/** The built-in model speaks every format, so its whole server is served where its address allows it. */
function exactSettings(baseUrl: string): UpstreamSettings {
  const root = /^(.*)\/v1\/?$/.exec(baseUrl)?.[1];
  return root === undefined ? { prefix: "/exact/v1", baseUrl } : { prefix: "/exact", baseUrl: root };
}

/** Names of all upstreams, presets first. */
function namesOf(sources: UpstreamSources): string[] {
  const configured = Object.keys(sources.file.upstreams ?? {});
  const { UPSTREAM_BASE_URL, UPSTREAM_API_KEY } = sources.variables;
  if (UPSTREAM_BASE_URL !== undefined || UPSTREAM_API_KEY !== undefined) configured.push("openai");
  return [...new Set([...(sources.exposed ? [] : Object.keys(PRESETS)), ...configured])];
}

/** Every upstream that is served. Problems are added to `problems`, each a sentence. */
export function readUpstreams(sources: UpstreamSources, problems: string[]): UpstreamConfig[] {
  const upstreams: UpstreamConfig[] = [];
  for (const name of namesOf(sources)) {
    const settings = {
      ...sources.file.upstreams?.[name],
      ...(name === "openai" && openaiVariables(sources.variables)),
    };
    if (settings.enabled === false) continue;
    const upstream = complete(name, settings, sources, problems);
    if (upstream !== undefined) upstreams.push(upstream);
  }
  const exact = sources.variables.GATEWAY_EXACT_BASE_URL;
  if (exact !== undefined) {
    const upstream = complete("exact", exactSettings(exact), sources, problems);
    if (upstream !== undefined) upstreams.push(upstream);
  }
  return upstreams;
}
