import { emptyStreamEvent, type StreamEvent, type TokenUsage } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import type { CallEnd, LlmCall, RecorderSettings, Recording } from "./recording.ts";
import { CALL, createTestClock, createTestRuntime } from "../testing/test-runtime.testing.ts";

const LABELS =
  'gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o",gen_ai_response_model="gpt-4o-2024",server_address="api.example",server_port="443"';
const KNOWN: LlmCall = { ...CALL, operation: "chat_completion", serverAddress: "api.example", serverPort: 443 };

function chunk(fields: Partial<StreamEvent>): StreamEvent {
  return { ...emptyStreamEvent(), choiceCount: 1, ...fields };
}

function token(usage?: TokenUsage): StreamEvent {
  return chunk({ kinds: 1, kind: "text", outputBytes: 4, ...(usage && { usage }) });
}

/** Role chunk at 300 ms, tokens at 500, 520 and 560 ms, end with usage at 1 s. */
function playStream(recording: Recording, usage?: TokenUsage): void {
  recording.clock.record(chunk({ responseModel: "gpt-4o-2024" }), 300_000);
  for (const at of [500_000, 520_000, 560_000]) recording.clock.record(token(), at);
  recording.clock.record(chunk({ finishReason: "stop", ...(usage && { usage }) }), 1_000_000);
}

interface Play {
  readonly call?: LlmCall;
  readonly settings?: Partial<RecorderSettings>;
  readonly usage?: TokenUsage;
  readonly end?: CallEnd;
  /** A first attempt that fails after 2 s. */
  readonly retry?: boolean;
}

/** The `gen_ai_*` samples of one call, buckets left out, and `sample` of any line. */
function play({ call = KNOWN, settings = {}, usage, end = { outcome: "ok" }, retry = false }: Play) {
  const clock = createTestClock();
  const { recorder, registry, sample } = createTestRuntime({ ...clock, ...settings });
  const recording = recorder.start(call);
  if (retry) {
    recording.startAttempt(clock.nowMs());
    recording.failAttempt({ outcome: "error", errorType: "rate_limited" });
    clock.advance(2000);
    recording.startAttempt(clock.nowMs());
  }
  playStream(recording, usage);
  clock.advance(1000);
  recording.end(end);
  const lines = registry
    .expose("text")
    .split("\n")
    .filter((line) => line.startsWith("gen_ai_") && !line.includes("_bucket"));
  return { lines, sample, names: [...new Set(lines.map((line) => line.slice(0, line.indexOf("{"))))] };
}

const USAGE = { inputTokens: 100, outputTokens: 30, cacheReadTokens: 40, cacheWriteTokens: 0, reasoningTokens: 12 };

