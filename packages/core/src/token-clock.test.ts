import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TokenTimings } from "./model/token-timings.ts";
import { DELTA_KIND_BIT, emptyStreamEvent, type DeltaKind, type StreamEvent } from "./providers/provider.ts";
import { createTokenClock, type TokenClock, type TokenClockOptions } from "./token-clock.ts";
import { decodeTokenTape } from "./token-tape.ts";

const SECOND = 1_000_000;

function chunk(fields: Partial<StreamEvent> = {}): StreamEvent {
  return { ...emptyStreamEvent(), choiceCount: 1, ...fields };
}

function output(outputBytes = 5, kind: DeltaKind = "text", fields: Partial<StreamEvent> = {}): StreamEvent {
  return chunk({ kinds: DELTA_KIND_BIT[kind], kind, outputBytes, ...fields });
}

/** A clock that was fed `events`, 20 ms apart from 0.5 s on. */
function fed(events: readonly StreamEvent[], options: TokenClockOptions = {}): TokenClock {
  const clock = createTokenClock(options);
  events.forEach((event, i) => clock.record(event, SECOND / 2 + i * 20_000));
  return clock;
}

function ended(clock: TokenClock, endMicros = 2 * SECOND): TokenTimings {
  return clock.finish({ outcome: "ok", streaming: true, endMicros });
}

const words = (count: number, bytes = 5): readonly StreamEvent[] => Array.from({ length: count }, () => output(bytes));
const usage = (outputTokens: number, more: object = {}): StreamEvent =>
  chunk({ usage: { outputTokens, ...more }, choiceCount: 0 });

function gapsOf(clock: TokenClock): readonly (readonly [number, number | undefined])[] {
  const gaps: (readonly [number, number | undefined])[] = [];
  clock.forEachGap((gap, tokens) => gaps.push([gap, tokens]));
  return gaps;
}

describe("a piece of text alone", () => {
  const kinds = fc.constantFrom<DeltaKind | "pause" | undefined>(
    "text",
    "text",
    "reasoning",
    "tool",
    "pause",
    undefined,
  );

  it("is counted as its chunk would be, whatever came before it", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(kinds, fc.nat(40)), { maxLength: 20 }), (steps) => {
        const [whole, alone] = [createTokenClock(), createTokenClock()];
        for (const clock of [whole, alone]) clock.record(chunk({ responseModel: "gpt-4o", responseId: "c1" }), 1);
        steps.forEach(([kind, bytes], i) => {
          const atMicros = SECOND / 2 + i * i * 1_000;
          for (const clock of [whole, alone]) {
            if (kind === "pause") clock.markPause(atMicros);
            else if (kind === "text" && clock === alone) clock.recordText(bytes, atMicros);
            else clock.record(kind === undefined ? chunk() : output(bytes, kind), atMicros);
          }
        });
        for (const clock of [whole, alone]) clock.record(usage(steps.length), 2 * SECOND);
        expect(ended(alone)).toEqual(ended(whole));
        expect(gapsOf(alone)).toEqual(gapsOf(whole));
      }),
    );
  });

  it("changes nothing once the clock is closed", () => {
    const clock = fed(words(2));
    const timings = ended(clock);
    clock.recordText(9, 3 * SECOND);
    expect([ended(clock), clock.progress().lastTokenMicros]).toEqual([timings, timings.lastTokenMicros]);
  });
});

