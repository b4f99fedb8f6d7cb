import { seriesSchema } from "@nexent/monitor-api";
import { createMemoryStore } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { storeCalls, type CallSpec } from "../testing/calls.ts";
import { gridOf, seriesOf } from "./series.ts";

const T0 = Date.parse("2026-11-24T10:00:00Z");
const LATER = T0 + 3_600_000;

describe("gridOf", () => {
  it("takes the step of the range, whole buckets only, and leaves the one that still fills out", () => {
    expect(gridOf(T0 + 250, T0 + 5_250, LATER)).toEqual({
      stepMs: 1_000,
      fromMs: T0,
      times: [0, 1, 2, 3, 4].map((second) => T0 + second * 1_000),
    });
    expect(gridOf(T0, T0 + 10_000, T0 + 3_999).times).toHaveLength(3);
    expect(gridOf(T0, T0 + 3_600_000, LATER)).toMatchObject({ stepMs: 5_000 });
    expect(gridOf(T0, T0 + 30 * 86_400_000, T0 + 30 * 86_400_000).times).toHaveLength(720);
    expect(gridOf(T0, T0, LATER).times).toEqual([]);
  });
});

describe("series", () => {
  it("gives the golden answer for two models over ten seconds, with gaps as null", async () => {
    const store = createMemoryStore();
    await storeCalls(store, [
      { startMs: T0 + 100, model: "a", ttftSeconds: 0.2 },
      { startMs: T0 + 900, model: "a", ttftSeconds: 0.4 },
      { startMs: T0 + 2_000, model: "b", ttftSeconds: 1 },
      { startMs: T0 + 3_000, model: "a" },
    ]);
    const question = { from: T0, to: T0 + 4_000, metric: "ttft", by: "model" } as const;
    const { series: answer } = await seriesOf(store, question, LATER);
    expect(seriesSchema.parse(answer)).toEqual(answer);
    expect(answer).toEqual({
      stepMs: 1_000,
      times: [T0, T0 + 1_000, T0 + 2_000, T0 + 3_000],
      series: [
        { model: "a", stat: "p50", n: 2, values: [expect.closeTo(0.3, 9), null, null, null] },
        { model: "b", stat: "p50", n: 1, values: [null, null, 1, null] },
      ],
    });
  });

  it("shows a tail only in buckets of 20 values and more", async () => {
    const store = createMemoryStore();
    const calls = (count: number, startMs: number): CallSpec[] =>
      Array.from({ length: count }, (_, index) => ({ startMs: startMs + index, ttftSeconds: index + 1 }));
    await storeCalls(store, [...calls(21, T0), ...calls(5, T0 + 1_000)]);
    const {
      series: { series },
    } = await seriesOf(store, { from: T0, to: T0 + 2_000, metric: "ttft", by: "none" }, LATER);
    expect(series.map(({ stat, values }) => [stat, values])).toEqual([
      ["p50", [11, 3]],
      ["p95", [20, null]],
    ]);
  });

  it("folds all models beyond five into one series, whose percentiles come from its own values", async () => {
    const store = createMemoryStore();
    const calls = Array.from({ length: 7 }, (_, model) =>
      Array.from({ length: 9 - model }, () => ({ startMs: T0, model: `m${model}`, rate: 10 * (model + 1) })),
    ).flat();
    await storeCalls(store, calls);
    const {
      series: { series },
    } = await seriesOf(store, { from: T0, to: T0 + 1_000, metric: "speed", by: "model" }, LATER);
    expect(series.map(({ model, folded, n }) => ({ model, folded, n }))).toEqual([
      { model: "m0", folded: undefined, n: 9 },
      { model: "m1", folded: undefined, n: 8 },
      { model: "m2", folded: undefined, n: 7 },
      { model: "m3", folded: undefined, n: 6 },
      { model: "m4", folded: undefined, n: 5 },
      { model: undefined, folded: 2, n: 7 },
    ]);
    // Four values of 60 and three of 70.
    expect(series.at(-1)?.values).toEqual([60]);
  });

  it("counts requests per second and errors without abandoned calls", async () => {
    const store = createMemoryStore();
    await storeCalls(store, [
      { startMs: T0 },
      { startMs: T0, outcome: "error" },
      { startMs: T0, outcome: "abandoned" },
      { startMs: T0 + 1_000, outcome: "abandoned" },
    ]);
    const ask = async (metric: "requests" | "error_rate" | "duration") =>
      (await seriesOf(store, { from: T0, to: T0 + 2_000, metric, by: "none" }, LATER)).series;
    expect((await ask("requests")).series[0]?.values).toEqual([3, 1]);
    expect((await ask("error_rate")).series[0]).toMatchObject({ n: 2, values: [0.5, null] });
    expect((await ask("duration")).series[0]).toMatchObject({ n: 2, values: [1, null] });
  });

  it("says when its percentiles are sketches, and how good they are", async () => {
    const store = createMemoryStore({ exactQuantileLimit: 2 });
    await storeCalls(store, [{ startMs: T0 }, { startMs: T0 + 1 }, { startMs: T0 + 2 }]);
    const ask = async (toMs: number, by: "model" | "none") =>
      (await seriesOf(store, { from: T0, to: toMs, metric: "duration", by }, T0 + 72 * 3_600_000)).relativeError;
    const twoDays = T0 + 48 * 3_600_000;
    expect([await ask(twoDays, "none"), await ask(twoDays, "model")]).toEqual([0.02, 0.02]);
    expect(await ask(T0 + 2_000, "none"), "buckets finer than rollups").toBeUndefined();
  });
});
