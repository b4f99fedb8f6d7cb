import {
  ATTR,
  createMetricRegistry,
  decodeTokenTape,
  emptyStreamEvent,
  llmFieldsOf,
  type StreamEvent,
  type TokenUsage,
} from "@nexent/monitor-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createNoopBackend } from "../backend/noop.ts";
import { createRecorder } from "./recorder.ts";
import type { CallEnd, Recording } from "./recording.ts";
import { createCollectingBackend, type CollectedSpan } from "../testing/collecting-backend.testing.ts";
import { attributeMap } from "../testing/follow.testing.ts";
import { CALL, createTestClock, createTestRuntime, SETTINGS } from "../testing/test-runtime.testing.ts";

const B = 'model="gpt-4o",operation="chat",provider="openai"';

function chunk(fields: Partial<StreamEvent>): StreamEvent {
  return { ...emptyStreamEvent(), ...fields };
}

const token = chunk({ kinds: 1, kind: "text", outputBytes: 4, choiceCount: 1 });
const finish = chunk({ choiceCount: 1, finishReason: "stop", usage: { inputTokens: 7, outputTokens: 20 } });

/** The reference schedule of the measurement contract: role chunk at 400 ms, 20 tokens from 500 ms, end at 1 180 ms. */
function playReference(recording: Recording): void {
  recording.clock.markFirstByte(380_000);
  recording.clock.record(chunk({ choiceCount: 1 }), 400_000);
  for (let i = 0; i < 20; i += 1) recording.clock.record(token, 500_000 + i * 20_000);
  recording.clock.record(finish, 1_180_000);
}

function fieldsOf(span: CollectedSpan | undefined): ReturnType<typeof llmFieldsOf> {
  const attributes = attributeMap(span?.attributes ?? {});
  return llmFieldsOf({ attributes, status: span?.error === undefined ? "unset" : "error", durationNanos: 1n });
}

afterEach(() => vi.useRealTimers());

describe("a recording of the reference schedule", () => {
  function record() {
    const clock = createTestClock();
    const runtime = createTestRuntime(clock);
    const recording = runtime.recorder.start(CALL, { atMs: 1000 });
    playReference(recording);
    clock.advance(1180);
    recording.end({ outcome: "ok" });
    return { ...runtime, span: runtime.backend.spans[0] };
  }

  it("tells every family of the request once, with the numbers of the contract", () => {
    const { sample } = record();
    expect(sample(`llm_requests_total{${B},stream="true",outcome="ok"}`)).toBe(1);
    expect(sample(`llm_request_duration_seconds_sum{${B},stream="true",outcome="ok"}`)).toBeCloseTo(1.18, 9);
    expect(sample(`llm_time_to_first_token_seconds_sum{${B}}`)).toBeCloseTo(0.5, 9);
    expect(sample(`llm_token_generation_rate_sum{${B},estimated="false"}`)).toBeCloseTo(50, 9);
    expect(sample(`llm_time_per_output_token_seconds_sum{${B},estimated="false"}`)).toBeCloseTo(0.02, 9);
    expect(sample(`llm_end_to_end_token_rate_sum{${B},stream="true",estimated="false"}`)).toBeCloseTo(20 / 1.18, 9);
    expect(sample(`llm_inter_chunk_latency_seconds_count{${B}}`)).toBe(19);
    expect(sample(`llm_inter_token_latency_seconds_count{${B}}`)).toBe(19);
    expect(sample(`llm_total_tokens_total{${B},type="input",estimated="false"}`)).toBe(7);
    expect(sample(`llm_total_tokens_total{${B},type="output",estimated="false"}`)).toBe(20);
    expect(sample(`llm_error_count_total{${B},error_type="unknown"}`)).toBeUndefined();
    expect(sample("nexent_monitor_overhead_seconds_count")).toBe(1);
  });

  it("writes a client span that reads back as the same call", () => {
    const { span } = record();
    expect(span?.start).toMatchObject({ name: "chat gpt-4o", kind: "client", startUnixMicros: 1_700_000_001_000_000 });
    expect(span?.endUnixMicros).toBe(1_700_000_002_180_000);
    expect(span?.error).toBeUndefined();
    expect(fieldsOf(span)).toMatchObject({
      provider: "openai",
      model: "gpt-4o",
      operation: "chat",
      outcome: "ok",
      streaming: true,
      finishReason: "stop",
      firstByteSeconds: 0.38,
      firstChunkSeconds: 0.4,
      ttftSeconds: 0.5,
      lastTokenSeconds: 0.88,
      inputTokens: 7,
      outputTokens: 20,
      tokenSource: "usage",
    });
    const tape = decodeTokenTape(String(span?.attributes[ATTR.llmTokenTape]));
    expect(tape.entries).toHaveLength(20);
    expect(Math.abs((tape.entries[0]?.atMicros ?? 0) - 500_000)).toBeLessThanOrEqual(tape.tickMicros);
  });

  it("marks the first token as an event at its own time", () => {
    const event = record().span?.events.find(({ name }) => name === "first_token_received");
    expect(event).toEqual({
      name: "first_token_received",
      attributes: { ttft_seconds: 0.5 },
      atUnixMicros: 1_700_000_001_500_000,
    });
  });
});

