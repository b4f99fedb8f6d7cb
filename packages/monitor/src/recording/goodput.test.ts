import { createTokenClock, emptyStreamEvent, type TokenTimings } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { Objectives } from "../config/objectives.ts";
import { meetsObjectives } from "./goodput.ts";
import { CALL, createTestRuntime } from "../testing/test-runtime.testing.ts";

/** First token at 500 ms, 20 tokens 20 ms apart, end at 1.18 s. */
function timings(streaming = true): TokenTimings {
  const clock = createTokenClock();
  const token = { ...emptyStreamEvent(), choiceCount: 1, kinds: 1, kind: "text", outputBytes: 4 } as const;
  for (let i = 0; i < 20; i += 1) clock.record(token, 500_000 + i * 20_000);
  clock.record({ ...emptyStreamEvent(), finishReason: "stop", usage: { outputTokens: 20 } }, 1_180_000);
  return clock.finish({ outcome: "ok", endMicros: 1_180_000, streaming });
}

describe("a good request", () => {
  it.each<[Objectives, boolean | undefined]>([
    [{}, undefined],
    [{ sloTtftSeconds: 0.5, sloTpotSeconds: 0.02, sloDurationSeconds: 1.18 }, true],
    [{ sloTtftSeconds: 0.499 }, false],
    [{ sloTpotSeconds: 0.019 }, false],
    [{ sloDurationSeconds: 1.179 }, false],
    [{ sloDurationSeconds: 10, sloTtftSeconds: 0.1 }, false],
  ])("meets %j: %s", (objectives, expected) => {
    expect(meetsObjectives({ outcome: "ok" }, timings(), objectives)).toBe(expected);
  });

  it("ended well", () => {
    for (const outcome of ["error", "cancelled", "abandoned"] as const) {
      expect(meetsObjectives({ outcome }, timings(), { sloDurationSeconds: 10 })).toBe(false);
    }
  });

  it("has every quantity that was asked for", () => {
    expect(meetsObjectives({ outcome: "ok" }, timings(false), { sloTtftSeconds: 60 })).toBe(false);
    expect(meetsObjectives({ outcome: "ok" }, timings(false), { sloDurationSeconds: 60 })).toBe(true);
  });

  it("is counted per request, once; without objectives nothing is", () => {
    const labels = 'llm_good_requests_total{model="gpt-4o",operation="chat",provider="openai"}';
    const { recorder, sample } = createTestRuntime();
    recorder.start(CALL).end({ outcome: "ok" });
    expect(sample(labels)).toBeUndefined();
    const strict = createTestRuntime({ sloDurationSeconds: 100 });
    strict.recorder.start(CALL).end({ outcome: "error", errorType: "timeout" });
    expect(strict.sample(labels)).toBeUndefined();
    const call = strict.recorder.start(CALL);
    call.startAttempt(call.requestAtMs);
    call.failAttempt({ outcome: "error", errorType: "rate_limited" });
    call.startAttempt(call.requestAtMs);
    call.end({ outcome: "ok" });
    expect(strict.sample(labels)).toBe(1);
  });
});
