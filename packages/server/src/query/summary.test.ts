import { summarySchema } from "@nexent/monitor-api";
import { createMemoryStore } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { storeCalls } from "../testing/calls.ts";
import { summarise } from "./summary.ts";

const T0 = Date.parse("2026-11-24T10:00:00Z");
const MINUTE = 60_000;
const thresholds = { slowTokenRate: 10, slowRequestSeconds: 5 };
const hour = { from: T0, to: T0 + 60 * MINUTE };

describe("summary", () => {
  it("answers an empty store with zero requests, empty statistics and no invented number", async () => {
    const { summary, n } = await summarise(createMemoryStore(), hour, thresholds);
    expect(summarySchema.parse(summary)).toEqual(summary);
    expect(n).toBe(0);
    expect(summary.tiles).toEqual({
      attempts: 0,
      requestsPerSecond: 0,
      errors: 0,
      ttft: { n: 0 },
      speed: { n: 0 },
      duration: { n: 0 },
    });
    expect(summary).not.toHaveProperty("previous");
    expect(summary).not.toHaveProperty("newestCallMs");
    expect(summary.sparklines.ttftP50).toEqual(Array(60).fill(null));
  });

  it("gives the golden answer for a known hour", async () => {
    const store = createMemoryStore();
    const calls = Array.from({ length: 21 }, (_, index) => ({
      startMs: T0 + index * MINUTE,
      durationSeconds: 2,
      ttftSeconds: (index + 1) / 10,
      rate: 100 - index,
      outputTokens: 10,
    }));
    await storeCalls(store, [
      ...calls,
      { startMs: T0 + 30 * MINUTE, model: "qwen", outcome: "error", durationSeconds: 4 },
      { startMs: T0 + 31 * MINUTE, model: "qwen", outcome: "abandoned", durationSeconds: 600 },
      { startMs: T0 - MINUTE, model: "qwen", durationSeconds: 1, ttftSeconds: 0.5 },
    ]);
    const { summary, n } = await summarise(store, hour, thresholds);
    expect(summarySchema.parse(summary)).toEqual(summary);
    expect(n).toBe(23);
    expect(summary.tiles).toMatchObject({ attempts: 23, errors: 1, requestsPerSecond: 23 / 3600 });
    // Errors over calls without the abandoned one.
    expect(summary.tiles.errorRate).toBeCloseTo(1 / 22, 12);
    expect(summary.tiles.ttft).toEqual({
      n: 21,
      p10: expect.closeTo(0.3, 9),
      p50: expect.closeTo(1.1, 9),
      p95: expect.closeTo(2, 9),
    });
    expect(summary.tiles.speed).toEqual({ n: 21, p10: expect.closeTo(82, 9), p50: 90, p95: expect.closeTo(99, 9) });
    // 600 s of a call nobody read are in no duration.
    expect(summary.tiles.duration).toEqual({ n: 22, p10: 2, p50: 2, p95: 2 });
    expect(summary.tiles.meanInFlight).toBeCloseTo((21 * 2 + 4) / 3600, 9);
    expect(summary.previous).toMatchObject({ attempts: 1, ttft: { n: 1, p50: 0.5 } });
    expect(summary.previous?.ttft).not.toHaveProperty("p95");
    expect(summary.newestCallMs).toBe(T0 + 31 * MINUTE);
    expect(
      summary.models.map(({ model, attempts, errorRate, outputTokens }) => ({
        model,
        attempts,
        errorRate,
        outputTokens,
      })),
    ).toEqual([
      { model: "gpt-4o", attempts: 21, errorRate: 0, outputTokens: 210 },
      { model: "qwen", attempts: 2, errorRate: 1, outputTokens: undefined },
    ]);
    expect(summary.sparklines.requestsPerSecond.slice(0, 3)).toEqual([1 / 60, 1 / 60, 1 / 60]);
    expect(summary.sparklines.ttftP50[20]).toBeCloseTo(2.1, 9);
    expect(summary.sparklines.ttftP50[22]).toBeNull();
    expect(summary.sparklines.errorRate[30]).toBe(1);
    expect(summary.sparklines.durationP50[31]).toBeNull();
  });

  it("filters by model, operation and provider", async () => {
    const store = createMemoryStore();
    await storeCalls(store, [
      { startMs: T0, model: "a" },
      { startMs: T0, model: "b" },
      { startMs: T0, model: "c" },
    ]);
    const { summary } = await summarise(store, { ...hour, m: ["a", "b"], prov: ["openai"] }, thresholds);
    expect(summary.models.map(({ model }) => model)).toEqual(["a", "b"]);
    expect((await summarise(store, { ...hour, op: ["embeddings"] }, thresholds)).n).toBe(0);
  });

  it("says when its percentiles are sketches; sparklines of wide ranges have whole steps of rollups", async () => {
    const store = createMemoryStore({ exactQuantileLimit: 20 });
    const calls = Array.from({ length: 21 }, (_, index) => ({ startMs: T0 + index * MINUTE, durationSeconds: 2 }));
    await storeCalls(store, calls);
    const twoWeeks = { from: T0 - 13 * 24 * 60 * MINUTE, to: T0 + 24 * 60 * MINUTE };
    const { summary, relativeError } = await summarise(store, twoWeeks, thresholds);
    expect(relativeError).toBe(0.02);
    expect(summary.sparklines.durationP50).toHaveLength(56);
    expect(Math.abs((summary.tiles.duration.p50 ?? 0) - 2)).toBeLessThanOrEqual(0.04);
    expect(summary.tiles.meanInFlight).toBeCloseTo((21 * 2) / (14 * 86_400), 12);
    expect((await summarise(store, { ...hour, to: T0 + 20 * MINUTE }, thresholds)).relativeError).toBeUndefined();
  });
});
