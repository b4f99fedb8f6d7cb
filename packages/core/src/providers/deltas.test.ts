import { describe, expect, it } from "vitest";
import { addDelta, addJsonDelta, emptyDeltaTarget } from "./deltas.ts";

describe("output", () => {
  it("is counted by the bytes of its text, and by the kind that came first", () => {
    const target = emptyDeltaTarget();
    addDelta(target, "reasoning", "é");
    addDelta(target, "text", "ab");
    expect(target).toEqual({ kinds: 3, kind: "reasoning", outputBytes: 4, reasoningForm: undefined });
  });

  it("that is empty, or no text, counts nothing", () => {
    const target = emptyDeltaTarget();
    for (const value of ["", undefined, null, 7, {}, ["a"]]) addDelta(target, "text", value);
    for (const value of [{}, undefined, null]) addJsonDelta(target, "tool", value);
    expect(target).toEqual(emptyDeltaTarget());
  });

  it("that comes parsed is counted as the JSON it was", () => {
    const target = emptyDeltaTarget();
    addJsonDelta(target, "tool", { city: "Köln" });
    expect(target.outputBytes).toBe(16);
  });
});