describe("outcomes", () => {
  it("lets the first end win, and counts the request once", () => {
    const { recorder, sample, backend } = createTestRuntime();
    const recording = recorder.start(CALL);
    const first = recording.end({ outcome: "cancelled" });
    expect(recording.end({ outcome: "error", errorType: "timeout" })).toBe(first);
    recording.amend({ streaming: false });
    expect(sample(`llm_requests_total{${B},stream="true",outcome="cancelled"}`)).toBe(1);
    expect(sample(`llm_requests_total{${B},stream="true",outcome="error"}`)).toBeUndefined();
    expect(backend.spans[0]?.error).toBeUndefined();
  });

  it("counts an error by type, with a redacted exception event and status", () => {
    const { recorder, sample, backend } = createTestRuntime();
    const error = Object.assign(new Error("bad key sk-CANARYCANARY"), { status: 401 });
    recorder.start(CALL).end({ outcome: "error", errorType: "auth", errorCode: "bad_key", httpStatus: 401, error });
    expect(sample(`llm_error_count_total{${B},error_type="auth"}`)).toBe(1);
    const [span] = backend.spans;
    expect(span?.error).toBe("auth");
    expect(span?.attributes).toMatchObject({
      "error.type": "auth",
      "llm.error.code": "bad_key",
      "http.response.status_code": 401,
    });
    const exception = span?.events.find(({ name }) => name === "exception");
    expect(exception?.attributes).toMatchObject({ "exception.type": "Error" });
    expect(JSON.stringify(span)).not.toContain("CANARY");
  });

  it("keeps an abandoned call out of the durations, and unknown numbers off the span", () => {
    const { recorder, sample, backend } = createTestRuntime();
    recorder.start(CALL).end({ outcome: "abandoned" });
    expect(sample(`llm_requests_total{${B},stream="true",outcome="abandoned"}`)).toBe(1);
    expect(sample(`llm_request_duration_seconds_count{${B},stream="true",outcome="abandoned"}`)).toBeUndefined();
    expect(backend.spans[0]?.attributes).not.toHaveProperty(ATTR.llmTotalDuration);
    expect(backend.spans[0]?.attributes).not.toHaveProperty(ATTR.llmOutputTokens);
    expect(backend.spans[0]?.attributes).not.toHaveProperty(ATTR.llmTtft);
  });

  it("puts error in the place of a finish reason that was due", () => {
    const { recorder, backend } = createTestRuntime();
    const recording = recorder.start(CALL);
    recording.clock.record(token, 10);
    recording.end({ outcome: "error", errorType: "stream_interrupted" });
    recorder.start(CALL).end({ outcome: "error", errorType: "connection" });
    expect(backend.spans[0]?.attributes[ATTR.genAiResponseFinishReasons]).toEqual(["error"]);
    expect(backend.spans[1]?.attributes).not.toHaveProperty(ATTR.genAiResponseFinishReasons);
  });

  it("leaves streaming marks out of a call that turned out not to stream", () => {
    const { recorder, sample, backend } = createTestRuntime();
    const recording = recorder.start(CALL);
    recording.amend({ streaming: false });
    recording.clock.record(token, 10);
    recording.end({ outcome: "ok" });
    expect(sample(`llm_requests_total{${B},stream="false",outcome="ok"}`)).toBe(1);
    expect(sample(`llm_time_to_first_token_seconds_count{${B}}`)).toBeUndefined();
    expect(backend.spans[0]?.attributes).toMatchObject({ [ATTR.llmStream]: false });
    expect(backend.spans[0]?.attributes).not.toHaveProperty(ATTR.genAiRequestStream);
  });

  it("ends what is open as abandoned when the recorder closes", () => {
    const { recorder, sample } = createTestRuntime();
    const recording = recorder.start(CALL);
    recorder.close();
    expect(recording.ended).toBe(true);
    expect(sample(`llm_requests_total{${B},stream="true",outcome="abandoned"}`)).toBe(1);
  });
});

