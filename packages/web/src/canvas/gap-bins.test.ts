import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BIN_COUNT, binOf, gapSpectrum } from "./gap-bins.ts";
import { busyStream, fixtureModel } from "./stream-fixtures.ts";

describe("gap bins", () => {
  it.each([
    [0, 0],
    [99, 0],
    [100, 1],
    [177, 1],
    [178, 2],
    [1_000, 5],
    [100_000, 13],
    [9_999_999, 20],
    [10_000_000, 21],
    [1e12, 21],
  ])("put %d µs into bin %d", (us, bin) => expect(binOf(us)).toBe(bin));

  it("grow with the gap and never leave the axis", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e10, noNaN: true }),
        fc.double({ min: 0, max: 1e10, noNaN: true }),
        (a, b) => {
          expect(binOf(Math.min(a, b))).toBeLessThanOrEqual(binOf(Math.max(a, b)));
          expect(binOf(a)).toBeLessThan(BIN_COUNT);
        },
      ),
    );
  });
});

describe("the gap spectrum", () => {
  const model = fixtureModel(busyStream());
  const spectrum = gapSpectrum(model);

  it("counts every gap once and adds up to the time between first and last chunk", () => {
    expect(spectrum.bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(model.count - 1);
    expect(spectrum.bins.reduce((sum, bin) => sum + bin.us, 0)).toBeCloseTo(spectrum.totalUs, 0);
  });

  it("calls a stall a stall and a tool wait a tool wait", () => {
    expect(spectrum.stalls).toBe(model.pauses.filter((pause) => pause.kind === "stall").length);
    expect(spectrum.bins.reduce((sum, bin) => sum + bin.toolCount, 0)).toBe(1);
  });
});
