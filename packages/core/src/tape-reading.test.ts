import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFingerprint } from "./fingerprint.ts";
import { quantileOfSorted } from "./gap-statistics.ts";
import { findPauses } from "./stream-pauses.ts";
import { fingerprintOfTape, gapQuantilesOf } from "./tape-reading.ts";
import { decodeTokenTape, encodeTokenTape, tapeColumnsOf } from "./token-tape.ts";

const tapes = fc
  .array(fc.record({ gap: fc.oneof(fc.nat(60_000), fc.nat(2 ** 34)), kind: fc.constantFrom("text", "tool") }), {
    maxLength: 40,
  })
  .map((steps) => {
    let atMicros = 0;
    return encodeTokenTape(steps.map(({ gap, kind }) => ({ atMicros: (atMicros += gap), kind, tokens: 1 })));
  });

/** As the quantiles are defined: over the gaps in seconds, entry by entry. */
function definedQuantile(tape: string, q: number): number | undefined {
  const { entries } = decodeTokenTape(tape);
  const gaps = entries.slice(1).map(({ atMicros }, i) => (atMicros - (entries[i]?.atMicros ?? 0)) / 1e6);
  return quantileOfSorted(Float64Array.from(gaps).sort(), q);
}

describe("what is read from a tape", () => {
  it("is what its entries say, whether the fingerprint was asked for first or not", () => {
    fc.assert(
      fc.property(tapes, fc.nat(2 ** 36), fc.boolean(), (tape, durationMicros, fingerprintFirst) => {
        const { entries } = decodeTokenTape(tape);
        const pauses = findPauses(entries).pauses;
        const expected = encodeFingerprint({ tape: tapeColumnsOf(entries), pauses, durationMicros });
        if (fingerprintFirst) expect(fingerprintOfTape(tape, durationMicros)).toBe(expected);
        const quantiles = { p50: definedQuantile(tape, 0.5), p95: definedQuantile(tape, 0.95) };
        for (let again = 0; again < 2; again += 1) {
          const { p50Seconds, p95Seconds } = gapQuantilesOf(tape);
          expect({ p50: p50Seconds, p95: p95Seconds }).toStrictEqual(quantiles);
        }
      }),
      // An odd number of gaps, whose median is one of them and whose pause depends on which.
      { examples: [["AQEQAMACAOQS3wuJegAA5BIA5BIA", 64_668, true]] },
    );
  });

  it("is nothing for a damaged tape, and no gaps for a merged one", () => {
    expect(fingerprintOfTape("AAAA", 1000)).toBeUndefined();
    expect(gapQuantilesOf("AAAA")).toEqual({});
    const entries = [0, 1000, 3000].map((atMicros) => ({ atMicros, kind: "text" as const }));
    const merged = encodeTokenTape(entries, { merged: true });
    expect(fingerprintOfTape(merged, 3000)).toHaveLength(40);
    expect(gapQuantilesOf(merged)).toEqual({});
  });
});
