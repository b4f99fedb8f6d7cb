import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BinCounts, binOf } from "./bins.ts";
import { pageBound } from "./page-bound.ts";

const values = fc.array(fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.integer({ min: 0, max: 3 })), {
  minLength: 1,
  maxLength: 60,
});

describe("bound of a page", () => {
  it("holds for every row of every page, and tells how many values keep it at most", () => {
    fc.assert(
      fc.property(
        values,
        fc.boolean(),
        fc.nat(70),
        fc.integer({ min: 1, max: 10 }),
        (all, descending, skipped, rows) => {
          const counts = new BinCounts();
          for (const one of all) counts.add(binOf(one), 1);
          const sorted = all.toSorted((a, b) => (descending ? b - a : a - b));
          const after = skipped === 0 ? undefined : sorted[skipped - 1];
          fc.pre(skipped === 0 || after !== undefined);
          const bound = pageBound(counts, descending, after, rows);
          const page = sorted.slice(skipped, skipped + rows);
          if (bound === undefined) return;
          expect(page).toHaveLength(rows);
          for (const one of page) expect(descending ? one >= bound.value : one <= bound.value).toBe(true);
          expect(bound.calls).toBeGreaterThanOrEqual(rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is unknown when there are fewer values than rows", () => {
    const counts = new BinCounts();
    for (const one of [1, 2, 3]) counts.add(binOf(one), 1);
    expect(pageBound(counts, true, undefined, 4)).toBe(undefined);
    expect(pageBound(counts, true, 2, 2)).toBe(undefined);
    expect(pageBound(counts, true, 3, 2)?.value).toBeLessThanOrEqual(1);
    expect(pageBound(counts, false, 1, 2)?.calls).toBe(3);
  });
});
