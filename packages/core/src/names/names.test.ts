import { describe, expect, it } from "vitest";
import type { MetricDefinition } from "../metrics/registry-contract.ts";
import { ATTR } from "./attributes.ts";
import { LLM_COLUMNS } from "./columns.ts";
import { ENV } from "./env.ts";
import { GEN_AI_METRICS, GEN_AI_METRICS_V1_41 } from "./gen-ai-metrics.ts";
import { BASE_FAMILIES, BUCKETS, METRICS } from "./metrics.ts";
import { PORTS } from "./ports.ts";
import { PROMOTED } from "./promoted.ts";

const families = Object.values<MetricDefinition>({ ...METRICS, ...GEN_AI_METRICS, ...GEN_AI_METRICS_V1_41 });

function repeated(values: readonly string[]): readonly string[] {
  return values.filter((value, i) => values.indexOf(value) !== i);
}

describe("metric names", () => {
  it("keep the five base families under exactly their names", () => {
    expect(BASE_FAMILIES.map(({ name }) => name)).toEqual([
      "llm_token_generation_rate",
      "llm_time_to_first_token_seconds",
      "llm_request_duration_seconds",
      "llm_total_tokens",
      "llm_error_count",
    ]);
  });

  it("are unique and leave suffixes to the exposition", () => {
    expect(repeated(families.map(({ name }) => name))).toEqual([]);
    for (const { name } of families)
      expect(name).toMatch(/^(llm|nexent|http|gen_ai)_[a-z0-9_]+(?<!_total|_bucket|_created)$/);
  });

  it("end in their unit when it is seconds, and only then", () => {
    for (const { name, unit } of families)
      expect([name, name.endsWith("_seconds")]).toEqual([name, unit === "seconds"]);
  });

  it("have a sentence of help, valid labels and a version", () => {
    for (const { help, labels, since } of families) {
      expect(help).toMatch(/^\S.*\.$/);
      expect(repeated(labels)).toEqual([]);
      for (const label of labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
      expect(since).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  it("give every llm family the base labels first", () => {
    for (const { name, labels } of families) {
      if (name.startsWith("llm_"))
        expect([name, ...labels.slice(0, 3)]).toEqual([name, "model", "operation", "provider"]);
    }
  });

  it("give buckets to histograms alone, ascending and finite", () => {
    for (const { type, buckets } of families) {
      expect(buckets !== undefined).toBe(type === "histogram");
      const bounds = [...(buckets ?? [])];
      expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
      expect(new Set(bounds).size).toBe(bounds.length);
      expect(bounds.every((bound) => Number.isFinite(bound) && bound > 0)).toBe(true);
    }
  });

  it("hold the alert bounds as buckets, so that no alert interpolates", () => {
    expect(BUCKETS.rate).toContain(5);
    expect(BUCKETS.duration).toContain(10);
    expect(BUCKETS.ttft).toEqual(expect.arrayContaining([5, 10]));
  });
});

describe("attribute names", () => {
  it("are unique", () => {
    expect(repeated(Object.values(ATTR))).toEqual([]);
  });

  it("stand under the camel case of their name", () => {
    for (const [key, name] of Object.entries(ATTR)) {
      expect(key).toBe(name.replaceAll(/[._]([a-z])/g, (_, letter: string) => letter.toUpperCase()));
    }
  });
});

describe("promoted fields", () => {
  it("are the columns of the store, no more and no fewer", () => {
    const fields = (rows: readonly { readonly field: string }[]): readonly string[] =>
      rows.map(({ field }) => field).toSorted();
    expect(fields(PROMOTED)).toEqual(fields(LLM_COLUMNS));
  });

  it("ask our own names before those of others", () => {
    for (const { attributes } of PROMOTED) {
      const own = attributes.map((name) => Object.values<string>(ATTR).includes(name));
      expect(own.lastIndexOf(true)).toBeLessThan(own.includes(false) ? own.indexOf(false) : own.length);
    }
  });
});

describe("environment variables", () => {
  it("are unique and explained", () => {
    expect(repeated(ENV.map(({ name }) => name))).toEqual([]);
    for (const { name, meaning } of ENV) {
      expect(name).toMatch(/^[A-Z][A-Z0-9_]+$/);
      expect(meaning).toMatch(/\.$/);
    }
  });

  it("have defaults of their type", () => {
    for (const { name, type, default: text, values } of ENV) {
      expect([name, values !== undefined]).toEqual([name, type === "choice"]);
      if (text === undefined) continue;
      if (type === "choice") expect(values).toContain(text);
      if (type === "boolean") expect(["true", "false"]).toContain(text);
      if (type === "url") expect(URL.canParse(text)).toBe(true);
      if (type === "integer" || type === "port") expect(text).toMatch(/^\d+$/);
      if (type === "number") expect(Number(text)).not.toBeNaN();
    }
  });

  it("agree with the port table", () => {
    const byName = new Map(ENV.map((row) => [row.name, row]));
    for (const { variable, port } of Object.values(PORTS)) {
      expect(byName.get(variable)?.type).toBe("port");
      // The dashboard has two ports, so its variable has no single default.
      if (variable !== "LLM_MONITOR_DASHBOARD_PORT") expect(byName.get(variable)?.default).toBe(String(port));
    }
  });
});
