import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MonitorError } from "@nexent/monitor-core";
import { afterAll, describe, expect, it } from "vitest";
import { readGatewayConfig, upstreamProblems } from "./config.ts";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A file of its own; removed when all tests are done. */
function temporaryFile(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "gateway-config-"));
  folders.push(folder);
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function faultOf(env: Record<string, string>): MonitorError {
  try {
    readGatewayConfig(env);
  } catch (error) {
    if (error instanceof MonitorError) return error;
  }
  throw new Error("the configuration was accepted");
}

describe("gateway configuration", () => {
  it("serves OpenAI on loopback port 8000 with the usage request on when nothing is set", () => {
    const config = readGatewayConfig({ GATEWAY_PORT: "" });
    expect(config).toMatchObject({ host: "127.0.0.1", port: 8000, tokens: [], drainTimeoutMs: 30_000 });
    expect(config.upstreams.map(({ name, prefix }) => [name, prefix])).toEqual([
      ["openai", "/v1"],
      ["anthropic", "/anthropic"],
      ["gemini", "/gemini"],
      ["ollama", "/ollama"],
    ]);
    expect(config.upstreams[0]).toEqual({
      name: "openai",
      prefix: "/v1",
      baseUrl: "https://api.openai.com/v1",
      provider: "openai",
      authHeader: "authorization",
      format: "auto",
      usage: "inject",
      tracing: "pass",
      stall: "observe",
      models: [],
      streamIdleTimeoutMs: 0,
    });
  });

  it("takes one upstream from the environment and adds the exact-schedule server when its address is set", () => {
    const config = readGatewayConfig({
      UPSTREAM_BASE_URL: "http://vllm:9000/v1/",
      UPSTREAM_PROVIDER: "vllm",
      UPSTREAM_MODELS: "a, b",
      GATEWAY_EXACT_BASE_URL: "http://127.0.0.1:8009/v1",
      LLM_MONITOR_INJECT_USAGE: "false",
    });
    expect(config.upstreams.at(0)).toMatchObject({ provider: "vllm", usage: "observe", models: ["a", "b"] });
    expect(config.upstreams.at(-1)).toMatchObject({
      name: "exact",
      prefix: "/exact",
      baseUrl: "http://127.0.0.1:8009",
      provider: "exact",
      usage: "observe",
    });
  });

  it("names every bad setting in one message", () => {
    const fault = faultOf({ UPSTREAM_BASE_URL: "ftp://x", GATEWAY_PORT: "99999", LLM_MONITOR_INJECT_USAGE: "perhaps" });
    expect(fault.code).toBe("CONFIG_INVALID");
    for (const name of ["UPSTREAM_BASE_URL", "GATEWAY_PORT", "LLM_MONITOR_INJECT_USAGE"])
      expect(fault.message).toContain(name);
  });

  it("refuses credentials in a base URL without repeating them", () => {
    const fault = faultOf({ UPSTREAM_BASE_URL: "https://user:geheim@host/v1" });
    expect(fault.message).toContain("credentials");
    expect(fault.message).not.toContain("geheim");
  });

  it("36: refuses a base URL that leads back to its own listener", () => {
    expect(faultOf({ UPSTREAM_BASE_URL: "http://localhost:8000/v1" }).message).toContain("own address");
    expect(faultOf({ GATEWAY_HOST: "0.0.0.0", UPSTREAM_BASE_URL: "http://127.0.0.1:8000" }).message).toContain(
      "own address",
    );
  });

  it("35: refuses a held key without a gateway token, and short tokens", () => {
    expect(faultOf({ UPSTREAM_API_KEY: "sk-secret" }).message).toContain("GATEWAY_TOKENS");
    expect(faultOf({ UPSTREAM_API_KEY: "sk-secret" }).message).not.toContain("sk-secret");
    expect(faultOf({ GATEWAY_TOKENS: "short" }).message).toContain("32 characters");
    expect(readGatewayConfig({ UPSTREAM_API_KEY: "sk-secret", GATEWAY_TOKENS: TOKEN }).upstreams[0]?.apiKey).toBe(
      "sk-secret",
    );
  });

  it("reads tokens from a file beside those of the variable", () => {
    const file = temporaryFile("tokens", `${TOKEN}a\n${TOKEN}b\n`);
    expect(readGatewayConfig({ GATEWAY_TOKENS: TOKEN, GATEWAY_TOKENS_FILE: file }).tokens).toEqual([
      TOKEN,
      `${TOKEN}a`,
      `${TOKEN}b`,
    ]);
    expect(faultOf({ GATEWAY_TOKENS_FILE: `${file}-missing` }).message).toContain("cannot be read");
  });

  it("finds prefixes that are equal or cover an own path", () => {
    const base = readGatewayConfig({});
    const [first] = base.upstreams;
    if (first === undefined) throw new Error("no upstream");
    const bad = {
      ...base,
      upstreams: [first, { ...first, name: "twin" }, { ...first, name: "own", prefix: "/metrics" }],
    };
    expect(upstreamProblems(bad)).toHaveLength(2);
  });
});