describe("the five firsts", () => {
  it("are each stamped once, by what they are the first of", () => {
    const clock = createTokenClock();
    clock.markFirstByte(100);
    clock.record(chunk(), 200);
    clock.record(output(3, "reasoning"), 300);
    clock.record(output(3, "tool"), 400);
    clock.record(output(3, "refusal"), 500);
    clock.record(output(3), 600);
    clock.markFirstByte(700);
    expect(ended(clock)).toMatchObject({
      firstByteMicros: 100,
      firstChunkMicros: 200,
      firstTokenMicros: 300,
      firstToolCallMicros: 400,
      firstAnswerTokenMicros: 500,
      lastTokenMicros: 600,
      chunkCount: 5,
      countedChunkCount: 4,
      outputBytes: 12,
    });
  });

  it("are absent, not 0, when nothing was seen", () => {
    const timings = createTokenClock().finish({ outcome: "error", streaming: true, endMicros: 5 });
    expect(Object.keys(timings).toSorted()).toEqual(
      [
        "chunkCount",
        "choiceCount",
        "countedChunkCount",
        "endMicros",
        "estimated",
        "finishReasons",
        "malformedCount",
        "outputBytes",
        "reasoningVisibility",
        "stalls",
      ].toSorted(),
    );
  });

  it("but the first byte are absent for an answer that was no stream", () => {
    const clock = createTokenClock();
    clock.markFirstByte(100);
    clock.record(output(40, "text", { usage: { outputTokens: 10 }, finishReason: "stop" }), 900);
    const timings = clock.finish({ outcome: "ok", streaming: false, endMicros: SECOND });
    expect(timings).toMatchObject({ firstByteMicros: 100, outputTokens: 10, endToEndRateTokensPerSecond: 10 });
    for (const key of [
      "firstChunkMicros",
      "firstTokenMicros",
      "lastTokenMicros",
      "generationRateTokensPerSecond",
      "tokenTape",
    ]) {
      expect(timings).not.toHaveProperty(key);
    }
  });

  it("are not moved by an error event, a marker or a malformed frame", () => {
    const clock = fed([
      chunk({ type: "error", choiceCount: 0, fault: { errorType: "overloaded" } }),
      chunk({ type: "done" }),
      chunk({ type: "malformed" }),
    ]);
    expect(clock.fault).toEqual({ errorType: "overloaded" });
    expect(clock.phase).toBe("waiting");
    expect(ended(clock)).toMatchObject({ chunkCount: 0, malformedCount: 1 });
    expect(ended(clock)).not.toHaveProperty("firstChunkMicros");
  });

  it("take a first token that a hand-written stream reports without a delta", () => {
    const clock = createTokenClock();
    clock.markFirstToken(300);
    clock.markFirstToken(400);
    expect(clock.phase).toBe("generating");
    expect(ended(clock)).toMatchObject({ firstTokenMicros: 300, firstAnswerTokenMicros: 300, countedChunkCount: 0 });
  });
});

describe("output tokens", () => {
  it("are the last reported ones, by field; counts are never summed", () => {
    const clock = fed([chunk({ usage: { inputTokens: 7 } }), ...words(3), usage(3), usage(9, { reasoningTokens: 0 })]);
    expect(ended(clock)).toMatchObject({
      outputTokens: 9,
      tokenSource: "usage",
      estimated: false,
      usage: { inputTokens: 7, outputTokens: 9, reasoningTokens: 0 },
    });
  });

  it("take all input from its parts when a chunk leaves its cache counts to those before", () => {
    const first = chunk({ usage: { inputTokens: 110, cacheReadTokens: 70, cacheWriteTokens: 30 } });
    const partial = (uncachedInputTokens: number, more: object = {}): StreamEvent =>
      chunk({ usage: { uncachedInputTokens, ...more } });
    expect(ended(fed([first, partial(10)])).usage).toEqual({
      inputTokens: 110,
      cacheReadTokens: 70,
      cacheWriteTokens: 30,
    });
    expect(ended(fed([first, partial(20, { cacheReadTokens: 80 })])).usage?.inputTokens).toBe(130);
    expect(ended(fed([partial(5)])).usage).toEqual({ inputTokens: 5 });
  });

  it("are 0 only when the source says 0", () => {
    expect(ended(fed([usage(0)])).outputTokens).toBe(0);
    expect(ended(fed([usage(0)]))).not.toHaveProperty("endToEndRateTokensPerSecond");
    expect(ended(fed([chunk()]))).not.toHaveProperty("outputTokens");
  });

  it("are estimated from bytes without usage, unless that is switched off", () => {
    expect(ended(fed(words(3, 3)))).toMatchObject({ outputTokens: 3, tokenSource: "estimate", estimated: true });
    const off = ended(fed(words(3, 3), { estimateTokens: false }));
    expect(off.estimated).toBe(false);
    expect(off).not.toHaveProperty("outputTokens");
    expect(off).not.toHaveProperty("generationRateTokensPerSecond");
  });

  it("come from usage given outside the stream too", () => {
    const clock = fed(words(3));
    clock.recordUsage({ outputTokens: 4 });
    expect(ended(clock)).toMatchObject({ outputTokens: 4, tokenSource: "usage" });
  });

  it("are the sum of hand-written counts only if every delta had one", () => {
    const counted = createTokenClock();
    counted.recordDelta("text", 4, 100_000, 2);
    counted.recordDelta("text", 4, 300_000, 3);
    expect(ended(counted)).toMatchObject({ outputTokens: 5, tokenSource: "continuous_usage", firstChunkTokens: 2 });
    const partly = createTokenClock();
    partly.recordDelta("text", 4, 100_000, 2);
    partly.recordDelta("text", 4, 300_000);
    partly.recordDelta("text", 4, 400_000, Number.NaN);
    partly.recordDelta("text", 0, 500_000, 9);
    expect(ended(partly)).toMatchObject({ outputTokens: 3, tokenSource: "estimate", countedChunkCount: 3 });
  });

  it("are unknown for an abandoned answer unless the provider reported them; it has no rate", () => {
    const open = fed(words(5)).finish({ outcome: "abandoned", streaming: true });
    expect(open).not.toHaveProperty("outputTokens");
    expect(open).not.toHaveProperty("endMicros");
    const reported = fed([...words(5), usage(5)]).finish({ outcome: "abandoned", streaming: true });
    expect(reported.outputTokens).toBe(5);
    expect(reported).not.toHaveProperty("generationRateTokensPerSecond");
  });
});

