import { ATTR, emptyStreamEvent } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { CALL, createTestClock, createTestRuntime, type TestRuntime } from "./testing/test-runtime.testing.ts";
import type { Recording } from "./recording/recording.ts";

const B = 'model="gpt-4o",operation="chat",provider="openai"';
const RATE_LIMITED = { outcome: "error", errorType: "rate_limited", httpStatus: 429 } as const;

interface Played extends TestRuntime {
  readonly clock: ReturnType<typeof createTestClock>;
  readonly recording: Recording;
}

/** A call at 1 000 ms whose first attempt, sent at 1 010 ms, is refused at 1 110 ms. */
function refusedOnce(callFamilies = true): Played {
  const clock = createTestClock();
  const runtime = createTestRuntime({ ...clock, callFamilies });
  const recording = runtime.recorder.start(CALL, { atMs: 1000 });
  recording.startAttempt(1010);
  recording.failAttempt({ ...RATE_LIMITED, atMs: 1110 });
  return { ...runtime, clock, recording };
}

function answer(recording: Recording): void {
  const token = { ...emptyStreamEvent(), kinds: 1, kind: "text", outputBytes: 4, choiceCount: 1 } as const;
  for (let i = 0; i < 11; i += 1) recording.clock.record(token, 200_000 + i * 10_000);
  recording.clock.record({ ...emptyStreamEvent(), finishReason: "stop", usage: { outputTokens: 11 } }, 310_000);
}

/** The same call, answered by a second attempt sent at 2 000 ms: tokens from 2 200 ms to 2 300 ms, end at 2 400 ms. */
function answeredAtSecond(): Played {
  const played = refusedOnce();
  played.recording.startAttempt(2000);
  answer(played.recording);
  played.clock.advance(1400);
  played.recording.end({ outcome: "ok" });
  return played;
}

describe("a call that needed a second attempt", () => {
  it("is one failed request, one retry, one ok request, and one ok call", () => {
    const { sample } = answeredAtSecond();
    expect(sample(`llm_requests_total{${B},stream="true",outcome="error"}`)).toBe(1);
    expect(sample(`llm_error_count_total{${B},error_type="rate_limited"}`)).toBe(1);
    expect(sample(`llm_retries_total{${B},error_type="rate_limited"}`)).toBe(1);
    expect(sample(`llm_requests_total{${B},stream="true",outcome="ok"}`)).toBe(1);
    expect(sample(`llm_call_duration_seconds_count{${B},outcome="ok"}`)).toBe(1);
    expect(sample(`llm_call_duration_seconds_count{${B},outcome="error"}`)).toBeUndefined();
  });

  it("keeps retry waits out of the request's times and inside the call's", () => {
    const { sample } = answeredAtSecond();
    expect(sample(`llm_time_to_first_token_seconds_sum{${B}}`)).toBeCloseTo(0.2, 9);
    expect(sample(`llm_request_duration_seconds_sum{${B},stream="true",outcome="ok"}`)).toBeCloseTo(0.4, 9);
    expect(sample(`llm_request_duration_seconds_sum{${B},stream="true",outcome="error"}`)).toBeCloseTo(0.1, 9);
    expect(sample(`llm_call_time_to_first_token_seconds_sum{${B}}`)).toBeCloseTo(1.2, 9);
    expect(sample(`llm_call_duration_seconds_sum{${B},outcome="ok"}`)).toBeCloseTo(1.4, 9);
  });

  it("has one span for the call and a back-dated child for each attempt", () => {
    const { backend } = answeredAtSecond();
    const [call, first, second] = backend.spans;
    expect(backend.spans).toHaveLength(3);
    expect(call?.attributes).toMatchObject({
      [ATTR.llmAttempts]: 2,
      [ATTR.llmOutcome]: "ok",
      [ATTR.llmTimeToFirstTokenSeconds]: 0.2,
    });
    const start = call?.start.startUnixMicros ?? 0;
    expect(call?.endUnixMicros).toBe(start + 1_400_000);
    expect(first).toMatchObject({
      start: { name: "attempt 1", startUnixMicros: start + 10_000 },
      parentSpanId: call?.spanId,
      endUnixMicros: start + 110_000,
      error: "rate_limited",
      attributes: { [ATTR.llmAttempt]: 1, [ATTR.httpResponseStatusCode]: 429, [ATTR.errorType]: "rate_limited" },
    });
    expect(second).toMatchObject({
      start: { name: "attempt 2", startUnixMicros: start + 1_000_000 },
      endUnixMicros: start + 1_400_000,
      attributes: { [ATTR.llmAttempt]: 2, [ATTR.llmTimeToFirstTokenSeconds]: 0.2 },
    });
    for (const attempt of [first, second]) expect(attempt?.attributes).not.toHaveProperty(ATTR.llmOutcome);
  });

  it("forgets the marks of the attempt that failed", () => {
    const { recording, clock } = refusedOnce();
    recording.clock.markFirstByte(90_000);
    recording.markRead(1100);
    recording.startAttempt(2000);
    expect(recording.readAtMs).toBeUndefined();
    clock.advance(1100);
    expect(recording.end({ outcome: "ok" }).firstByteMicros).toBeUndefined();
  });
});

describe("a call of one attempt", () => {
  it("says so, and makes no span of it", () => {
    const clock = createTestClock();
    const { recorder, backend } = createTestRuntime(clock);
    const recording = recorder.start(CALL, { atMs: 1000 });
    recording.startAttempt(1010);
    answer(recording);
    recording.end({ outcome: "ok" });
    expect(backend.spans).toHaveLength(1);
    expect(backend.spans[0]?.attributes).toMatchObject({ [ATTR.llmAttempts]: 1 });
  });

  it("does not say how many when nobody showed them", () => {
    const { recorder, backend, sample } = createTestRuntime({ callFamilies: true });
    recorder.start(CALL).end({ outcome: "ok" });
    expect(backend.spans[0]?.attributes).not.toHaveProperty(ATTR.llmAttempts);
    expect(sample(`llm_call_duration_seconds_count{${B},outcome="ok"}`)).toBe(1);
  });

  it("is a failed request of a cancelled call when the application stops waiting for the next one", () => {
    const { recording, clock, sample, backend } = refusedOnce();
    clock.advance(500);
    recording.end({ outcome: "cancelled" });
    expect(sample(`llm_requests_total{${B},stream="true",outcome="error"}`)).toBe(1);
    expect(sample(`llm_requests_total{${B},stream="true",outcome="cancelled"}`)).toBeUndefined();
    expect(sample(`llm_call_duration_seconds_sum{${B},outcome="cancelled"}`)).toBeCloseTo(0.5, 9);
    expect(backend.spans[0]?.attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });

  it("counts once when its failure is also the call's", () => {
    const { recording, sample } = refusedOnce();
    recording.end(RATE_LIMITED);
    expect(sample(`llm_error_count_total{${B},error_type="rate_limited"}`)).toBe(1);
    expect(sample(`llm_retries_total{${B},error_type="rate_limited"}`)).toBeUndefined();
  });
});

it("records no call families for whoever sees single requests only", () => {
  const { recording, sample } = refusedOnce(false);
  recording.end({ outcome: "ok" });
  expect(sample(`llm_call_duration_seconds_count{${B},outcome="ok"}`)).toBeUndefined();
});
