import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextFlush } from "./flush-size.ts";

const OPTIONS = { flushRows: 100, groupRows: 20 };

describe("size of a flush", () => {
  it("FED-5 ends where the last row group is full, or more than half", () => {
    expect(nextFlush([10, 10, 10], OPTIONS)).toStrictEqual({ batches: 2, fillsGroups: true });
    expect(nextFlush([10, 10, 11], OPTIONS)).toStrictEqual({ batches: 3, fillsGroups: true });
    expect(nextFlush([19, 6], OPTIONS)).toStrictEqual({ batches: 1, fillsGroups: false });
    expect(nextFlush([22], OPTIONS)).toStrictEqual({ batches: 1, fillsGroups: false });
    expect(nextFlush([5, 5], OPTIONS)).toStrictEqual({ batches: 2, fillsGroups: false });
  });

  it("FED-5 takes a batch at least, and of several no more rows than allowed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 20 }), (counts) => {
        const { batches, fillsGroups } = nextFlush(counts, OPTIONS);
        const rows = counts.slice(0, batches).reduce((sum, count) => sum + count, 0);
        expect(batches).toBeGreaterThanOrEqual(1);
        if (batches > 1) expect(rows).toBeLessThanOrEqual(OPTIONS.flushRows);
        if (fillsGroups) expect(rows % 20 === 0 || rows % 20 > 10).toBe(true);
      }),
    );
  });
});
