import fc from "fast-check";
import { expect, it } from "vitest";
import { PrefixMedian } from "./prefix-median.ts";

it("is the median of every prefix, as sorting gives it", () => {
  const values = fc.array(fc.oneof(fc.nat(20), fc.nat(5_000_000)), { minLength: 1, maxLength: 120 });
  fc.assert(
    fc.property(values, (list) => {
      const median = new PrefixMedian(Float64Array.from(list));
      expect(median.median()).toBeUndefined();
      list.forEach((value, i) => {
        median.add(value);
        const sorted = list.slice(0, i + 1).toSorted((a, b) => a - b);
        const middle = Math.floor(sorted.length / 2);
        const upper = sorted[middle] ?? 0;
        expect(median.count).toBe(i + 1);
        expect(median.median()).toBe(sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2);
      });
    }),
  );
});
