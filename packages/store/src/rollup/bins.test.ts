import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BinCounts, binOf, BINS, leastOfBin, mostOfBin, SKETCH_ERROR, valueOfBin } from "./bins.ts";

/** Values that a column can hold: zero, tiny, usual and huge ones. */
const value = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 1e-6, noNaN: true }),
  fc.double({ min: 0, max: 100, noNaN: true }),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.double({ min: 0, max: 2 ** 53, noNaN: true }),
  fc.constantFrom(Number.MIN_VALUE, 1, 1.04, 2 ** 53, 2 ** 63, 4.999e-10, 5e-10),
);

/** Half of what sums are rounded to. */
const RESOLUTION = 5e-10;

function exactQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (sorted.length - 1) * q;
  const [low = 0, high = 0] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  return low + (high - low) * (rank - Math.floor(rank));
}

function sketchOf(values: readonly number[]): BinCounts {
  const counts = new BinCounts();
  for (const one of values) counts.add(binOf(one), 1);
  return counts;
}

describe("bins of a sketch", () => {
  it("the value of a bin is within the bound of every value in it", () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(binOf(one)).toBeLessThan(BINS);
        expect(Math.abs(valueOfBin(binOf(one)) - one)).toBeLessThanOrEqual(one * SKETCH_ERROR + RESOLUTION);
      }),
    );
  });

  it("no value lies outside the ends of its bin", () => {
    fc.assert(
      fc.property(value, (one) => {
        expect(leastOfBin(binOf(one))).toBeLessThanOrEqual(one);
        expect(mostOfBin(binOf(one))).toBeGreaterThanOrEqual(one);
      }),
    );
    expect(mostOfBin(BINS - 1)).toBe(Infinity);
    expect(leastOfBin(5)).toBeGreaterThan(leastOfBin(4));
  });

  it("every quantile is within the bound of the exact one, on any data", () => {
    const q = fc.constantFrom(0.001, 0.1, 0.25, 0.5, 0.95, 0.99, 0.999);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 200 }), q, (values, wanted) => {
        const exact = exactQuantile(values, wanted);
        const bound = exact * SKETCH_ERROR + RESOLUTION;
        expect(Math.abs(sketchOf(values).quantile(wanted) - exact)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 500 },
    );
  });

  it("counts that are added up answer as if all values had come at once, and are empty after a clear", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.array(value, { minLength: 1 }), (some, others) => {
        const sum = sketchOf(some);
        const [bins, counts] = [[] as number[], [] as number[]];
        sketchOf(others).forEach((bin, count) => {
          bins.push(bin);
          counts.push(count);
        });
        sum.addAll(Uint16Array.from(bins), Uint16Array.from(counts), 0, bins.length);
        const whole = sketchOf([...some, ...others]);
        expect([sum.total, sum.quantile(0.5)]).toStrictEqual([whole.total, whole.quantile(0.5)]);
        sum.clear();
        expect(sum.total).toBe(0);
        sum.add(binOf(3), 1);
        expect(sum.quantile(0.5)).toBe(valueOfBin(binOf(3)));
      }),
    );
  });
});
