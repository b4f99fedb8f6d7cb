import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { configure, metricsText, recordLlmMetrics, shutdown } from "./index.ts";

beforeAll(() => {
  process.env["OTEL_TRACES_EXPORTER"] = "none";
});
afterAll(() => {
  delete process.env["OTEL_TRACES_EXPORTER"];
});
beforeEach(() => void configure({ enabled: true }));
afterEach(() => shutdown());

/** Samples of the base families that have a value, buckets left out. */
function samples(): string[] {
  const lines = metricsText().split("\n");
  return lines.filter((line) => line.startsWith("llm_") && !line.includes("_bucket{"));
}

describe("recordLlmMetrics", () => {
  it("maps each name to its base family, with the labels of that family and no others", () => {
    const own = { model: "m", operation: "chat", provider: "openai", estimated: true, type: "input" } as const;
    const all = { ...own, stream: true, outcome: "cancelled", error_type: "quota", user: "somebody" } as const;
    recordLlmMetrics("ttft", 0.4, all);
    recordLlmMetrics("token_rate", 42, all);
    recordLlmMetrics("tokens", 7, all);
    recordLlmMetrics("duration", 1.5, all);
    recordLlmMetrics("error", 1, all);
    const base = 'model="m",operation="chat",provider="openai"';
    expect(samples()).toEqual([
      `llm_token_generation_rate_sum{${base},estimated="true"} 42`,
      `llm_token_generation_rate_count{${base},estimated="true"} 1`,
      `llm_time_to_first_token_seconds_sum{${base}} 0.4`,
      `llm_time_to_first_token_seconds_count{${base}} 1`,
      `llm_request_duration_seconds_sum{${base},stream="true",outcome="cancelled"} 1.5`,
      `llm_request_duration_seconds_count{${base},stream="true",outcome="cancelled"} 1`,
      `llm_total_tokens_total{${base},type="input",estimated="true"} 7`,
      `llm_error_count_total{${base},error_type="quota"} 1`,
    ]);
  });

  it("takes defaults for what is left out, and for what is on no list", () => {
    recordLlmMetrics("tokens", 3);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- wrong on purpose
    recordLlmMetrics("error", 1, { model: "", error_type: "sk-0123" } as never);
    const base = 'model="unknown",operation="llm_completion",provider="unknown"';
    expect(samples()).toEqual([
      `llm_total_tokens_total{${base},type="output",estimated="false"} 3`,
      `llm_error_count_total{${base},error_type="unknown"} 1`,
    ]);
  });

  it("drops what cannot be a value, and names that are no family", () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, "5", null]) {
      Reflect.apply(recordLlmMetrics, undefined, ["ttft", value, { model: "m" }]);
    }
    Reflect.apply(recordLlmMetrics, undefined, ["cost", 1, { model: "m" }]);
    Reflect.apply(recordLlmMetrics, undefined, [undefined, 1, null]);
    expect(samples()).toEqual([]);
  });

  it("does nothing while monitoring is off", () => {
    configure({ enabled: false });
    recordLlmMetrics("ttft", 1, { model: "m" });
    configure({ enabled: true });
    expect(samples()).toEqual([]);
  });
});
