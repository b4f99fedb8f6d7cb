import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { selectRank, smallestOf } from "./order-statistics.ts";

const values = fc.oneof(
  fc.float64Array({ minLength: 1, maxLength: 60, noNaN: true }),
  fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }).map((list) => Float64Array.from(list)),
);

describe("selectRank", () => {
  it("gives what sorting gives, one rank after the other, and the value that follows", () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.nat(), (list, first, second) => {
        const sorted = list.toSorted();
        const mixed = list.slice();
        const high = first % list.length;
        const low = second % (high + 1);
        expect(selectRank(mixed, high, list.length)).toBe(sorted[high]);
        expect(selectRank(mixed, low, high + 1)).toBe(sorted[low]);
        if (low + 1 < list.length) expect(smallestOf(mixed, low + 1, list.length)).toBe(sorted[low + 1]);
        expect(mixed.toSorted()).toStrictEqual(sorted);
      }),
    );
  });

  it("leaves what stands at the end or behind it", () => {
    const list = Float64Array.of(5, 3, 4, 1, 2);
    expect(selectRank(list, 1, 3)).toBe(4);
    expect([...list.subarray(3)]).toEqual([1, 2]);
  });

  it("selects among many equal, rising and falling values", () => {
    const count = 20_000;
    for (const valueOf of [() => 1, (i: number) => i, (i: number) => -i, (i: number) => Math.abs(i - count / 2)]) {
      const list = Float64Array.from({ length: count }, (_, i) => valueOf(i));
      const expected = list.toSorted()[19_000];
      expect(selectRank(list, 19_000, count)).toBe(expected);
    }
  });
});
