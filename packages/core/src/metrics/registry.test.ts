import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GEN_AI_METRICS } from "../names/gen-ai-metrics.ts";
import { METRICS } from "../names/metrics.ts";
import { MEASUREMENT_EXAMPLE } from "./measurement-example.testing.ts";
import type { MetricDefinition, MetricRegistry } from "./registry-contract.ts";
import { createMetricRegistry } from "./registry.ts";

const GPT = { model: "gpt-4o", operation: "chat", provider: "openai" };
const OK = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const TIMED_OUT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };

function recordExample(registry: MetricRegistry): void {
  registry
    .histogram(METRICS.llmTokenGenerationRate, { ...GPT, estimated: "false" })
    .observe(50, { ...OK, timestampSeconds: 1795486542.308 });
  registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT).observe(0.5, { ...OK, timestampSeconds: 1795486541.928 });
  const stream = { ...GPT, stream: "true" };
  registry.histogram(METRICS.llmRequestDurationSeconds, { ...stream, outcome: "ok" }).observe(1.18);
  const timedOut = { ...TIMED_OUT, timestampSeconds: 1795486580 };
  registry.histogram(METRICS.llmRequestDurationSeconds, { ...stream, outcome: "error" }).observe(30, timedOut);
  registry.counter(METRICS.llmTotalTokens, { ...GPT, type: "input", estimated: "false" }).add(7);
  registry.counter(METRICS.llmTotalTokens, { ...GPT, type: "output", estimated: "false" }).add(20);
  registry.counter(METRICS.llmErrorCount, { ...GPT, error_type: "timeout" }).add(1, timedOut);
}

const RESOURCE = { "service.name": "nexent-backend", "service.version": "1.0.0" };

/** Sample lines of one family, without head lines. */
function samples(text: string, name: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

function valueOf(line: string): number {
  return Number(line.slice(line.lastIndexOf("} ") + 2));
}

function total(registry: MetricRegistry, sample: string): number {
  return samples(registry.expose("text"), sample).reduce((sum, line) => sum + valueOf(line), 0);
}

it("records many ascending values as one by one", () => {
  const value = fc.oneof(fc.nat(400_000_000), fc.constantFrom(0, 5_000_000, 5_000_001, -1, Infinity, Number.NaN));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), fc.boolean(), (list, whole) => {
      const kept = whole ? list.filter((one) => one >= 0 && one < Infinity) : list;
      const values = whole ? Uint32Array.from(kept) : Float64Array.from(kept);
      const [single, many] = [createMetricRegistry(), createMetricRegistry()];
      const oneByOne = single.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT);
      for (const one of kept) oneByOne.observe(one / 1e6);
      many.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT).observeAscending(values.sort(), 1e6);
      const withoutSum = (text: string): string => text.replace(/_sum\{.*$/gm, "");
      expect(withoutSum(many.expose("text"))).toBe(withoutSum(single.expose("text")));
      const sum = "llm_time_to_first_token_seconds_sum";
      expect(total(many, sum)).toBeCloseTo(total(single, sum), 6);
    }),
  );
});

