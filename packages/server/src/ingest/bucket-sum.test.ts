import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExponentialBuckets, ExponentialPoint } from "../codecs/metric-points.ts";
import { addBuckets, type Buckets } from "./bucket-sum.ts";
import { explicitBuckets } from "./exponential-bounds.ts";

/** An exponential histogram made the way an SDK makes one, apart from the limit on its buckets. */
function exponential(values: readonly number[], scale: number, zeroThreshold = 0): ExponentialPoint {
  const side = (magnitudes: readonly number[]): ExponentialBuckets => {
    // Logarithms are not exact at the ends of buckets: the index is corrected by the ends themselves.
    const indexes = magnitudes.map((value) => {
      let index = Math.ceil(Math.log2(value) * 2 ** scale) - 1;
      while (2 ** (index * 2 ** -scale) >= value) index--;
      while (2 ** ((index + 1) * 2 ** -scale) < value) index++;
      return index;
    });
    const offset = indexes.length === 0 ? 0 : Math.min(...indexes);
    const bucketCounts = Array.from({ length: indexes.length === 0 ? 0 : Math.max(...indexes) - offset + 1 }, () => 0);
    for (const index of indexes) bucketCounts[index - offset] = (bucketCounts[index - offset] ?? 0) + 1;
    return { offset, bucketCounts };
  };
  const zeros = values.filter((value) => Math.abs(value) <= zeroThreshold);
  return {
    attributes: new Map(),
    startUnixNanos: 0n,
    timeUnixNanos: 0n,
    flags: 0,
    exemplars: [],
    count: values.length,
    sum: undefined,
    scale,
    zeroCount: zeros.length,
    zeroThreshold,
    positive: side(values.filter((value) => value > zeroThreshold)),
    negative: side(values.filter((value) => value < -zeroThreshold).map(Math.abs)),
  };
}

/** What the buckets of these bounds must hold. */
function counted(values: readonly number[], bounds: readonly number[]): Buckets {
  const upTo = (bound: number): number => values.filter((value) => value <= bound).length;
  return { count: values.length, bounds, buckets: [...bounds.map(upTo), values.length] };
}

const positives = fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { maxLength: 12 });
const scale = fc.integer({ min: -2, max: 3 });

describe("an exponential histogram", () => {
  it("counts at its explicit bounds exactly what is not above them", () => {
    fc.assert(
      fc.property(positives, positives, scale, fc.constantFrom(0, 1e-4), (up, down, at, threshold) => {
        // Negative buckets are open at the lower end, so values on a bound are left out there.
        const below = down.filter((value) => !Number.isInteger(Math.log2(value) * 2 ** at)).map((value) => -value);
        const values = [...up, ...below, 0, 0];
        const found = explicitBuckets(exponential(values, at, threshold));
        expect(found).toEqual(counted(values, found?.bounds ?? []));
        expect(found?.bounds).toEqual([...new Set(found?.bounds)].toSorted((a, b) => a - b));
      }),
    );
  });

  it("has the ends of its buckets as bounds, and the zero bucket", () => {
    expect(explicitBuckets(exponential([3, 4, 5, 9], 0))).toEqual({
      count: 4,
      bounds: [0, 2, 4, 8, 16],
      buckets: [0, 0, 2, 3, 4, 4],
    });
    expect(explicitBuckets(exponential([-3, 0], 0, 0.5))).toEqual({
      count: 2,
      bounds: [-4, -2, 0.5],
      buckets: [0, 1, 2, 2],
    });
  });

  it("stays ascending and finite at the ends of the range of doubles", () => {
    const point = exponential([], -10);
    const huge = { ...point, count: 3, positive: { offset: -2, bucketCounts: [1, 0, 1, 1] } };
    expect(explicitBuckets(huge)).toEqual({ count: 3, bounds: [0, 2 ** -1024, 1], buckets: [0, 1, 1, 3] });
  });

  it("is none with another scale or counts that do not make its count", () => {
    expect(explicitBuckets({ ...exponential([1], 0), scale: 21 })).toBeUndefined();
    expect(explicitBuckets({ ...exponential([1], 0), scale: -11 })).toBeUndefined();
    expect(explicitBuckets({ ...exponential([1], 0), count: 2 })).toBeUndefined();
    expect(explicitBuckets({ ...exponential([1], 0), zeroThreshold: NaN })).toBeUndefined();
  });
});

describe("the sum of two histograms", () => {
  it("is that of all values at every bound it keeps, whatever the scales", () => {
    fc.assert(
      fc.property(positives, positives, scale, scale, (one, other, a, b) => {
        const [left, right] = [explicitBuckets(exponential(one, a)), explicitBuckets(exponential(other, b))];
        if (left === undefined || right === undefined) throw new Error("the histogram is refused");
        const sum = addBuckets(left, right);
        expect(sum).toEqual(counted([...one, ...other], sum.bounds));
        // Nothing of the coarser grid is lost.
        const coarse = a < b ? left : right;
        expect(coarse.bounds.filter((bound) => !sum.bounds.includes(bound))).toEqual([]);
      }),
    );
  });

  it("keeps every bound when they are equal, and of others those it knows for certain", () => {
    const a = counted([1, 2, 3], [1, 2, 5]);
    expect(addBuckets(a, counted([2, 9], [1, 2, 5]))).toEqual(counted([1, 2, 3, 2, 9], [1, 2, 5]));
    expect(addBuckets(a, counted([4], [3, 10]))).toEqual({ count: 4, bounds: [1, 2, 10], buckets: [1, 2, 4, 4] });
    expect(addBuckets(a, { count: 1, bounds: [], buckets: [1] })).toEqual({ count: 4, bounds: [], buckets: [4] });
  });
});
