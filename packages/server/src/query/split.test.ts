import { SPLIT_PARTS } from "@nexent/monitor-api";
import { findPauses, type LlmFields, type TapeEntry } from "@nexent/monitor-core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitOf } from "./split.ts";

const seconds = fc.double({ min: 0, max: 100, noNaN: true });
const entries: fc.Arbitrary<TapeEntry[]> = fc
  .array(
    fc.tuple(fc.nat({ max: 3_000_000 }), fc.constantFrom("text" as const, "tool" as const, "reasoning" as const)),
    { minLength: 1, maxLength: 40 },
  )
  .map((gaps) => {
    let atMicros = 0;
    return gaps.map(([gap, kind]) => ({ atMicros: (atMicros += gap), kind, tokens: 1 }));
  });

function sumMicros(split: ReturnType<typeof splitOf>): number {
  return split.reduce((sum, { seconds: value }) => sum + Math.round(value * 1e6), 0);
}

describe("split", () => {
  it("adds up to the duration to the microsecond, with no negative part, whatever was sent", () => {
    const fields = fc.record<LlmFields>(
      { streaming: fc.boolean(), ttftSeconds: seconds, lastTokenSeconds: seconds },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fields,
        fc.nat({ max: 200_000_000 }),
        fc.option(entries, { nil: undefined }),
        (llm, durationMicros, tape) => {
          const stream = tape === undefined ? undefined : { entries: tape, merged: false, report: findPauses(tape) };
          const split = splitOf(llm, durationMicros, stream);
          expect(sumMicros(split)).toBe(durationMicros);
          expect(split.every((part) => part.seconds >= 0 && SPLIT_PARTS.includes(part.part))).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("gives the golden parts of a stream with a pause and a tool wait", () => {
    const times = [500, 520, 540, 560, 580, 600, 620, 640, 660, 680, 1_680, 1_700, 2_700];
    const tape = times.map((ms, index) => ({
      atMicros: ms * 1_000,
      kind: index === 11 ? ("tool" as const) : ("text" as const),
      tokens: 1,
    }));
    const split = splitOf({ streaming: true, ttftSeconds: 0.5, lastTokenSeconds: 2.7 }, 3_000_000, {
      entries: tape,
      merged: false,
      report: findPauses(tape),
    });
    // Median gap 20 ms: the pause of 1 s lost 0.98 s, so did the tool wait.
    expect(split).toEqual([
      { part: "wait", seconds: 0.5 },
      { part: "decode", seconds: 0.24 },
      { part: "tool_wait", seconds: 0.98 },
      { part: "stalls", seconds: 0.98 },
      { part: "tail", seconds: 0.3 },
    ]);
  });

  it("never divides what is not known to stream, and calls a stream without a token all wait", () => {
    expect(splitOf({ streaming: false, ttftSeconds: 1 }, 2_000_000, undefined)).toEqual([
      { part: "undivided", seconds: 2 },
    ]);
    expect(splitOf({}, 2_000_000, undefined)).toEqual([{ part: "undivided", seconds: 2 }]);
    expect(splitOf({ streaming: true }, 2_000_000, undefined)).toEqual([{ part: "wait", seconds: 2 }]);
    expect(splitOf({ streaming: true, ttftSeconds: 0.5 }, 2_000_000, undefined)).toEqual([
      { part: "wait", seconds: 0.5 },
      { part: "undivided", seconds: 1.5 },
    ]);
  });
});
