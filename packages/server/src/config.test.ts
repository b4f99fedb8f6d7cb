import { ENV, MonitorError } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { readServerConfig, SERVER_VARIABLES } from "./config.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

function problemOf(env: Record<string, string>): string {
  try {
    readServerConfig(env);
  } catch (error) {
    if (error instanceof MonitorError && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  return "none";
}

describe("server configuration", () => {
  it("reads exactly the variables that the table names for the server", () => {
    const named = ENV.filter((row) => row.program === "server" || row.alsoReadBy?.includes("server") === true);
    expect([...SERVER_VARIABLES].sort()).toEqual(named.map(({ name }) => name).sort());
  });

  it("listens on loopback with durable writes by default; an empty variable is unset", () => {
    expect(readServerConfig({ LLM_MONITOR_DASHBOARD_PORT: " " })).toMatchObject({
      bind: "127.0.0.1",
      isLoopbackBind: true,
      dashboardPort: undefined,
      otlpHttpPort: 4318,
      durability: "fsync",
      diskReserveBytes: 256 * 1024 * 1024,
      memoryBudgetBytes: undefined,
      retentionDays: 15,
      retentionBytes: 20 * 1024 ** 3,
      gatewayUrl: "http://127.0.0.1:8000",
      slowRequestSeconds: 5,
      slowTokenRate: 10,
      allowedHosts: [],
      failpoint: undefined,
    });
  });

  it("names every wrong setting in one message", () => {
    const problem = problemOf({
      LLM_MONITOR_DASHBOARD_PORT: "many",
      LLM_MONITOR_OTLP_HTTP_PORT: "70000",
      LLM_MONITOR_DURABILITY: "maybe",
      LLM_MONITOR_GATEWAY_URL: "ftp://x",
      LLM_SLOW_TOKEN_RATE_THRESHOLD: "0",
      LLM_MONITOR_INGEST_TOKEN: "short",
      LLM_MONITOR_FAILPOINT: "x",
    });
    for (const name of [
      "DASHBOARD_PORT",
      "OTLP_HTTP_PORT",
      "DURABILITY",
      "GATEWAY_URL",
      "TOKEN_RATE",
      "INGEST_TOKEN",
      "FAILPOINT",
    ]) {
      expect(problem).toContain(name);
    }
    expect(problem).not.toContain("short");
  });

  it("takes a memory budget, and 0 for none", () => {
    const budget = (value: string) => readServerConfig({ LLM_MONITOR_MEMORY_BUDGET_MIB: value }).memoryBudgetBytes;
    expect([budget("640"), budget("0")]).toEqual([640 * 1024 * 1024, 0]);
    expect(problemOf({ LLM_MONITOR_MEMORY_BUDGET_MIB: "-1" })).toContain("MEMORY_BUDGET_MIB");
  });

  it("reads scrape targets and their interval, and names each bad one by its place", () => {
    const { scrapeTargets, scrapeIntervalMs } = readServerConfig({
      LLM_MONITOR_SCRAPE_TARGETS: "vllm=http://127.0.0.1:8001, http://127.0.0.1:8002/m",
    });
    expect(scrapeTargets.map(({ job, url }) => [job, url])).toEqual([
      ["vllm", "http://127.0.0.1:8001/metrics"],
      ["llm-metrics", "http://127.0.0.1:8002/m"],
    ]);
    expect(scrapeIntervalMs).toBe(5_000);
    const wrong = { LLM_MONITOR_SCRAPE_TARGETS: "http://a,b,c", LLM_MONITOR_SCRAPE_INTERVAL_MS: "999" };
    expect(() => readServerConfig(wrong)).toThrow(/TARGETS: target 2 is not .*\n.*target 3 is not .*\n.*INTERVAL_MS: /);
  });

  it("refuses an exposed address without an ingest token, in exactly these words", () => {
    expect(problemOf({ LLM_MONITOR_BIND: "0.0.0.0" })).toBe(
      "LLM_MONITOR_BIND=0.0.0.0 exposes :4318, :4317, :14268, but no ingest token is set. " +
        "Set LLM_MONITOR_INGEST_TOKEN to at least 32 random characters, or bind 127.0.0.1.",
    );
    expect(problemOf({ LLM_MONITOR_BIND: "monitor.example" })).toContain("exposes :4318");
    expect(problemOf({ LLM_MONITOR_BIND: "0.0.0.0", LLM_MONITOR_INGEST_TOKEN: TOKEN })).toBe("none");
    for (const bind of ["localhost", "::1", "127.0.0.2"]) expect(problemOf({ LLM_MONITOR_BIND: bind })).toBe("none");
  });

  it("counts another host name as exposed: behind a proxy every peer looks local", () => {
    const problem = problemOf({ LLM_MONITOR_ALLOWED_HOSTS: "monitor.example" });
    expect(problem).toContain("LLM_MONITOR_ALLOWED_HOSTS=monitor.example exposes :4318");
    expect(problemOf({ LLM_MONITOR_ALLOWED_HOSTS: "localhost:9999" })).toBe("none");
  });

  it("reads a failpoint, and refuses one on an exposed address", () => {
    expect(readServerConfig({ LLM_MONITOR_FAILPOINT: "journal-before-sync:3" }).failpoint).toEqual({
      name: "journal-before-sync",
      pass: 3,
    });
    const exposed = {
      LLM_MONITOR_BIND: "0.0.0.0",
      LLM_MONITOR_INGEST_TOKEN: TOKEN,
      LLM_MONITOR_FAILPOINT: "retention:1",
    };
    expect(problemOf(exposed)).toContain("LLM_MONITOR_FAILPOINT");
  });
});
