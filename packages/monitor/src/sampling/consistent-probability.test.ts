import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomnessOf, thresholdOf, withThreshold } from "./consistent-probability.ts";

const traceId = fc.string({
  unit: fc.constantFrom(...Array.from({ length: 16 }, (_, digit) => digit.toString(16))),
  minLength: 32,
  maxLength: 32,
});

describe("thresholdOf", () => {
  it.each([
    [1, "0"],
    [0.5, "8"],
    [0.25, "c"],
    [0.1, "e666"],
    [0.01, "fd70a"],
  ])("writes probability %d as th:%s", (probability, encoded) => {
    expect(thresholdOf(probability).encoded).toBe(encoded);
  });

  it("keeps everything at 1 and nothing at 0", () => {
    fc.assert(
      fc.property(traceId, (id) => {
        expect(randomnessOf(id, undefined) >= thresholdOf(1).threshold).toBe(true);
        expect(randomnessOf(id, undefined) >= thresholdOf(0).threshold).toBe(false);
      }),
    );
    expect(thresholdOf(0).encoded).toBeUndefined();
  });

  it("is consistent: what a lower probability keeps, a higher one keeps too, and the text says the same as the number", () => {
    fc.assert(
      fc.property(
        traceId,
        fc.double({ min: 1e-9, max: 1, noNaN: true }),
        fc.double({ min: 1e-9, max: 1, noNaN: true }),
        (id, a, b) => {
          const [low, high] = [thresholdOf(Math.min(a, b)), thresholdOf(Math.max(a, b))];
          const randomness = randomnessOf(id, undefined);
          if (randomness >= low.threshold) expect(randomness >= high.threshold).toBe(true);
          expect(BigInt(`0x${(low.encoded ?? "").padEnd(14, "0")}`)).toBe(low.threshold);
        },
      ),
    );
  });

  it("keeps the share it was asked for", () => {
    const ids = Array.from(
      { length: 4096 },
      (_, i) => `${"0".repeat(18)}${(i * 16 ** 3).toString(16).padStart(6, "0")}${"0".repeat(8)}`,
    );
    const kept = ids.filter((id) => randomnessOf(id, undefined) >= thresholdOf(0.25).threshold).length;
    expect(kept).toBe(1024);
  });
});

describe("tracestate", () => {
  it("uses an explicit random value, and the trace id when that is malformed", () => {
    const id = `${"0".repeat(18)}00000000000001`;
    expect(randomnessOf(id, "th:8;rv:0000000000000f")).toBe(15n);
    expect(randomnessOf(id, "rv:xyz")).toBe(1n);
  });

  it("replaces the threshold and keeps the rest", () => {
    expect(withThreshold(undefined, "8")).toBe("th:8");
    expect(withThreshold("rv:00000000000001;th:c", "8")).toBe("th:8;rv:00000000000001");
  });
});