describe("counts per chunk", () => {
  const counting = (...counts: readonly number[]): readonly StreamEvent[] =>
    counts.map((outputTokens) => output(5, "text", outputTokens < 0 ? {} : { usage: { outputTokens } }));

  it("are used when most counted chunks carry them", () => {
    expect(ended(fed(counting(2, 3, -1, 6)))).toMatchObject({
      tokenSource: "continuous_usage",
      firstChunkTokens: 2,
      firstChunkTokensSource: "usage",
      // (6 - 2) in 60 ms
      generationRateTokensPerSecond: 4 / 0.06,
    });
    expect(ended(fed(counting(2, -1, -1, 6))).tokenSource).toBe("usage");
    expect(ended(fed(counting(6))).tokenSource).toBe("usage");
  });

  it("tell the tokens of each gap where both ends are known", () => {
    expect(gapsOf(fed(counting(2, 3, 5, -1, 9, 9, 10))).map(([, tokens]) => tokens)).toEqual([
      1,
      2,
      undefined,
      undefined,
      undefined,
      1,
    ]);
  });

  it("are unusable once a count fell; the last value stays", () => {
    const clock = fed(counting(2, 4, 3, 8));
    expect(ended(clock)).toMatchObject({
      tokenSource: "usage",
      outputTokens: 8,
      firstChunkTokensSource: "proportional",
    });
    expect(gapsOf(clock).every(([, tokens]) => tokens === undefined)).toBe(true);
  });

  it("leave out hidden reasoning in front of the first chunk", () => {
    const clock = fed([...counting(102, 103, 104), usage(104, { reasoningTokens: 100 })]);
    // N_w = 4, the first chunk holds 2 of them.
    expect(ended(clock)).toMatchObject({ firstChunkTokens: 2, generationRateTokensPerSecond: 2 / 0.04 });
  });
});

describe("the first chunk of the window", () => {
  it("is taken to hold one token up to 1.5 tokens per chunk, and its share of bytes above", () => {
    expect(ended(fed([...words(4), usage(6)]))).toMatchObject({
      firstChunkTokens: 1,
      firstChunkTokensSource: "assumed_one",
    });
    const uneven = [output(10), output(10), output(20), usage(8)];
    expect(ended(fed(uneven))).toMatchObject({ firstChunkTokens: 2, firstChunkTokensSource: "proportional" });
    const tiny = [output(1), output(100), usage(8)];
    expect(ended(fed(tiny)).firstChunkTokens).toBe(1);
  });
});

