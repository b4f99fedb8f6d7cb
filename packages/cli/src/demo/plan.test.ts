import { describe, expect, it } from "vitest";
import { readExactRequest } from "../exact-server/exact-request.ts";
import { TRAFFIC_SHAPES } from "./azure-trace.ts";
import { DEMO_MODELS } from "./models.ts";
import { MAX_OUTPUT_TOKENS, planDemo } from "./plan.ts";
import { meanOfQuantiles, valueAtQuantile } from "./quantile.ts";

const HOUR = planDemo({ minutes: 60, ratePerSecond: 2, seed: 3 });

describe("the demo plan", () => {
  it("is the same for the same seed and another for another", () => {
    const options = { minutes: 2, ratePerSecond: 2, seed: 1 };
    expect(planDemo(options)).toEqual(planDemo(options));
    expect(planDemo({ ...options, seed: 2 }).calls).not.toEqual(planDemo(options).calls);
  });

  it("has about the asked number of calls, in order, within the asked time", () => {
    expect(HOUR.calls.length).toBeGreaterThan(7_200 * 0.8);
    expect(HOUR.calls.length).toBeLessThan(7_200 * 1.2);
    const times = HOUR.calls.map((call) => call.atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.at(-1)).toBeLessThan(3_600_000);
  });

  it("asks only what the exact-schedule server understands, with bounded output", () => {
    for (const call of HOUR.calls) {
      const reading = readExactRequest({ format: "openai-chat" }, call.body);
      expect(reading).toMatchObject({ ok: true });
      if (reading.ok) expect(reading.request.exact.tokens).toBeLessThanOrEqual(MAX_OUTPUT_TOKENS);
    }
  });

  it("contains every model and every kind of trouble", () => {
    const bodies = HOUR.calls.map((call) => JSON.stringify(call.body));
    for (const model of DEMO_MODELS) expect(bodies.some((body) => body.includes(`"${model.name}"`))).toBe(true);
    for (const needle of [
      '"status":429',
      '"status":500',
      "dropAfterTokens",
      "errorAfterTokens",
      "toolCall",
      "stalls",
      '"stream":false',
    ]) {
      expect(bodies.some((body) => body.includes(needle))).toBe(true);
    }
    expect(HOUR.calls.some((call) => call.abortAfterMs !== undefined)).toBe(true);
  });

  it("arrives in bursts, as the trace does: more variable than a regular or a Poisson process", () => {
    const gaps = HOUR.calls.slice(1).map((call, index) => call.atMs - (HOUR.calls[index]?.atMs ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(variance / mean ** 2).toBeGreaterThan(1);
  });
});

describe("quantile tables", () => {
  it("interpolate between their points and stay inside their ends", () => {
    expect(valueAtQuantile([0, 10, 30], 0.25)).toBe(5);
    expect(valueAtQuantile([0, 10, 30], 0.75)).toBe(20);
    expect(valueAtQuantile([0, 10, 30], 1)).toBe(30);
    expect(valueAtQuantile([0, 10, 30], -1)).toBe(0);
    expect(meanOfQuantiles([0, 10, 30])).toBe(12.5);
  });

  it("of the trace rise, and code answers are far shorter than conversation answers", () => {
    for (const shape of Object.values(TRAFFIC_SHAPES)) {
      for (const table of [shape.inputTokens, shape.outputTokens, shape.gap]) {
        expect(table).toHaveLength(21);
        expect([...table]).toEqual([...table].sort((a, b) => a - b));
      }
    }
    expect(TRAFFIC_SHAPES.code.outputTokens[10]).toBeLessThan(TRAFFIC_SHAPES.conversation.outputTokens[10] / 5);
  });
});
