import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TapeEntry } from "./model/token-timings.ts";
import type { DeltaKind } from "./providers/provider.ts";
import { findPauses } from "./stream-pauses.ts";

/** Entries from gaps in milliseconds; the first entry is at 500 ms. */
function stream(gapsMs: readonly number[], kindAt: (index: number) => DeltaKind = () => "text"): TapeEntry[] {
  let at = 500_000;
  const entries: TapeEntry[] = [{ atMicros: at, kind: kindAt(0), tokens: 1 }];
  for (const [i, gap] of gapsMs.entries()) {
    at += gap * 1000;
    entries.push({ atMicros: at, kind: kindAt(i + 1), tokens: 1 });
  }
  return entries;
}

describe("findPauses", () => {
  it("finds a gap of 250 ms and 8 times the median, with what was lost", () => {
    const report = findPauses(stream([20, 20, 20, 20, 250, 20, 20, 20, 20]));
    expect(report).toEqual({
      medianMicros: 20_000,
      thresholdMicros: 250_000,
      pauses: [{ kind: "pause", index: 5, fromMicros: 580_000, toMicros: 830_000, lostMicros: 230_000 }],
    });
  });

  it("leaves a gap just below the bound", () => {
    expect(findPauses(stream([20, 20, 20, 20, 249.999, 20, 20, 20])).pauses).toEqual([]);
  });

  it("measures a slow stream by its own rhythm", () => {
    const slow = [100, 100, 100, 100, 100, 100, 100, 100];
    expect(findPauses(stream([...slow, 799])).pauses).toEqual([]);
    expect(findPauses(stream([...slow, 800])).pauses).toMatchObject([{ index: 9, lostMicros: 700_000 }]);
  });

  it("knows no median below 8 gaps: 250 ms alone decides and the whole gap is lost", () => {
    const report = findPauses(stream([200, 200, 200, 200, 200, 200, 260]));
    expect(report).toEqual({
      thresholdMicros: 250_000,
      pauses: [{ kind: "pause", index: 7, fromMicros: 1_700_000, toMicros: 1_960_000, lostMicros: 260_000 }],
    });
  });

  it("takes the middle of two for an even number of gaps", () => {
    expect(findPauses(stream([10, 10, 10, 10, 30, 30, 30, 30])).medianMicros).toBe(20_000);
  });

  it("calls the wait after a tool call a tool wait, whatever the rhythm", () => {
    const kindAt = (i: number): DeltaKind => (i < 3 ? "tool" : "text");
    const report = findPauses(stream([100, 100, 300, 100, 100, 100, 100, 100, 100], kindAt));
    expect(report.pauses).toEqual([
      { kind: "toolWait", index: 3, fromMicros: 700_000, toMicros: 1_000_000, lostMicros: 200_000 },
    ]);
    expect(findPauses(stream([100, 100, 249], kindAt)).pauses).toEqual([]);
  });

  it("keeps a gap between two tool chunks a pause", () => {
    expect(findPauses(stream([300], () => "tool")).pauses).toMatchObject([{ kind: "pause" }]);
  });

  it("follows another rule", () => {
    expect(findPauses(stream([50, 2000]), { minMicros: 2_000_000, factor: 10 }).pauses).toHaveLength(1);
  });

  it("has nothing to say about one chunk or none", () => {
    expect(findPauses([])).toEqual({ pauses: [], thresholdMicros: 250_000 });
    expect(findPauses(stream([]))).toEqual({ pauses: [], thresholdMicros: 250_000 });
  });

  it("finds gaps of the stream only, in order, and never loses more than they last", () => {
    const kinds = fc.constantFrom<DeltaKind>("text", "tool", "reasoning");
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2000), kinds), { maxLength: 60 }), (steps) => {
        const entries = stream(
          steps.map(([gap]) => gap),
          (i) => steps[i]?.[1] ?? "text",
        );
        const { pauses, thresholdMicros } = findPauses(entries);
        for (const pause of pauses) {
          expect(pause.fromMicros).toBe(entries[pause.index - 1]?.atMicros);
          expect(pause.toMicros).toBe(entries[pause.index]?.atMicros);
          const gap = pause.toMicros - pause.fromMicros;
          expect(gap).toBeGreaterThanOrEqual(pause.kind === "toolWait" ? 250_000 : thresholdMicros);
          expect(pause.lostMicros).toBeLessThanOrEqual(gap);
          expect(pause.lostMicros).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
