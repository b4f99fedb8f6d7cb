import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeenIds } from "./seen-ids.ts";
import { spanKey } from "./stored-span.ts";
import { spanIdOf, traceIdOf } from "./testing/sample-spans.ts";

const idOf = (n: number): string => spanKey(traceIdOf(n), spanIdOf(n));
const HOUR_MS = 3_600_000;

describe("seen ids", () => {
  it("DED-1 remembers every id with its day, and no other", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(100_000), { maxLength: 3_000 }), (numbers) => {
        const seen = createSeenIds();
        for (const n of numbers) seen.add(idOf(n), n % 40_000, n * 10);
        for (const n of numbers) expect(seen.dayOf(idOf(n))).toBe(n % 40_000);
        for (const n of numbers) expect(seen.dayOf(spanKey(traceIdOf(n), spanIdOf(n + 200_000)))).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });

  it("DED-2 forgets whole hours after a day, and says since when it is complete", () => {
    const seen = createSeenIds();
    seen.add(idOf(1), 1, 0);
    expect(seen.completeSinceUnixMillis).toBe(0);
    seen.add(idOf(2), 1, 24 * HOUR_MS);
    expect(seen.dayOf(idOf(1))).toBe(1);
    seen.add(idOf(3), 1, 25 * HOUR_MS);
    expect(seen.dayOf(idOf(1))).toBeUndefined();
    expect(seen.completeSinceUnixMillis).toBe(HOUR_MS);
  });

  it("DED-2 forgets the oldest hour rather than grow beyond its bound", () => {
    const seen = createSeenIds({ maxIds: 100 });
    for (let n = 0; n < 150; n++) seen.add(idOf(n), 1, n < 90 ? 0 : 2 * HOUR_MS);
    expect(seen.dayOf(idOf(5))).toBeUndefined();
    expect(seen.dayOf(idOf(120))).toBe(1);
    expect(seen.completeSinceUnixMillis).toBe(HOUR_MS);
  });

  it("DED-2 D10 a jump of the clock never makes it claim to know what it does not", () => {
    const seen = createSeenIds();
    seen.add(idOf(1), 1, 1_000 * HOUR_MS);
    seen.add(idOf(2), 1, 0);
    expect(seen.dayOf(idOf(2)) === 1 || seen.completeSinceUnixMillis > 0).toBe(true);
  });
});
