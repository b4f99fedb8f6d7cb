import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { METRICS } from "@nexent/monitor-core";
import { ROWS } from "../../docker/generate/dashboard.ts";
import type { PanelSpec } from "../../docker/generate/panel-spec.ts";
import { temporaryFolder } from "../harness/program.ts";
import { interpolate, readDashboard } from "./dashboard-files.testing.ts";
import { PROMTOOL } from "./prometheus.testing.ts";
import { programAt } from "./stack-files.testing.ts";

const promtool = programAt(PROMTOOL, "promtool (Debian package `prometheus`)");
const B = 'model="m",operation="chat",provider="p"';

/**
 * Every minute: 10 requests of 4 s, 1 s of it before the first token; 8 answer, 2 fail; 1,000 tokens out, 300 in. First
 * tokens lie evenly between 0.75 and 1 s, speeds between 50 and 60 tokens/s, durations between 3 and 5 s.
 */
const PER_MINUTE: Readonly<Record<string, number>> = {
  [`llm_request_duration_seconds_count{${B},stream="true",outcome="ok"}`]: 8,
  [`llm_request_duration_seconds_count{${B},stream="true",outcome="error"}`]: 2,
  [`llm_request_duration_seconds_sum{${B},stream="true",outcome="ok"}`]: 32,
  [`llm_request_duration_seconds_sum{${B},stream="true",outcome="error"}`]: 8,
  [`llm_request_duration_seconds_bucket{${B},stream="true",outcome="ok",le="3.0"}`]: 0,
  [`llm_request_duration_seconds_bucket{${B},stream="true",outcome="ok",le="5.0"}`]: 8,
  [`llm_request_duration_seconds_bucket{${B},stream="true",outcome="ok",le="+Inf"}`]: 8,
  [`llm_request_duration_seconds_bucket{${B},stream="true",outcome="error",le="3.0"}`]: 0,
  [`llm_request_duration_seconds_bucket{${B},stream="true",outcome="error",le="5.0"}`]: 2,
  [`llm_request_duration_seconds_bucket{${B},stream="true",outcome="error",le="+Inf"}`]: 2,
  [`llm_error_count_total{${B},error_type="timeout"}`]: 2,
  [`llm_total_tokens_total{${B},type="output",estimated="false"}`]: 1_000,
  [`llm_total_tokens_total{${B},type="input",estimated="false"}`]: 300,
  [`llm_time_to_first_token_seconds_sum{${B}}`]: 10,
  [`llm_time_to_first_token_seconds_bucket{${B},le="0.75"}`]: 0,
  [`llm_time_to_first_token_seconds_bucket{${B},le="1.0"}`]: 10,
  [`llm_time_to_first_token_seconds_bucket{${B},le="+Inf"}`]: 10,
  [`llm_token_generation_rate_count{${B},estimated="false"}`]: 8,
  [`llm_token_generation_rate_bucket{${B},estimated="false",le="10.0"}`]: 0,
  [`llm_token_generation_rate_bucket{${B},estimated="false",le="50.0"}`]: 0,
  [`llm_token_generation_rate_bucket{${B},estimated="false",le="60.0"}`]: 8,
  [`llm_token_generation_rate_bucket{${B},estimated="false",le="+Inf"}`]: 8,
};

/** Panel and query -> value, calculated by hand. Rates are per second unless the panel says otherwise. */
const EXPECTED: readonly (readonly [title: string, query: number, value: number])[] = [
  ["Requests", 0, 10 / 60],
  ["Error ratio", 0, 0.2],
  ["TTFT P95", 0, 0.75 + 0.25 * 0.95],
  ["Speed P50", 0, 55],
  ["Speed P10 (slow tail)", 0, 51],
  ["Duration P95", 0, 3 + 2 * 0.95],
  ["Output throughput", 0, 1_000 / 60],
  ["In flight (mean)", 0, 40 / 60],
  ["Speed by model", 1, 51],
  ["Speed by model", 2, 10],
  ["Share of streams at or below 10 tok/s", 0, 0],
  ["Wait share (streaming)", 0, 0.25],
  ["Duration by model", 2, 3 + 2 * 0.99],
  ["Duration by model", 3, 5],
  ["Requests over 5 s, per minute", 0, 0],
  ["Answered within 5 s", 0, 0.8],
  ["Seconds per 100 output tokens", 0, 4],
  ["Output up, input down", 1, 5],
  ["Output tokens per request", 0, 100],
  ["Input per output token", 0, 0.3],
  ["Error ratio by model", 0, 0.2],
  ["Errors per minute by type", 0, 2],
  ["Top failing", 0, 2 * 20],
  ["Model comparison", 0, 10 * 20],
  ["Model comparison", 1, 0.2],
  ["Model comparison", 4, 55],
  ["Model comparison", 8, 100],
  ["Model comparison", 9, 4],
  ["Error ratio by provider", 0, 0.2],
];

const panels = ROWS.flatMap(({ panels }) => panels).filter((panel): panel is PanelSpec => panel.kind !== "text");

function expressionOf(title: string, query: number): string {
  const panel = panels.find((one) => one.title.en === title);
  const found = panel?.queries[query];
  if (found === undefined) throw new Error(`no query ${query} in panel ${title}`);
  return interpolate(found.expr, readDashboard("llm-performance.en.json"), { rateInterval: "4m", range: "20m" });
}

describe.skipIf(promtool === undefined)("the numbers of the panels", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder?.remove());

  it("are the ones calculated by hand from a traffic that is known", () => {
    const tests = {
      evaluation_interval: "1m",
      tests: [
        {
          interval: "1m",
          input_series: Object.entries(PER_MINUTE).map(([series, step]) => ({ series, values: `0+${step}x40` })),
          promql_expr_test: EXPECTED.map(([title, query, value]) => ({
            // Labels and rounding aside: one value, equal to nine digits.
            expr: `count(abs(sum(${expressionOf(title, query)}) - ${value}) < 1e-9) * 0 + ${value}`,
            eval_time: "30m",
            exp_samples: [{ labels: "{}", value }],
          })),
        },
      ],
    };
    const file = join(folder.path, "panels.test.yml");
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(tests));
    const result = spawnSync(promtool ?? "", ["test", "rules", file], { encoding: "utf8" });
    expect(`${result.stdout}${result.stderr}`).toContain("SUCCESS");
    expect(result.status).toBe(0);
  });

  it("are asked for every base family", () => {
    const asked = panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)).join("\n");
    for (const family of [
      METRICS.llmTokenGenerationRate,
      METRICS.llmTimeToFirstTokenSeconds,
      METRICS.llmRequestDurationSeconds,
      METRICS.llmTotalTokens,
      METRICS.llmErrorCount,
    ]) {
      expect(asked).toContain(`${family.name}_`);
    }
  });
});
