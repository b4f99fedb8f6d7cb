import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MonitorError } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { readGatewayConfig, upstreamProblems } from "./config.ts";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";

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
    expect(config.upstreams).toEqual([
      {
        name: "openai",
        prefix: "/v1",
        baseUrl: "https://api.openai.com/v1",
        provider: "openai",
        usage: "inject",
        models: [],
      },
    ]);
  });

  it("takes one upstream from the environment and adds the exact-schedule server when its address is set", () => {
    const config = readGatewayConfig({
      UPSTREAM_BASE_URL: "http://vllm:9000/v1/",
      UPSTREAM_PROVIDER: "vllm",
      UPSTREAM_MODELS: "a, b",
      GATEWAY_EXACT_BASE_URL: "http://127.0.0.1:8009/v1",
      LLM_MONITOR_INJECT_USAGE: "false",
    });
    expect(config.upstreams).toMatchObject([
      { provider: "vllm", usage: "observe", models: ["a", "b"] },
      { name: "exact", prefix: "/exact/v1", provider: "exact", usage: "observe" },
    ]);
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
    const file = join(mkdtempSync(join(tmpdir(), "gateway-config-")), "tokens");
    writeFileSync(file, `${TOKEN}a\n${TOKEN}b\n`);
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
