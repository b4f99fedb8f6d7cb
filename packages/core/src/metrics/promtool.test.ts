import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { GEN_AI_METRICS, GEN_AI_METRICS_V1_41 } from "../names/gen-ai-metrics.ts";
import { METRICS } from "../names/metrics.ts";
import type { MetricDefinition } from "./registry-contract.ts";
import { createMetricRegistry } from "./registry.ts";

const PROMTOOL = "/usr/bin/promtool";
const missing = existsSync(PROMTOOL) ? "" : ` (skipped: ${PROMTOOL} is not installed)`;

function check(text: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, ["check", "metrics"], { input: text, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

describe.skipIf(missing !== "")(`promtool check metrics${missing}`, () => {
  it("accepts an empty registry", () => {
    expect(check(createMetricRegistry().expose("text"))).toEqual({ status: 0, output: "" });
  });

  it("finds nothing to say about any family, with plain and with hostile label values", () => {
    const registry = createMetricRegistry({ resource: { "service.name": "nexent-backend", "a\nb": '"' } });
    const values = ["plain", 'a"b', "a\\b", "a\nb", "\ud800", "a\u0000b", "文本", ""];
    for (const definition of Object.values<MetricDefinition>({
      ...METRICS,
      ...GEN_AI_METRICS,
      ...GEN_AI_METRICS_V1_41,
    })) {
      for (const value of values) {
        const labels = Object.fromEntries(definition.labels.map((label) => [label, value]));
        if (definition.type === "counter") registry.counter(definition, labels).add(1.5);
        else if (definition.type === "gauge") registry.gauge(definition, labels).set(-1);
        else registry.histogram(definition, labels).observe(3);
      }
    }
    expect(check(registry.expose("text"))).toEqual({ status: 0, output: "" });
  });

  it("complains about a broken exposition, so that the tests above can fail", () => {
    expect(check("# TYPE a counter\na{ 1\n").status).not.toBe(0);
  });
});
