import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readExposition } from "../../packages/server/src/codecs/exposition-text.ts";
import { freePort } from "../harness/ports.ts";
import { answers, eventually, temporaryFolder } from "../harness/program.ts";
import { startStack, type Stack } from "../harness/stack.ts";

const PROMETHEUS = "/usr/bin/prometheus";
const PROMTOOL = "/usr/bin/promtool";
const present = existsSync(PROMETHEUS) && existsSync(PROMTOOL);
if (!present) console.info("skipped: Prometheus (Debian package `prometheus` is not installed)");

const FAMILIES = {
  llm_token_generation_rate: "histogram",
  llm_time_to_first_token_seconds: "histogram",
  llm_request_duration_seconds: "histogram",
  llm_total_tokens: "counter",
  llm_error_count: "counter",
} as const;

let stack: Stack;

async function metrics(accept: string): Promise<{ type: string; text: string }> {
  const answer = await fetch(`${stack.gatewayUrl}/metrics`, { headers: { accept } });
  return { type: answer.headers.get("content-type") ?? "", text: await answer.text() };
}

async function ask(model: string): Promise<void> {
  const answer = await fetch(`${stack.gatewayUrl}/exact/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "hi" }] }),
  });
  await answer.text();
}

beforeAll(async () => {
  stack = await startStack();
  await ask("exact");
  await ask("scenario/http-500");
});

afterAll(() => stack?.stop());

describe("/metrics of the gateway", () => {
  it("shows the five families by exactly their names in the text format", async () => {
    const { type, text } = await metrics("*/*");
    expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
    for (const [family, kind] of Object.entries(FAMILIES)) {
      expect(text).toContain(`# TYPE ${family}${kind === "counter" ? "_total" : ""} ${kind}\n`);
    }
    expect(text).toMatch(/^llm_total_tokens_total\{model="exact".*type="output".*\} 20$/m);
    expect(text).toMatch(/^llm_error_count_total\{.*error_type="server_error".*\} 1$/m);
  });

  it("shows the five families by exactly their names in OpenMetrics", async () => {
    const { type, text } = await metrics("application/openmetrics-text; version=1.0.0");
    expect(type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    for (const [family, kind] of Object.entries(FAMILIES)) expect(text).toContain(`# TYPE ${family} ${kind}\n`);
    expect(text).not.toContain("# UNIT llm_token_generation_rate");
    expect(text.endsWith("# EOF\n")).toBe(true);
  });
});

describe.skipIf(!present)("a real Prometheus", () => {
  const folder = temporaryFolder();
  let prometheus: ChildProcess;
  let log = "";
  let url = "";

  const api = async (path: string): Promise<unknown> =>
    ((await (await fetch(`${url}${path}`)).json()) as { data: unknown }).data;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const config = join(folder.path, "prometheus.yml");
    writeFileSync(
      config,
      `global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n  - job_name: nexent-gateway\n    static_configs: [{ targets: ["${new URL(stack.gatewayUrl).host}"] }]\n`,
    );
    prometheus = spawn(PROMETHEUS, [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder.path, "tsdb")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=exemplar-storage",
      "--log.level=warn",
    ]);
    prometheus.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString("utf8");
    });
    await answers(`${url}/-/ready`);
  });

  afterAll(async () => {
    const gone = new Promise((resolve) => prometheus.on("exit", resolve));
    prometheus.kill();
    await gone;
    folder.remove();
  });

  it("finds nothing to complain about with promtool check metrics", async () => {
    const { text } = await metrics("*/*");
    const result = spawnSync(PROMTOOL, ["check", "metrics"], { input: text, encoding: "utf8" });
    expect(`${result.stdout}${result.stderr}`).toBe("");
    expect(result.status).toBe(0);
  });

  it("finds nothing to complain about in the metrics of the server, whose scrapes are among them", async () => {
    const text = await eventually("a scrape", async () => {
      const page = await (await fetch(`${stack.dashboardUrl}/metrics`)).text();
      return /^nexent_server_scrape_duration_seconds\b/m.test(page) ? page : undefined;
    });
    const result = spawnSync(PROMTOOL, ["check", "metrics"], { input: text, encoding: "utf8" });
    expect([`${result.stdout}${result.stderr}`, result.status]).toEqual(["", 0]);
    for (const family of ["failed_scrapes_total", "scraped_samples_total", "scrape_duration_seconds"])
      expect(text).toMatch(new RegExp(`^nexent_server_${family}(\\{.*\\})? [0-9.]+`, "m"));
  });

  it("shows metrics of its own that our reader takes", async () => {
    const answer = await fetch(`${url}/metrics`);
    const { samples } = readExposition(await answer.text(), "text");
    const kinds = new Map(samples.map(({ family, point }) => [family.name, `${family.type} ${point.kind}`]));
    expect(kinds.get("promhttp_metric_handler_requests")).toBe("counter scalar");
    expect(kinds.get("go_goroutines")).toBe("gauge scalar");
    expect(kinds.get("go_gc_duration_seconds")).toBe("summary summary");
    expect(kinds.get("prometheus_http_request_duration_seconds")).toBe("histogram histogram");
  });

  it("scrapes the gateway without a warning and knows the families by name and type", async () => {
    const target = await eventually("a good scrape", async () => {
      const { activeTargets } = (await api("/api/v1/targets")) as {
        activeTargets: { health: string; lastError: string }[];
      };
      return activeTargets[0]?.health === "up" ? activeTargets[0] : undefined;
    });
    expect(target.lastError).toBe("");
    const metadata = (await api("/api/v1/metadata")) as Record<string, { type: string }[]>;
    for (const [family, kind] of Object.entries(FAMILIES)) expect(metadata[family]?.[0]?.type, family).toBe(kind);
    await eventually("samples", async () => {
      const query = encodeURIComponent('llm_total_tokens_total{model="exact",type="output"}');
      const { result } = (await api(`/api/v1/query?query=${query}`)) as { result: { value: [number, string] }[] };
      return result[0]?.value[1] === "20" ? true : undefined;
    });
    expect(log).toBe("");
  });
});