describe("gen_ai metrics of version 0.1.0", () => {
  it("tell one stream: duration, first chunk, gaps, and what the provider counted", () => {
    const { lines } = play({ usage: USAGE });
    const inference = "gen_ai_client_inference";
    expect(lines.map((line) => line.replace(LABELS, "L"))).toEqual([
      `${inference}_duration_seconds_sum{L,error_type=""} 1`,
      `${inference}_duration_seconds_count{L,error_type=""} 1`,
      `${inference}_time_to_first_chunk_seconds_sum{L} 0.3`,
      `${inference}_time_to_first_chunk_seconds_count{L} 1`,
      `${inference}_time_per_output_chunk_seconds_sum{L} 0.06`,
      `${inference}_time_per_output_chunk_seconds_count{L} 2`,
      `${inference}_usage_input_tokens_total{L,gen_ai_token_modality="unknown"} 100`,
      `${inference}_usage_output_tokens_total{L,gen_ai_token_modality="unknown"} 30`,
      `${inference}_usage_cache_read_input_tokens_total{L,gen_ai_token_modality="unknown"} 40`,
      `${inference}_usage_cache_write_input_tokens_total{L,gen_ai_token_modality="unknown"} 0`,
      `${inference}_usage_reasoning_output_tokens_total{L,gen_ai_token_modality="unknown"} 12`,
      `${inference}_operation_input_tokens_sum{L} 100`,
      `${inference}_operation_input_tokens_count{L} 1`,
      `${inference}_operation_output_tokens_sum{L} 30`,
      `${inference}_operation_output_tokens_count{L} 1`,
    ]);
  });

  it("tell audio apart where the provider does", () => {
    const { sample } = play({
      usage: { inputTokens: 100, audioInputTokens: 70, outputTokens: 5, audioOutputTokens: 0 },
    });
    const counted = (direction: string, modality: string) =>
      sample(`gen_ai_client_inference_usage_${direction}_tokens_total{${LABELS},gen_ai_token_modality="${modality}"}`);
    expect([counted("input", "unknown"), counted("input", "audio")]).toEqual([30, 70]);
    expect([counted("output", "unknown"), counted("output", "audio")]).toEqual([5, undefined]);
    expect(
      sample(
        'llm_token_details_total{model="gpt-4o",operation="chat_completion",provider="openai",type="audio_input"}',
      ),
    ).toBe(70);
  });

  it("hold no estimate: without usage they tell times alone", () => {
    const { names, sample } = play({});
    expect(names.filter((name) => name.includes("tokens"))).toEqual([]);
    expect(
      sample(
        'llm_total_tokens_total{model="gpt-4o",operation="chat_completion",provider="openai",type="output",estimated="true"}',
      ),
    ).toBe(3);
  });

  it("count once per call and from the moment the application asked", () => {
    const { sample } = play({ retry: true, usage: USAGE });
    expect(sample(`gen_ai_client_inference_duration_seconds_sum{${LABELS},error_type=""}`)).toBe(3);
    expect(sample(`gen_ai_client_inference_duration_seconds_count{${LABELS},error_type=""}`)).toBe(1);
    expect(sample(`gen_ai_client_inference_time_to_first_chunk_seconds_sum{${LABELS}}`)).toBe(2.3);
  });

  it("say how a call failed, and count its tokens without calling them typical", () => {
    const { sample, names } = play({ usage: USAGE, end: { outcome: "error", errorType: "stream_error" } });
    expect(sample(`gen_ai_client_inference_duration_seconds_count{${LABELS},error_type="stream_error"}`)).toBe(1);
    expect(names).toContain("gen_ai_client_inference_usage_input_tokens_total");
    expect(names.filter((name) => name.includes("operation"))).toEqual([]);
  });

  it("know no duration of an abandoned call", () => {
    const { names } = play({ end: { outcome: "abandoned" } });
    expect(names.filter((name) => name.includes("duration"))).toEqual([]);
    expect(names).toContain("gen_ai_client_inference_time_to_first_chunk_seconds_sum");
  });

  it("leave labels empty that nobody knows", () => {
    const { lines } = play({ call: { ...CALL, model: "unknown", provider: "unknown", streaming: false } });
    expect(lines[1]).toBe(
      'gen_ai_client_inference_duration_seconds_count{gen_ai_operation_name="chat",gen_ai_provider_name="unknown",gen_ai_request_model="",gen_ai_response_model="gpt-4o-2024",server_address="",server_port="",error_type=""} 1',
    );
    expect(lines).toHaveLength(2);
  });

  it("take what is no text as not known", () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a caller without types hands over
    const model = {} as unknown as string;
    const { lines } = play({ call: { ...KNOWN, model } });
    expect(lines[0]).toContain('gen_ai_request_model=""');
  });

  it("of embeddings keep the older name, in all versions", () => {
    for (const semconv of ["v0.1.0", "dup"] as const) {
      const { names } = play({ call: { ...KNOWN, operation: "embeddings", streaming: false }, settings: { semconv } });
      expect(names).toEqual([
        "gen_ai_client_operation_duration_seconds_sum",
        "gen_ai_client_operation_duration_seconds_count",
      ]);
    }
  });

  it("are not recorded for a call that left its record to another", () => {
    const { recorder, registry } = createTestRuntime();
    const outer = recorder.start(KNOWN);
    outer.delegate();
    outer.end({ outcome: "ok" });
    expect(registry.expose("text")).not.toContain("gen_ai_");
  });
});

describe("gen_ai metrics of version 1.41", () => {
  it("have their own names", () => {
    const { names, sample } = play({ usage: USAGE, settings: { semconv: "v1.41" } });
    expect(new Set(names.map((name) => name.replace(/_(sum|count)$/, "")))).toEqual(
      new Set([
        "gen_ai_client_operation_duration_seconds",
        "gen_ai_client_operation_time_to_first_chunk_seconds",
        "gen_ai_client_operation_time_per_output_chunk_seconds",
        "gen_ai_client_token_usage",
      ]),
    );
    expect(sample(`gen_ai_client_token_usage_sum{${LABELS},gen_ai_token_type="input"}`)).toBe(100);
    expect(sample(`gen_ai_client_token_usage_sum{${LABELS},gen_ai_token_type="output"}`)).toBe(30);
  });

  it("stand beside the new ones under dup", () => {
    const both = play({ usage: USAGE, settings: { semconv: "dup" } }).names;
    const [fresh, old] = (["v0.1.0", "v1.41"] as const).map(
      (semconv) => play({ usage: USAGE, settings: { semconv } }).names,
    );
    expect(new Set(both)).toEqual(new Set([...(fresh ?? []), ...(old ?? [])]));
  });
});
