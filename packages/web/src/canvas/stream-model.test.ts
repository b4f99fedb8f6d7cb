import { describe, expect, it } from "vitest";
import { fixtureModel } from "./stream-fixtures.ts";
import { chunksUntil, clampWindow, deliveredAt } from "./stream-model.ts";

const model = fixtureModel(
  [
    { atUs: 100, kind: "reasoning", tokens: 2 },
    { atUs: 200, kind: "reasoning", tokens: 3 },
    { atUs: 300, kind: "tool", tokens: 1 },
    { atUs: 500_000, kind: "text", tokens: 4 },
    { atUs: 500_100, kind: "text", tokens: 5 },
  ],
  { tailUs: 900 },
);

describe("the stream model", () => {
  it("turns deltas into moments and sums tokens", () => {
    expect([...model.atUs]).toEqual([100, 200, 300, 500_000, 500_100]);
    expect([...model.delivered]).toEqual([2, 5, 6, 10, 15]);
  });

  it("finds the phases; a pause between two belongs to neither", () => {
    expect(model.phases).toEqual([
      { kind: "wait", fromUs: 0, toUs: 100 },
      { kind: "reasoning", fromUs: 100, toUs: 300 },
      { kind: "tool", fromUs: 300, toUs: 300 },
      { kind: "answer", fromUs: 500_000, toUs: 500_100 },
      { kind: "tail", fromUs: 500_100, toUs: 501_000 },
    ]);
  });

  it("counts what arrived until a moment, the moment included", () => {
    expect([chunksUntil(model, 99), chunksUntil(model, 100), chunksUntil(model, 400)]).toEqual([0, 1, 3]);
    expect([deliveredAt(model, 50), deliveredAt(model, 200), deliveredAt(model, 1e9)]).toEqual([0, 5, 15]);
  });

  it("counts chunks where tokens are unknown", () => {
    const chunks = fixtureModel([{ atUs: 10 }, { atUs: 20 }], { axis: "chunks" });
    expect([...chunks.delivered]).toEqual([1, 2]);
  });

  it("keeps a window inside of the stream and wide enough to hold something", () => {
    expect(clampWindow(model, { fromUs: -50_000, toUs: 50_000 })).toEqual({ fromUs: 0, toUs: 100_000 });
    const tiny = clampWindow(model, { fromUs: 500_990, toUs: 500_991 });
    expect(tiny.toUs).toBeLessThanOrEqual(model.endUs);
    expect(tiny.toUs - tiny.fromUs).toBeCloseTo(model.endUs / 20);
  });

  it("stands an empty stream", () => {
    const empty = fixtureModel([], { tailUs: 1_000 });
    expect(empty.count).toBe(0);
    expect(empty.phases).toEqual([{ kind: "wait", fromUs: 0, toUs: 1_000 }]);
  });
});