describe("exposition of the registry", () => {
  it("reproduces the example of the measurement contract byte for byte", () => {
    const registry = createMetricRegistry({ resource: RESOURCE });
    recordExample(registry);

    const written = registry.expose("openmetrics").split("\n");
    const example = new Set(MEASUREMENT_EXAMPLE.split("\n"));
    // The example leaves out bucket lines after its first family; everything else must be there and in this order.
    const leftOut = written.filter((line) => !example.has(line));
    expect(written.filter((line) => example.has(line)).join("\n")).toBe(MEASUREMENT_EXAMPLE);
    expect(leftOut.every((line) => /^llm_(time_to_first_token|request_duration)_seconds_bucket\{/.test(line))).toBe(
      true,
    );
    expect(leftOut).toHaveLength(22 - 3 + (22 - 2) + (22 - 3));
  });

  it("writes the same samples in text 0.0.4 without units, exemplars and end mark", () => {
    const registry = createMetricRegistry({ resource: RESOURCE });
    recordExample(registry);

    const openMetrics = registry.expose("openmetrics").split("\n");
    const expected = openMetrics
      .filter((line) => !line.startsWith("# UNIT") && line !== "# EOF")
      .map((line) => (line.startsWith("# ") ? line : line.replace(/ # \{.*$/, "")))
      .map((line) =>
        line
          .replace(/^(# (?:HELP|TYPE) llm_(?:total_tokens|error_count))/, "$1_total")
          .replace("# HELP target ", "# HELP target_info ")
          .replace("# TYPE target info", "# TYPE target_info gauge"),
      );
    expect(registry.expose("text").split("\n")).toEqual(expected);
  });

  it("shows the five base families from the first second and no other", () => {
    const text = createMetricRegistry().expose("text");
    expect(text.match(/^# TYPE .*$/gm)).toEqual([
      "# TYPE llm_token_generation_rate histogram",
      "# TYPE llm_time_to_first_token_seconds histogram",
      "# TYPE llm_request_duration_seconds histogram",
      "# TYPE llm_total_tokens_total counter",
      "# TYPE llm_error_count_total counter",
    ]);
    expect(text.match(/^[^#\n]/gm)).toBeNull();
    expect(createMetricRegistry().expose("openmetrics").endsWith("# EOF\n")).toBe(true);
  });

  it("limits itself to the families asked for", () => {
    const registry = createMetricRegistry({ resource: RESOURCE });
    registry.gauge(METRICS.nexentMonitorState, { state: "active" }).set(1);
    expect(registry.expose("openmetrics", { families: ["nexent_monitor_state"] })).toBe(
      "# HELP nexent_monitor_state 1 for the state the monitor is in: disabled, unavailable, degraded or active.\n" +
        '# TYPE nexent_monitor_state gauge\nnexent_monitor_state{state="active"} 1\n# EOF\n',
    );
  });

  it("writes a unit only for names that end in it", () => {
    const registry = createMetricRegistry();
    for (const definition of Object.values<MetricDefinition>(METRICS)) touch(registry, definition);
    const text = registry.expose("openmetrics");
    const units = text.match(/^# UNIT .*$/gm) ?? [];
    expect(units.length).toBeGreaterThan(8);
    for (const line of units) expect(line).toMatch(/^# UNIT \w+_seconds seconds$/);
    expect(text).not.toContain("# UNIT llm_token_generation_rate");
  });
});

function touch(registry: MetricRegistry, definition: MetricDefinition): void {
  const labels = Object.fromEntries(definition.labels.map((label) => [label, "x"]));
  if (definition.type === "counter") registry.counter(definition, labels).add(1);
  else if (definition.type === "gauge") registry.gauge(definition, labels).set(1);
  else registry.histogram(definition, labels).observe(0.5);
}

describe("recording", () => {
  it("resolves equal labels to one series whatever the order of their keys", () => {
    const registry = createMetricRegistry();
    registry.counter(METRICS.llmRequests, { ...GPT, stream: "true", outcome: "ok" }).add(1);
    registry
      .counter(METRICS.llmRequests, {
        outcome: "ok",
        stream: "true",
        provider: "openai",
        operation: "chat",
        model: "gpt-4o",
      })
      .add(2);
    expect(samples(registry.expose("text"), "llm_requests_total")).toEqual([
      'llm_requests_total{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok"} 3',
    ]);
  });

  it("counts a value equal to a bound inside that bucket", () => {
    const registry = createMetricRegistry();
    const rates = registry.histogram(METRICS.llmTokenGenerationRate, { ...GPT, estimated: "false" });
    for (const value of [5, 5.000001, 0, 2000, 2001]) rates.observe(value);
    const at = (bound: string): number =>
      valueOf(
        samples(registry.expose("text"), "llm_token_generation_rate_bucket").find((line) =>
          line.includes(`le="${bound}"`),
        ) ?? "",
      );
    expect([at("1.0"), at("5.0"), at("10.0"), at("2000.0"), at("+Inf")]).toEqual([1, 2, 3, 4, 5]);
  });

  it("drops what is no quantity and goes on", () => {
    const registry = createMetricRegistry();
    const counter = registry.counter(METRICS.llmStallSeconds, { ...GPT, phase: "mid_stream" });
    const histogram = registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT);
    const gauge = registry.gauge(METRICS.llmStreamsStalled, GPT);
    gauge.set(2);
    for (const value of [NaN, Infinity, -Infinity, -1]) {
      counter.add(value);
      histogram.observe(value);
    }
    for (const value of [NaN, Infinity]) {
      gauge.set(value);
      gauge.add(value);
    }
    gauge.add(-1);
    expect(total(registry, "llm_stall_seconds_total")).toBe(0);
    expect(total(registry, "llm_time_to_first_token_seconds_count")).toBe(0);
    expect(total(registry, "llm_streams_stalled")).toBe(1);
  });

  it("keeps the latest exemplar of each bucket and refuses one that is too long or has no time", () => {
    const registry = createMetricRegistry();
    const histogram = registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT);
    histogram.observe(0.4, { traceId: "a", spanId: "b", timestampSeconds: 1 });
    histogram.observe(0.45, { traceId: "c", spanId: "d", timestampSeconds: 2 });
    histogram.observe(0.46, { traceId: "e".repeat(120), spanId: "f", timestampSeconds: 3 });
    histogram.observe(0.47, { traceId: "g", spanId: "h", timestampSeconds: NaN });
    histogram.observe(0.48);
    histogram.observe(9, { traceId: "i", spanId: "j", timestampSeconds: 4.5 });
    const exemplars = registry.expose("openmetrics").match(/ # \{.*$/gm);
    expect(exemplars).toEqual([' # {trace_id="c",span_id="d"} 0.45 2.000', ' # {trace_id="i",span_id="j"} 9.0 4.500']);
  });

  it("survives values a caller without types hands over", () => {
    const registry = createMetricRegistry();
    const labels: Record<string, never> = JSON.parse('{"model":4,"operation":null,"provider":{"a":1}}');
    registry.histogram(METRICS.llmTimeToFirstTokenSeconds, labels).observe(1);
    expect(registry.expose("text")).toContain('_count{model="4",operation="",provider=""} 1');
  });
});

describe("label limits", () => {
  it("folds model names beyond the limit, counts each fold and keeps totals", () => {
    const registry = createMetricRegistry();
    for (let i = 0; i < 300; i += 1) {
      const labels = { ...GPT, model: `model-${i}`, type: "output", estimated: "false" };
      registry.counter(METRICS.llmTotalTokens, labels).add(i + 1);
    }
    const lines = samples(registry.expose("text"), "llm_total_tokens_total");
    expect(lines).toHaveLength(101);
    expect(total(registry, "llm_total_tokens_total")).toBe((300 * 301) / 2);
    expect(lines.filter((line) => line.includes('model="__overflow__"'))).toHaveLength(1);
    expect(samples(registry.expose("text"), "nexent_monitor_label_overflow_total")).toEqual([
      'nexent_monitor_label_overflow_total{label="model"} 200',
    ]);
  });

  it("admits a model once for all families", () => {
    const registry = createMetricRegistry({ maxModels: 1 });
    registry.histogram(METRICS.llmTimeToFirstTokenSeconds, { ...GPT, model: "first" }).observe(1);
    registry.counter(METRICS.llmErrorCount, { ...GPT, model: "second", error_type: "timeout" }).add(1);
    registry.counter(METRICS.llmErrorCount, { ...GPT, model: "first", error_type: "timeout" }).add(1);
    expect(
      samples(registry.expose("text"), "llm_error_count_total").map((line) => /model="(\w+)"/.exec(line)?.[1]),
    ).toEqual(["__overflow__", "first"]);
  });

  it("shares the limit of model names with the GenAI families, where an absent value takes no place", () => {
    const registry = createMetricRegistry({ maxModels: 2 });
    const family = GEN_AI_METRICS.genAiClientInferenceTimeToFirstChunk;
    const observe = (model: string, answered: string): void =>
      registry.histogram(family, { gen_ai_request_model: model, gen_ai_response_model: answered }).observe(1);
    registry.counter(METRICS.llmTotalTokens, { model: "a" }).add(1);
    observe("", "");
    observe("b", "b-1");
    observe("c", "b-2");
    observe("a", "b-3");
    const seen = samples(registry.expose("text"), `${family.name}_count`).map((line) =>
      [...line.matchAll(/_model="([^"]*)"/g)].map(([, value]) => value),
    );
    expect(seen).toEqual([
      ["", ""],
      ["b", "b-1"],
      ["__overflow__", "b-2"],
      ["a", "__overflow__"],
    ]);
  });

  it("folds operations beyond 50 and providers beyond 32", () => {
    const registry = createMetricRegistry();
    for (let i = 0; i < 60; i += 1) {
      registry
        .histogram(METRICS.llmTimeToFirstTokenSeconds, { model: "m", operation: `op-${i}`, provider: "p" })
        .observe(1);
      registry
        .histogram(METRICS.llmTimeToFirstTokenSeconds, { model: "m", operation: "op-1", provider: `p-${i}` })
        .observe(1);
    }
    expect(samples(registry.expose("text"), "nexent_monitor_label_overflow_total")).toEqual([
      'nexent_monitor_label_overflow_total{label="provider"} 29',
      'nexent_monitor_label_overflow_total{label="operation"} 10',
    ]);
    expect(total(registry, "llm_time_to_first_token_seconds_count")).toBe(120);
  });

  it("sends new label sets of a full family to the overflow model", () => {
    const registry = createMetricRegistry({ maxSeries: 3 });
    for (const model of ["a", "b", "c", "d", "e"]) {
      registry.histogram(METRICS.llmTimeToFirstTokenSeconds, { ...GPT, model }).observe(1);
    }
    registry.histogram(METRICS.llmTimeToFirstTokenSeconds, { ...GPT, model: "a" }).observe(1);
    const counts = samples(registry.expose("text"), "llm_time_to_first_token_seconds_count");
    expect(counts.map((line) => [/model="(\w+)"/.exec(line)?.[1], valueOf(line)])).toEqual([
      ["a", 2],
      ["b", 1],
      ["c", 1],
      ["__overflow__", 2],
    ]);
  });

  it("stays bounded when every open label is at its limit", () => {
    const registry = createMetricRegistry();
    let observed = 0;
    for (let model = 0; model < 60; model += 1) {
      for (let operation = 0; operation < 60; operation += 1) {
        const labels = { model: `m-${model}`, operation: `o-${operation}`, provider: `p-${(model + operation) % 40}` };
        registry.histogram(METRICS.llmTimeToFirstTokenSeconds, labels).observe(0.1);
        observed += 1;
      }
    }
    const counts = samples(registry.expose("text"), "llm_time_to_first_token_seconds_count");
    expect(counts.length).toBeLessThanOrEqual(1101);
    expect(total(registry, "llm_time_to_first_token_seconds_count")).toBe(observed);
  });

  it("never recurses into its own overflow counter", () => {
    const registry = createMetricRegistry({ maxModels: 0, maxSeries: 0 });
    registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT).observe(1);
    expect(total(registry, "llm_time_to_first_token_seconds_count")).toBe(1);
    expect(total(registry, "nexent_monitor_label_overflow_total")).toBe(1);
  });

  it("keeps label sets apart and sums right for any values", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 12 });
    const labels = fc.record({ model: anyText, operation: anyText, provider: anyText });
    fc.assert(
      fc.property(fc.array(fc.tuple(labels, fc.nat(1000)), { maxLength: 200 }), (records) => {
        const registry = createMetricRegistry({ maxModels: 20 });
        for (const [base, value] of records) {
          registry.counter(METRICS.llmTotalTokens, { ...base, type: "input", estimated: "false" }).add(value);
        }
        const lines = readSamples(registry.expose("openmetrics"), "llm_total_tokens_total");
        expect(new Set(lines.map(([key]) => key)).size).toBe(lines.length);
        expect(lines.reduce((sum, [, value]) => sum + value, 0)).toBe(
          records.reduce((sum, [, value]) => sum + value, 0),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("writes hostile label values on one line each and reads them back", () => {
    const hostile = [
      'a"b',
      "a\\b",
      "a\nb",
      '"} 1\nllm_fake_total 9',
      "\\n",
      "a\u0000b",
      "\ud800",
      "\udc00x",
      "文本",
      "e".repeat(5000),
    ];
    const registry = createMetricRegistry();
    for (const model of hostile) registry.counter(METRICS.llmErrorCount, { ...GPT, model, error_type: "auth" }).add(1);
    const text = registry.expose("openmetrics");
    const models = readSamples(text, "llm_error_count_total").map(([, , labels]) => labels["model"]);
    expect(models).toEqual([
      'a"b',
      "a\\b",
      "a\nb",
      '"} 1\nllm_fake_total 9',
      "\\n",
      "a\u0000b",
      "\ufffd",
      "\ufffdx",
      "文本",
      "e".repeat(256),
    ]);
    expect(text.match(/^llm_fake_total/m)).toBeNull();
  });
});

/** Reads samples as a scraper does: label values unescaped. */
function readSamples(
  text: string,
  name: string,
): readonly (readonly [key: string, value: number, labels: Record<string, string>])[] {
  return samples(text, name).map((line) => {
    const labels: Record<string, string> = {};
    let at = name.length + 1;
    while (line[at] !== "}") {
      const [pair, label = "", raw = ""] = /^,?(\w+)="((?:[^"\\]|\\.)*)"/.exec(line.slice(at)) ?? expect.fail(line);
      labels[label] = raw.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
      at += pair.length;
    }
    return [JSON.stringify(labels), Number(/^\} (\S+)/.exec(line.slice(at))?.[1]), labels];
  });
}

describe("a reading", () => {
  it("holds every family that has a series, with labels in their order and counts per bucket", () => {
    const registry = createMetricRegistry();
    recordExample(registry);
    const families = registry.read();
    expect(families.map(({ definition }) => definition.name)).toEqual([
      "llm_token_generation_rate",
      "llm_time_to_first_token_seconds",
      "llm_request_duration_seconds",
      "llm_total_tokens",
      "llm_error_count",
    ]);
    const [, ttft, duration, tokens] = families;
    expect(tokens?.series).toEqual([
      { labels: ["gpt-4o", "chat", "openai", "input", "false"], value: 7 },
      { labels: ["gpt-4o", "chat", "openai", "output", "false"], value: 20 },
    ]);
    const bounds = METRICS.llmTimeToFirstTokenSeconds.buckets;
    expect(ttft?.series).toMatchObject([
      {
        labels: ["gpt-4o", "chat", "openai"],
        counts: [...bounds.map((bound) => (bound === 0.5 ? 1 : 0)), 0],
        sum: 0.5,
      },
    ]);
    expect(duration?.series.map(({ labels }) => labels.at(-1))).toEqual(["ok", "error"]);
  });

  it("is a copy: what is recorded later is not in it", () => {
    const registry = createMetricRegistry();
    const series = registry.histogram(METRICS.llmTimeToFirstTokenSeconds, GPT);
    series.observe(1);
    const before = structuredClone(registry.read());
    const [family] = registry.read();
    series.observe(1);
    expect(family).toEqual(before[0]);
  });
});