describe("the configuration file", () => {
  const fileWith = (text: string): string => temporaryFile("gateway.yaml", text);

  it("adds upstreams, changes presets, removes them, and sets limits", () => {
    const path = fileWith(`
listen: { port: 8010 }
usage: observe
workers: 2
drainTimeoutMs: 1000
limits: { bufferedBodyBytes: 1048576, openRequests: 20 }
upstreams:
  openai: { baseUrl: "http://vllm:8000/v1", provider: vllm, tracing: propagate, usage: inject }
  anthropic: { apiKeyEnv: MY_KEY }
  gemini: { enabled: false }
  azure: { prefix: /azure, baseUrl: "https://acme.openai.azure.com", provider: azure.ai.openai, authHeader: API-Key }
  local: { baseUrl: "http://127.0.0.1:11434", format: ollama, models: [llama3], streamIdleTimeoutMs: 5000 }
`);
    const config = readGatewayConfig({ GATEWAY_CONFIG: path, MY_KEY: "sk-held", GATEWAY_TOKENS: TOKEN });
    expect(config).toMatchObject({
      port: 8010,
      workers: 2,
      drainTimeoutMs: 1000,
      bufferedBodyBytes: 1_048_576,
      openRequests: 20,
    });
    const byName = Object.fromEntries(config.upstreams.map((upstream) => [upstream.name, upstream]));
    expect(Object.keys(byName)).toEqual(["openai", "anthropic", "ollama", "azure", "local"]);
    expect(byName["openai"]).toMatchObject({ provider: "vllm", tracing: "propagate", usage: "inject" });
    expect(byName["anthropic"]).toMatchObject({ apiKey: "sk-held", usage: "observe" });
    expect(byName["azure"]).toMatchObject({ prefix: "/azure", authHeader: "api-key" });
    expect(byName["local"]).toMatchObject({
      prefix: "/local",
      provider: "local",
      format: "ollama",
      models: ["llama3"],
      streamIdleTimeoutMs: 5000,
    });
  });

  it("gives way to the environment", () => {
    const path = fileWith('listen: { port: 8010 }\nupstreams: { openai: { baseUrl: "http://a/v1" } }\nworkers: 4\n');
    const env = { GATEWAY_CONFIG: path, GATEWAY_PORT: "8011", UPSTREAM_BASE_URL: "http://b/v1", GATEWAY_WORKERS: "1" };
    expect(readGatewayConfig(env)).toMatchObject({ port: 8011, workers: 1 });
    expect(readGatewayConfig(env).upstreams[0]?.baseUrl).toBe("http://b/v1");
  });

  it("opens no preset on an address that others can reach", () => {
    const exposed = { GATEWAY_HOST: "0.0.0.0", GATEWAY_TOKENS: TOKEN };
    expect(faultOf(exposed).message).toContain("no upstream is configured");
    const named = readGatewayConfig({ ...exposed, UPSTREAM_BASE_URL: "http://vllm:9000/v1" });
    expect(named.upstreams.map(({ name }) => name)).toEqual(["openai"]);
  });

  it("names every fault in it, with its place, and no value of a variable", () => {
    const path = fileWith(`
upstreams:
  azure: { prefix: /azure }
  one: { baseUrl: "https://user:geheim@host", apiKeyEnv: "sk-not-a-name" }
  two: { baseUrl: "http://two", typo: 1, apiKeyEnv: NOT_SET }
`);
    const text = faultOf({ GATEWAY_CONFIG: path }).message;
    expect(text).toContain("upstreams.one.baseUrl: must not carry credentials");
    expect(text).toContain("upstreams.one.apiKeyEnv: is the name of a variable, not a key");
    expect(text).toContain("typo");
    expect(text).not.toContain("geheim");
    const good = fileWith(
      'upstreams:\n  azure: { prefix: /azure }\n  two: { baseUrl: "http://two", apiKeyEnv: NOT_SET }\n',
    );
    const missing = faultOf({ GATEWAY_CONFIG: good }).message;
    expect(missing).toContain("upstream azure: baseUrl is missing");
    expect(missing).toContain("NOT_SET");
  });

  it("is refused when it is missing, no YAML, or grows by aliases", () => {
    expect(faultOf({ GATEWAY_CONFIG: "/nowhere/gateway.yaml" }).message).toContain("cannot be read");
    expect(faultOf({ GATEWAY_CONFIG: fileWith("a: [") }).message).toContain("gateway.yaml");
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const name of "bcdefgh") {
      const before = String.fromCharCode(name.charCodeAt(0) - 1);
      bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
    }
    expect(faultOf({ GATEWAY_CONFIG: fileWith(bomb.join("\n")) }).message).toContain("gateway.yaml");
  });

  it("breaks off stalled streams where the upstream, the environment or the file says so, in this order", () => {
    const stallOf = (env: Record<string, string>) =>
      Object.fromEntries(readGatewayConfig(env).upstreams.map(({ name, stall }) => [name, stall]));
    expect(stallOf({})).toMatchObject({ openai: "observe", ollama: "observe" });
    expect(stallOf({ GATEWAY_STALL: "abort" })).toMatchObject({ openai: "abort", ollama: "abort" });
    const path = fileWith("stall: abort\nupstreams:\n  ollama: { stall: observe }\n");
    expect(stallOf({ GATEWAY_CONFIG: path })).toMatchObject({ openai: "abort", ollama: "observe" });
    expect(stallOf({ GATEWAY_CONFIG: path, GATEWAY_STALL: "observe" })).toMatchObject({ openai: "observe" });
    expect(() => readGatewayConfig({ GATEWAY_STALL: "kill" })).toThrow(/GATEWAY_STALL/);
  });

  it("logs requests when it is told to, or when everything is logged", () => {
    const logs = (env: Record<string, string>) => readGatewayConfig(env).accessLog;
    expect([logs({}), logs({ GATEWAY_ACCESS_LOG: "yes" }), logs({ GATEWAY_LOG_LEVEL: "debug" })]).toEqual([
      false,
      true,
      true,
    ]);
    expect(logs({ GATEWAY_LOG_LEVEL: "debug", GATEWAY_ACCESS_LOG: "off" })).toBe(false);
    expect(logs({ GATEWAY_CONFIG: fileWith("accessLog: true\n") })).toBe(true);
  });

  it("takes a read token of 32 characters or more, and keeps /inflight for itself", () => {
    expect(readGatewayConfig({ LLM_MONITOR_READ_TOKEN: "r".repeat(32) }).readToken).toBe("r".repeat(32));
    expect(() => readGatewayConfig({ LLM_MONITOR_READ_TOKEN: "short" })).toThrow(/LLM_MONITOR_READ_TOKEN/);
    const path = fileWith("upstreams:\n  x: { prefix: /inflight, baseUrl: 'http://127.0.0.1:9/v1' }\n");
    expect(() => readGatewayConfig({ GATEWAY_CONFIG: path })).toThrow(/path of the gateway/);
  });
});