describe("the generation rate", () => {
  const rate = (clock: TokenClock): number | undefined => ended(clock).generationRateTokensPerSecond;

  it("is tokens after the first chunk by the window, and TPOT its inverse", () => {
    const timings = ended(fed([...words(20), usage(20)]));
    expect(timings.generationRateTokensPerSecond).toBeCloseTo(50, 9);
    expect(timings.timePerOutputTokenSeconds).toBeCloseTo(0.02, 9);
    expect(timings.endToEndRateTokensPerSecond).toBe(10);
  });

  it.each([
    ["two choices", fed([...words(5), output(5, "text", { choiceCount: 2 }), usage(6)])],
    ["one counted chunk", fed([output(5), usage(10)])],
    ["no token behind the first chunk", fed([...words(2), usage(1)])],
    ["more rejected tokens than there are", fed([...words(3), usage(3, { rejectedPredictionTokens: 5 })])],
  ])("is absent for %s", (_, clock) => {
    expect(rate(clock)).toBeUndefined();
  });

  it("is absent for a window below a millisecond, and there from there on", () => {
    const within = (micros: number): number | undefined => {
      const clock = createTokenClock();
      clock.record(output(), 500_000);
      clock.record(output(), 500_000 + micros);
      clock.record(usage(2), 600_000);
      return rate(clock);
    };
    expect(within(999)).toBeUndefined();
    expect(within(1_000)).toBe(1_000);
  });

  it("is absent when the relay paused inside the window, not when it paused before or behind it", () => {
    const paused = (at: number): number | undefined => {
      const clock = createTokenClock();
      [output(), output(), output(), usage(3)].forEach((event, i) => {
        if (i === at) clock.markPause(i * 20_000);
        clock.record(event, SECOND + i * 20_000);
      });
      return rate(clock);
    };
    expect([paused(0), paused(1), paused(2), paused(3)]).toEqual([50, undefined, undefined, 50]);
  });

  it("leaves out hidden reasoning and rejected predictions, and nothing when reasoning was streamed", () => {
    expect(rate(fed([...words(20), usage(130, { reasoningTokens: 100, rejectedPredictionTokens: 10 })]))).toBeCloseTo(
      50,
      9,
    );
    const streamed = [...Array.from({ length: 10 }, () => output(5, "reasoning")), ...words(10)];
    const timings = ended(fed([...streamed, usage(20, { reasoningTokens: 10 })]));
    expect(timings.generationRateTokensPerSecond).toBeCloseTo(50, 9);
    expect(timings.reasoningVisibility).toBe("streamed");
  });

  it("starts its window behind a reasoning summary", () => {
    const summary = output(5, "reasoning", { reasoningForm: "summary" });
    const clock = fed([summary, summary, ...words(20), usage(120, { reasoningTokens: 100 })]);
    const timings = ended(clock);
    expect(timings).toMatchObject({ reasoningVisibility: "summary", firstTokenMicros: 500_000, firstChunkTokens: 1 });
    expect(timings.generationRateTokensPerSecond).toBeCloseTo(50, 9);
    // The summary's chunks hold an unknown number of tokens, the answer's one each.
    expect(
      gapsOf(clock)
        .map(([, tokens]) => tokens)
        .slice(0, 3),
    ).toEqual([undefined, 1, 1]);
  });

  it("takes no answer for withheld reasoning that only announced what form its reasoning would have", () => {
    const announced = chunk({ reasoningForm: "summary" });
    const timings = ended(fed([announced, ...words(20), usage(20)]));
    expect(timings.reasoningVisibility).toBe("none");
    expect(timings.generationRateTokensPerSecond).toBeCloseTo(50, 9);
    const empty = ended(fed([chunk({ reasoningForm: "redacted" }), ...words(20), usage(20, { reasoningTokens: 0 })]));
    expect(empty.reasoningVisibility).toBe("none");
  });

  it("is unknown when reasoning was withheld and not counted, unless it is estimated from the window itself", () => {
    const redacted = chunk({ reasoningForm: "redacted" });
    const reported = ended(fed([redacted, ...words(20), usage(120)]));
    expect(reported).toMatchObject({ outputTokens: 120, reasoningVisibility: "hidden" });
    expect(reported).not.toHaveProperty("generationRateTokensPerSecond");
    expect(ended(fed([redacted, ...words(20)])).generationRateTokensPerSecond).toBeDefined();
  });

  it("has no end-to-end sister unless the outcome is ok", () => {
    const cut = fed([...words(5), usage(5)]).finish({ outcome: "error", streaming: true, endMicros: SECOND });
    expect(cut).not.toHaveProperty("endToEndRateTokensPerSecond");
    expect(cut.generationRateTokensPerSecond).toBeCloseTo(50, 9);
  });
});