describe("rules", () => {
  it.each([
    { durationMs: 5000, rateGapMs: 100, expected: undefined },
    { durationMs: 5001, rateGapMs: 100, expected: ["duration"] },
    { durationMs: 4000, rateGapMs: 101, expected: ["rate"] },
  ])(
    "a request of $durationMs ms at a token per $rateGapMs ms is slow by $expected",
    ({ durationMs, rateGapMs, expected }) => {
      const clock = createTestClock();
      const { recorder, backend, sample } = createTestRuntime(clock);
      const recording = recorder.start(CALL);
      for (let i = 0; i <= 10; i += 1) recording.clock.record(token, 100_000 + i * rateGapMs * 1000);
      recording.clock.record(chunk({ finishReason: "stop", usage: { outputTokens: 11 } }), 2_000_000);
      clock.advance(durationMs);
      recording.end({ outcome: "ok" });
      expect(backend.spans[0]?.attributes[ATTR.llmSlow]).toEqual(expected);
      expect(sample(`llm_slow_requests_total{${B},reason="duration"}`)).toBe(
        expected?.includes("duration") ? 1 : undefined,
      );
    },
  );

  it("attaches exemplars only to sampled traces and only when they are on", () => {
    const exposed = (sampled: boolean, exemplars: boolean): string => {
      const registry = createMetricRegistry();
      const recorder = createRecorder({
        ...SETTINGS,
        exemplars,
        registry,
        backend: createCollectingBackend({ sampled }),
      });
      recorder.start(CALL).end({ outcome: "ok" });
      return registry.expose("openmetrics");
    };
    expect(exposed(true, true)).toContain(`# {trace_id="${"a".repeat(32)}",span_id="0000000000000001"}`);
    expect(exposed(false, true)).not.toContain("trace_id");
    expect(exposed(true, false)).not.toContain("trace_id");
  });

  it("demands a keep for a failed, stalled or slow call, and for a low rate that is no estimate", () => {
    const reasonOf = (run: (recording: Recording, advance: (ms: number) => void) => CallEnd): unknown => {
      const clock = createTestClock();
      const { recorder, backend } = createTestRuntime(clock);
      const recording = recorder.start(CALL);
      recording.end(run(recording, (ms) => clock.advance(ms)));
      return backend.spans[0]?.demanded;
    };
    const tokens = (recording: Recording, usage: TokenUsage | undefined): void => {
      recording.clock.record(token, 10_000);
      recording.clock.record(chunk({ kinds: 1, kind: "text", outputBytes: 9, ...(usage && { usage }) }), 1_010_000);
    };
    const slowly = (recording: Recording, usage?: TokenUsage): CallEnd => {
      tokens(recording, usage);
      return { outcome: "ok" };
    };
    expect(reasonOf(() => ({ outcome: "ok" }))).toBeUndefined();
    expect(reasonOf(() => ({ outcome: "cancelled" }))).toBeUndefined();
    expect(reasonOf(() => ({ outcome: "error", errorType: "timeout" }))).toBe("error");
    expect(reasonOf((recording) => slowly(recording, { outputTokens: 5 }))).toBe("slow_rate");
    expect(reasonOf((recording) => slowly(recording))).toBeUndefined();
    const late = (ms: number, outcome: CallEnd["outcome"] = "ok") =>
      reasonOf((_, advance) => {
        advance(ms);
        return { outcome };
      });
    expect([late(5000), late(5001), late(5001, "cancelled"), late(5001, "abandoned")]).toEqual([
      undefined,
      "slow",
      "slow",
      undefined,
    ]);
    const stalled = reasonOf((recording, advance) => {
      tokens(recording, undefined);
      advance(9000);
      return { outcome: "cancelled" };
    });
    expect(stalled).toBe("stalled");
  });

  it("points an exemplar at a trace that is kept only because of this very call", () => {
    const exposed = (tailKeep: boolean, end: CallEnd): string => {
      const registry = createMetricRegistry();
      const backend = createCollectingBackend({ sampled: false, tailKeep });
      createRecorder({ ...SETTINGS, registry, backend, callFamilies: true })
        .start(CALL)
        .end(end);
      return registry.expose("openmetrics");
    };
    const failed: CallEnd = { outcome: "error", errorType: "timeout" };
    expect(exposed(true, failed)).toMatch(/llm_error_count_total\{.*\} 1 # \{trace_id="a+",span_id="0+1"\}/);
    expect(exposed(true, { outcome: "ok" })).not.toContain("trace_id");
    expect(exposed(false, failed)).not.toContain("trace_id");
  });

  it("collects no tape for a span that keeps nothing, or when it is switched off for the call", () => {
    const { recorder } = createTestRuntime({ backend: createNoopBackend() });
    const silent = recorder.start(CALL);
    silent.clock.record(token, 10);
    expect(silent.end({ outcome: "ok" }).tokenTape).toBeUndefined();
    const off = createTestRuntime().recorder.start(CALL, { tokenTape: false });
    off.clock.record(token, 10);
    expect(off.end({ outcome: "ok" }).tokenTape).toBeUndefined();
  });

  it("uses changed settings for calls that start later", () => {
    const clock = createTestClock();
    const { recorder, backend } = createTestRuntime(clock);
    const early = recorder.start(CALL);
    recorder.update({ ...SETTINGS, slowRequestSeconds: 1 });
    const late = recorder.start(CALL);
    clock.advance(2000);
    early.end({ outcome: "ok" });
    late.end({ outcome: "ok" });
    expect(backend.spans.map((span) => span.attributes[ATTR.llmSlow])).toEqual([undefined, ["duration"]]);
  });

  it("stamps a retry again without moving the span", () => {
    const clock = createTestClock();
    const { recorder, backend, sample } = createTestRuntime(clock);
    const recording = recorder.start(CALL, { atMs: 1000 });
    clock.advance(300);
    recording.restart(1300);
    clock.advance(100);
    recording.end({ outcome: "ok" });
    expect(sample(`llm_request_duration_seconds_sum{${B},stream="true",outcome="ok"}`)).toBeCloseTo(0.1, 9);
    expect(backend.spans[0]?.start.startUnixMicros).toBe(1_700_000_001_000_000);
    expect(backend.spans[0]?.endUnixMicros).toBe(1_700_000_001_400_000);
  });

  it("does not loop over a token count nobody can believe", () => {
    const { recorder, sample } = createTestRuntime();
    const recording = recorder.start(CALL);
    recording.clock.record(chunk({ ...token, usage: { outputTokens: 1 } }), 10_000);
    recording.clock.record(chunk({ ...token, usage: { outputTokens: 4_000_000_000 } }), 30_000);
    recording.end({ outcome: "ok" });
    expect(sample(`llm_inter_chunk_latency_seconds_count{${B}}`)).toBe(1);
    expect(sample(`llm_inter_token_latency_seconds_count{${B}}`)).toBeUndefined();
  });
});

describe("a call that contains an observed call", () => {
  it("keeps its span but leaves record, gauge and place in the reports to the inner one", () => {
    const { recorder, backend, sample } = createTestRuntime();
    const outer = recorder.start(CALL);
    recorder.refresh();
    expect(sample(`llm_requests_in_flight{${B},phase="waiting"}`)).toBe(1);
    recorder.start(CALL).end({ outcome: "ok" });
    outer.delegate();
    recorder.refresh();
    expect(sample(`llm_requests_in_flight{${B},phase="waiting"}`)).toBe(0);
    outer.end({ outcome: "ok" });
    expect(sample(`llm_requests_total{${B},stream="true",outcome="ok"}`)).toBe(1);
    expect(backend.spans.map(({ ended }) => ended)).toEqual([true, true]);
    expect(fieldsOf(backend.spans[0])).toBeUndefined();
    expect(fieldsOf(backend.spans[1])).toMatchObject({ outcome: "ok" });
  });
});

describe("open calls", () => {
  it("shows them by phase while they are open and not after", () => {
    const { recorder, sample } = createTestRuntime();
    const [one, two] = [recorder.start(CALL), recorder.start(CALL)];
    two.clock.record(token, 10);
    recorder.refresh();
    expect(sample(`llm_requests_in_flight{${B},phase="waiting"}`)).toBe(1);
    expect(sample(`llm_requests_in_flight{${B},phase="generating"}`)).toBe(1);
    one.end({ outcome: "ok" });
    two.end({ outcome: "ok" });
    expect(sample(`llm_requests_in_flight{${B},phase="waiting"}`)).toBe(0);
    expect(sample(`llm_requests_in_flight{${B},phase="generating"}`)).toBe(0);
  });

  it("recognises a stall while it lasts, counts it once and adds the time lost at the end", () => {
    vi.useFakeTimers();
    const clock = createTestClock();
    const { recorder, sample, backend } = createTestRuntime(clock);
    const recording = recorder.start(CALL);
    for (let i = 0; i < 10; i += 1) recording.clock.record(token, 100_000 + i * 20_000);
    clock.advance(3000);
    vi.advanceTimersByTime(1000);
    expect(sample(`llm_streams_stalled{${B}}`)).toBe(1);
    expect(sample(`llm_stalls_total{${B},phase="mid_stream"}`)).toBe(1);
    recording.clock.record(token, 3_000_000);
    vi.advanceTimersByTime(1000);
    expect(sample(`llm_streams_stalled{${B}}`)).toBe(0);
    recording.end({ outcome: "ok" });
    expect(sample(`llm_stalls_total{${B},phase="mid_stream"}`)).toBe(1);
    expect(sample(`llm_stall_seconds_total{${B},phase="mid_stream"}`)).toBeCloseTo(2.72 - 0.02, 6);
    expect(backend.spans[0]?.events.filter(({ name }) => name === "llm.stall")).toHaveLength(1);
    expect(backend.spans[0]?.attributes[ATTR.llmStallCount]).toBe(1);
  });

  it("stops its timers when nothing is open, at its next look", () => {
    vi.useFakeTimers();
    const { recorder } = createTestRuntime();
    recorder.start(CALL).end({ outcome: "ok" });
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
    recorder.start(CALL);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    recorder.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("says when the event loop was held up while a call was open", () => {
    vi.useFakeTimers();
    const clock = createTestClock();
    const { recorder, backend } = createTestRuntime(clock);
    expect(recorder.lagSeconds).toBe(0);
    const recording = recorder.start(CALL);
    clock.advance(250);
    vi.advanceTimersByTime(50);
    recording.end({ outcome: "ok" });
    expect(backend.spans[0]?.attributes[ATTR.llmClockLagMaxSeconds]).toBeCloseTo(0.2, 9);
    expect(recorder.lagSeconds).toBeCloseTo(0.2, 9);
    clock.advance(5);
    recorder.start(CALL).end({ outcome: "ok" });
    expect(backend.spans[1]?.attributes).not.toHaveProperty(ATTR.llmClockLagMaxSeconds);
  });

  it("holds no delay against a call that is longer than the call itself", () => {
    vi.useFakeTimers();
    const clock = createTestClock();
    const { recorder, backend } = createTestRuntime(clock);
    const early = recorder.start(CALL);
    clock.advance(500);
    const late = recorder.start(CALL);
    clock.advance(5);
    late.end({ outcome: "ok" });
    early.end({ outcome: "ok" });
    expect(backend.spans[1]?.attributes).not.toHaveProperty(ATTR.llmClockLagMaxSeconds);
    expect(backend.spans[0]?.attributes[ATTR.llmClockLagMaxSeconds]).toBeCloseTo(0.455, 9);
  });
});
