import { describe, expect, it } from "vitest";
import { SCENARIOS, scenarioByName, type ScenarioTruth } from "./index.ts";
import { playScenario } from "./play.testing.ts";

/** Truths are fractions written by hand; the ninth digit of a quotient is nobody's measurement. */
function comparable(truth: ScenarioTruth): ScenarioTruth {
  const rate = truth.generationRateTokensPerSecond;
  return rate === undefined ? truth : { ...truth, generationRateTokensPerSecond: Number(rate.toFixed(9)) };
}

describe("the scenario set", () => {
  it("has unique kebab-case names, and a sentence for each", () => {
    const names = SCENARIOS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const { title } of SCENARIOS) expect(title).toMatch(/\.$/);
  });

  it("has schedules in order that end in time", () => {
    for (const { name, writes, end } of SCENARIOS) {
      const times = writes.map(({ atMs }) => atMs);
      expect(times, name).toEqual(times.toSorted((a, b) => a - b));
      if (end.kind !== "hang") expect(end.atMs, name).toBeGreaterThanOrEqual(times.at(-1) ?? 0);
      expect(times.at(-1), name).toBeLessThanOrEqual(2_800);
    }
  });

  it("finds a scenario by its name, and nothing by another", () => {
    expect(scenarioByName("reference")?.truth.ttftSeconds).toBe(0.5);
    expect(scenarioByName("constructor")).toBeUndefined();
  });
});

describe("parser and clock, fed on exact fake times, give the right answer for", () => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))("%s", (_, scenario) => {
    expect(comparable(playScenario(scenario))).toEqual(comparable(scenario.truth));
  });

  const wrong: readonly (readonly [field: string, change: Partial<ScenarioTruth>])[] = [
    ["a TTFT that is 1 ms off", { ttftSeconds: 0.501 }],
    ["a rate that is 0.1 % off", { generationRateTokensPerSecond: 50.05 }],
    ["another outcome", { outcome: "cancelled" }],
    ["one token more", { outputTokens: 21 }],
    ["an estimate instead of a report", { estimated: true }],
    ["a stall", { stallCount: 1 }],
    ["0 instead of unknown", { firstToolCallSeconds: 0 }],
  ];
  it.each(wrong)("the reference, and would notice %s", (_, change) => {
    const scenario = scenarioByName("reference");
    if (scenario === undefined) throw new Error("the reference scenario is missing");
    expect(comparable(playScenario(scenario))).not.toEqual(comparable({ ...scenario.truth, ...change }));
  });
});