describe("gaps", () => {
  it("hold one token each when at most an uncounted end token is left over", () => {
    for (const [tokens, known] of [
      [4, 1],
      [5, 1],
      [6, undefined],
      [3, undefined],
    ] as const) {
      expect(gapsOf(fed([...words(4), usage(tokens)])).map(([, count]) => count)).toEqual([known, known, known]);
    }
  });

  it("hold an unknown number when the count is estimated, for two choices, and within one network read", () => {
    expect(gapsOf(fed(words(4, 4))).map(([, count]) => count)).toEqual([undefined, undefined, undefined]);
    expect(
      gapsOf(fed([...words(3), output(5, "text", { choiceCount: 2 }), usage(4)])).every(([, n]) => n === undefined),
    ).toBe(true);
    const atOnce = createTokenClock();
    for (const event of [...words(3), usage(3)]) atOnce.record(event, SECOND);
    expect(gapsOf(atOnce)).toEqual([
      [0, undefined],
      [0, undefined],
    ]);
  });

  it("leave out those in which the relay paused", () => {
    const clock = createTokenClock();
    [0, 20, 40, 900, 920].forEach((ms) => {
      if (ms === 900) clock.markPause(60_000);
      clock.record(output(), ms * 1_000);
    });
    expect(gapsOf(clock).map(([gap]) => gap)).toEqual([0.02, 0.02, 0.02]);
    expect(ended(clock)).toMatchObject({ gapP50Seconds: 0.02, gapP95Seconds: 0.02 });
  });

  it("have a median and a 95th percentile by linear interpolation", () => {
    const clock = createTokenClock();
    let at = SECOND;
    for (const gapMs of [0, 10, 20, 30, 40]) clock.record(output(), (at += gapMs * 1_000));
    expect(ended(clock)).toMatchObject({ gapP50Seconds: 0.025, gapP95Seconds: 0.0385 });
  });
});

describe("a live stall", () => {
  const quick = (): TokenClock => fed(words(10));
  const LAST = SECOND / 2 + 9 * 20_000;

  it("is seen while it lasts, and is in the final list", () => {
    const clock = quick();
    expect(clock.liveStall(LAST + 1_999_999)).toBeUndefined();
    expect(clock.liveStall(LAST + 2_000_000)).toEqual({ phase: "mid_stream", sinceMicros: LAST });
    clock.record(output(), LAST + 2_500_000);
    expect(clock.liveStall(LAST + 2_600_000)).toBeUndefined();
    expect(ended(clock, LAST + 3_000_000).stalls).toEqual([
      { phase: "mid_stream", offsetMicros: LAST, durationMicros: 2_500_000, lostMicros: 2_480_000 },
    ]);
  });

  it("is in the final list also when the stream ended in it, or the finish reason broke it", () => {
    const cut = quick().finish({ outcome: "error", streaming: true, endMicros: LAST + 5 * SECOND });
    expect(cut.stalls.map(({ durationMicros }) => durationMicros)).toEqual([5 * SECOND]);
    const late = quick();
    late.record(chunk({ finishReason: "stop" }), LAST + 3 * SECOND);
    expect(late.liveStall(LAST + 9 * SECOND)).toBeUndefined();
    expect(ended(late, LAST + 9 * SECOND).stalls.map(({ durationMicros }) => durationMicros)).toEqual([3 * SECOND]);
  });

  it("is none while the relay pauses the upstream", () => {
    const clock = quick();
    clock.markPause(LAST + 1_000);
    expect(clock.liveStall(LAST + 60 * SECOND)).toBeUndefined();
    expect(ended(clock, LAST + 60 * SECOND).stalls).toEqual([]);
  });

  it("may be the wait for the first token, by its own bound", () => {
    const clock = createTokenClock({ stallFirstTokenSeconds: 5 });
    clock.record(chunk(), 100_000);
    expect(clock.liveStall(4_999_999)).toBeUndefined();
    expect(clock.liveStall(5_000_000)).toEqual({ phase: "first_token", sinceMicros: 0 });
    clock.record(output(), 6 * SECOND);
    expect(ended(clock, 7 * SECOND).stalls).toEqual([
      { phase: "first_token", offsetMicros: 0, durationMicros: 6 * SECOND, lostMicros: SECOND },
    ]);
  });

  it("is never reported for an answer that was no stream", () => {
    const clock = createTokenClock();
    clock.record(output(), 90 * SECOND);
    expect(clock.finish({ outcome: "ok", streaming: false, endMicros: 90 * SECOND }).stalls).toEqual([]);
  });
});

