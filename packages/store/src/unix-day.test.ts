import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unixDayOf } from "./unix-day.ts";

const DAY_NANOS = 86_400_000_000_000n;

describe("unixDayOf", () => {
  it("is the whole days since the epoch, in whatever order times come", () => {
    const nearMidnight = fc
      .tuple(fc.bigInt(1n, 30_000n), fc.bigInt(-2n, 2n))
      .map(([day, off]) => day * DAY_NANOS + off);
    fc.assert(
      fc.property(fc.array(fc.oneof(nearMidnight, fc.bigInt(0n, 2n ** 64n - 1n)), { maxLength: 20 }), (times) => {
        for (const time of times) expect(unixDayOf(time)).toBe(Number(time / DAY_NANOS));
      }),
    );
  });
});
