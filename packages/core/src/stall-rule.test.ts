import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkLog } from "./chunk-log.ts";
import type { Stall } from "./model/token-timings.ts";
import { stallsOf, type StallRule } from "./stall-rule.ts";

const RULE: StallRule = { minMicros: 2_000_000, factor: 10, firstTokenMicros: 60_000_000 };

function logOf(gaps: readonly number[], pausedBefore: readonly number[] = []): ChunkLog {
  const chunks = new ChunkLog();
  let at = 1_000_000;
  chunks.append(at, "text", 4, -1, false);
  gaps.forEach((gap, i) => {
    at += gap;
    chunks.append(at, "text", 4, -1, pausedBefore.includes(i + 1));
  });
  return chunks;
}

function stalls(gaps: readonly number[], rule: StallRule = RULE, paused: readonly number[] = []): readonly Stall[] {
  const chunks = logOf(gaps, paused);
  return stallsOf({ chunks, firstWaitMicros: chunks.atMicros(0), trailingEndMicros: undefined }, rule);
}

/** `count` gaps of this length. */
const gaps = (count: number, micros: number): readonly number[] => Array.from({ length: count }, () => micros);

describe("a stall", () => {
  it("is a gap of 2 s in a quick stream; exactly 2 s is one, a microsecond less is none", () => {
    expect(stalls([...gaps(9, 20_000), 2_000_000])).toEqual([
      { phase: "mid_stream", offsetMicros: 1_180_000, durationMicros: 2_000_000, lostMicros: 1_980_000 },
    ]);
    expect(stalls([...gaps(9, 20_000), 1_999_999])).toEqual([]);
  });

  it("is ten medians of the earlier gaps in a slow stream", () => {
    expect(stalls([...gaps(8, 500_000), 4_999_999])).toEqual([]);
    expect(stalls([...gaps(8, 500_000), 5_000_000]).map(({ lostMicros }) => lostMicros)).toEqual([4_500_000]);
  });

  it("needs 8 earlier gaps for its median; before that 2 s count alone and the whole gap is lost", () => {
    expect(stalls([...gaps(7, 500_000), 2_100_000]).map(({ lostMicros }) => lostMicros)).toEqual([2_100_000]);
    expect(stalls([...gaps(8, 500_000), 2_100_000])).toEqual([]);
  });

  it("looks at earlier gaps only: what comes later does not excuse it", () => {
    expect(stalls([...gaps(8, 20_000), 2_100_000, ...gaps(50, 1_000_000)])).toHaveLength(1);
  });

  it("is not a gap that contains a pause of the relay, nor is that gap part of a median", () => {
    expect(stalls([...gaps(9, 20_000), 30_000_000], RULE, [10])).toEqual([]);
    const paused = Array.from({ length: 9 }, (_, i) => i + 1);
    expect(stalls([...gaps(9, 900_000), 2_100_000], RULE, paused).map(({ lostMicros }) => lostMicros)).toEqual([
      2_100_000,
    ]);
  });

  it("before the first token is a wait of 60 s, and what is beyond is lost", () => {
    const chunks = new ChunkLog();
    const wait = (firstWaitMicros: number): readonly Stall[] =>
      stallsOf({ chunks, firstWaitMicros, trailingEndMicros: firstWaitMicros }, RULE);
    expect(wait(59_999_999)).toEqual([]);
    expect(wait(61_000_000)).toEqual([
      { phase: "first_token", offsetMicros: 0, durationMicros: 61_000_000, lostMicros: 1_000_000 },
    ]);
  });

  it("may be the silence at the end of a stream", () => {
    const chunks = logOf(gaps(9, 20_000));
    const after = (micros: number): readonly Stall[] =>
      stallsOf({ chunks, firstWaitMicros: 1_000_000, trailingEndMicros: chunks.atMicros(9) + micros }, RULE);
    expect(after(1_900_000)).toEqual([]);
    expect(after(2_500_000)).toEqual([
      { phase: "mid_stream", offsetMicros: 1_180_000, durationMicros: 2_500_000, lostMicros: 2_480_000 },
    ]);
  });

  it("is found as by the definition, in any stream and by any bounds", () => {
    const gap = fc.oneof(fc.nat(100_000), fc.nat(6_000_000), fc.constantFrom(0, 2_000_000, 20_000));
    fc.assert(
      fc.property(
        fc.array(gap, { maxLength: 60 }),
        fc.constantFrom(0, 50_000, 2_000_000),
        fc.nat(12),
        (list, minMicros, factor) => {
          let at = 1_000_000;
          const expected = list.flatMap((value, i) => {
            const offsetMicros = at;
            at += value;
            const earlier = list.slice(0, i).toSorted((a, b) => a - b);
            const middle = earlier.length / 2;
            const median =
              earlier.length < 8 ? 0 : ((earlier[Math.ceil(middle) - 1] ?? 0) + (earlier[Math.floor(middle)] ?? 0)) / 2;
            if (value < minMicros || value < factor * median) return [];
            return [{ phase: "mid_stream", offsetMicros, durationMicros: value, lostMicros: value - median }];
          });
          const rule = { ...RULE, minMicros, factor };
          // Odd lengths: the middle one is both halves.
          expect(stalls(list, rule)).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