describe("the end", () => {
  it("is told once: the first call decides and later marks change nothing", () => {
    const clock = fed(words(3));
    const first = ended(clock, SECOND);
    clock.record(output(), 3 * SECOND);
    clock.recordDelta("text", 4, 3 * SECOND);
    clock.recordUsage({ outputTokens: 99 });
    clock.markFirstToken(1);
    expect(clock.finish({ outcome: "error", streaming: true, endMicros: 9 * SECOND })).toBe(first);
    expect(first.countedChunkCount).toBe(3);
    expect(clock.liveStall(99 * SECOND)).toBeUndefined();
  });

  it("keeps one finish reason per choice, whoever repeats it", () => {
    const clock = fed([
      output(),
      chunk({ finishReason: "stop" }),
      chunk({ finishReason: "stop" }),
      chunk({ finishReason: "length", choiceCount: 2 }),
    ]);
    expect(clock.sawNormalEnd).toBe(true);
    expect(ended(clock).finishReasons).toEqual(["stop", "length"]);
  });

  it("is no normal end by the marker alone, nor by the reason of an error event", () => {
    const clock = fed([output(), chunk({ type: "done" }), chunk({ type: "error", finishReason: "error" })]);
    expect(clock.sawNormalEnd).toBe(false);
    expect(clock.fault).toEqual({ errorType: "stream_error" });
  });
});

describe("the tape", () => {
  it("holds time, kind and tokens of every counted chunk", () => {
    const { tokenTape } = ended(fed([chunk(), output(5, "reasoning"), output(), usage(2)]));
    expect(decodeTokenTape(tokenTape ?? "").entries).toEqual([
      { atMicros: 520_000, kind: "reasoning", tokens: 1 },
      { atMicros: 540_000, kind: "text", tokens: 1 },
    ]);
  });

  it("is absent when it is off or nothing was counted, and obeys its cap", () => {
    expect(ended(fed(words(3), { tape: false }))).not.toHaveProperty("tokenTape");
    expect(ended(fed([chunk()]))).not.toHaveProperty("tokenTape");
    expect(ended(fed(words(2_000), { tapeMaxBytes: 400 })).tokenTape?.length).toBeLessThanOrEqual(400);
  });
});

it("survives an endless stream: memory is bounded, tokens and rate stay right", () => {
  const clock = createTokenClock();
  const event = output(4);
  const chunks = 300_000;
  for (let i = 0; i < chunks; i += 1) clock.record(event, SECOND + i * 1_000);
  clock.record(usage(chunks), SECOND + chunks * 1_000);
  const timings = ended(clock, SECOND + chunks * 1_000);
  expect(timings).toMatchObject({ countedChunkCount: chunks, outputBytes: 4 * chunks, stalls: [] });
  expect(timings.generationRateTokensPerSecond).toBeCloseTo(1_000, 6);
  expect(decodeTokenTape(timings.tokenTape ?? "").merged).toBe(true);
});
