import { ATTR, DELTA_KIND_BIT, emptyStreamEvent } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followResult } from "./follow/follow-result.ts";
import type { Recording } from "./recording/recording.ts";
import type { Tokenizer } from "./config/tokenizer.ts";
import { chatChunk } from "./testing/follow.testing.ts";
import { CALL, createTestRuntime, type TestRuntime } from "./testing/test-runtime.testing.ts";
import { SinkTracker } from "./token-tracker.ts";

const OUTPUT =
  'llm_total_tokens_total{model="gpt-4o",operation="chat",provider="openai",type="output",estimated="true"}';
const REQUESTS = 'llm_requests_total{model="gpt-4o",operation="chat",provider="openai",stream="true",outcome="ok"}';

/** Every character is a token; the texts it was given are kept. */
function characters(): { readonly tokenizer: Tokenizer; readonly seen: string[] } {
  const seen: string[] = [];
  return { seen, tokenizer: (text, model) => seen.push(`${model}:${text}`) && text.length };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function* streamOf(...elements: unknown[]): AsyncGenerator {
  for (const element of elements) yield await Promise.resolve(element);
}

/** Reads a stream of these elements to its end, or for `reads` elements. */
async function read(runtime: TestRuntime, recording: Recording, elements: unknown[], reads = Infinity): Promise<void> {
  const inside = <R>(run: () => R): R => run();
  const stream = followResult(streamOf(...elements), { sink: recording, watch: runtime.watch, inside });
  let left = reads;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a followed stream is the stream
  for await (const _ of stream as AsyncGenerator) if ((left -= 1) === 0) break;
}

const HELLO = [
  chatChunk({ role: "assistant", content: "" }),
  chatChunk({ content: "Hel" }),
  chatChunk({ content: "lo" }),
];
const FINISH = chatChunk({}, { finish_reason: "stop" });

describe("an answer without usage, with a tokenizer", () => {
  it("is recorded once, when its text has been counted", async () => {
    const { tokenizer, seen } = characters();
    const runtime = createTestRuntime({ tokenizer });
    const recording = runtime.recorder.start(CALL);
    await read(runtime, recording, [...HELLO, FINISH]);
    expect([recording.ended, runtime.sample(REQUESTS), runtime.backend.spans[0]?.ended]).toEqual([
      true,
      undefined,
      false,
    ]);
    recording.end({ outcome: "error" });
    recording.failAttempt({ outcome: "error" });
    vi.runAllTimers();
    expect(seen).toEqual(["gpt-4o:Hello"]);
    expect([runtime.sample(OUTPUT), runtime.sample(REQUESTS)]).toEqual([5, 1]);
    const [span] = runtime.backend.spans;
    expect(span).toMatchObject({ ended: true });
    expect(span?.error).toBeUndefined();
    expect(span?.attributes).toMatchObject({ [ATTR.llmTokenSource]: "tokenizer", [ATTR.llmOutputTokens]: 5 });
    expect(span?.attributes).not.toHaveProperty(ATTR.genAiUsageOutputTokens);
    expect(runtime.registry.expose("text")).not.toMatch(/^gen_ai\S*tokens/m);
  });

  it("has its rate from the counted tokens, less those of the first chunk", () => {
    const { tokenizer } = characters();
    const runtime = createTestRuntime({ tokenizer });
    const recording = runtime.recorder.start(CALL);
    const text = (piece: string, atMicros: number): void => {
      recording.clock.recordDelta("text", piece.length, atMicros);
      recording.text?.add("text", piece);
    };
    text("abcd", 100_000);
    text("efghijkl", 1_100_000);
    expect(recording.end({ outcome: "ok" }).tokenSource).toBe("estimate");
    vi.runAllTimers();
    expect(runtime.backend.spans[0]?.attributes).toMatchObject({
      [ATTR.llmFirstChunkTokens]: 4,
      [ATTR.llmGenerationRate]: 8,
      [ATTR.llmTokenSource]: "tokenizer",
    });
  });

  it("leaves the summary of its reasoning out of the window", () => {
    const { tokenizer } = characters();
    const runtime = createTestRuntime({ tokenizer });
    const recording = runtime.recorder.start(CALL);
    const event = (kind: "reasoning" | "text", piece: string) => ({
      ...chatEvent(kind, piece.length),
      reasoningForm: kind === "reasoning" ? ("summary" as const) : undefined,
    });
    for (const [kind, piece, at] of [
      ["reasoning", "thinking", 100_000],
      ["text", "ab", 500_000],
      ["text", "cd", 1_500_000],
    ] as const) {
      recording.clock.record(event(kind, piece), at);
      recording.text?.add(kind, piece);
    }
    recording.end({ outcome: "ok" });
    vi.runAllTimers();
    expect(runtime.backend.spans[0]?.attributes).toMatchObject({
      [ATTR.llmOutputTokens]: 12,
      [ATTR.llmGenerationRate]: 2,
    });
  });

  it("counts what came of a stream that was left, and of a failed one", async () => {
    const { tokenizer, seen } = characters();
    const runtime = createTestRuntime({ tokenizer });
    await read(runtime, runtime.recorder.start(CALL), [...HELLO, FINISH], 2);
    await read(runtime, runtime.recorder.start(CALL), HELLO);
    vi.runAllTimers();
    expect(seen).toEqual(["gpt-4o:Hel", "gpt-4o:Hello"]);
    expect(runtime.backend.spans.map(({ attributes }) => attributes[ATTR.llmOutcome])).toEqual(["cancelled", "error"]);
    expect(runtime.backend.spans.map(({ attributes }) => attributes[ATTR.llmTokenSource])).toEqual([
      "tokenizer",
      "tokenizer",
    ]);
  });

  it("may bring its own tokenizer, also by hand", () => {
    const own = characters();
    const runtime = createTestRuntime({ tokenizer: () => 1000 });
    const tracker = new SinkTracker(runtime.recorder.start(CALL, { tokenizer: own.tokenizer }));
    tracker.recordToken("abc");
    tracker.recordToken("de");
    tracker.recordCompletion();
    vi.runAllTimers();
    expect([own.seen, runtime.sample(OUTPUT)]).toEqual([["gpt-4o:abcde"], 5]);
  });
});

function chatEvent(kind: "reasoning" | "text", outputBytes: number) {
  return { ...emptyStreamEvent(), kinds: DELTA_KIND_BIT[kind], kind, outputBytes, choiceCount: 1 };
}

describe("the tokenizer is not asked", () => {
  /** How many texts it was given for one call. */
  async function asked(play: (runtime: TestRuntime, recording: Recording) => Promise<void> | void): Promise<number> {
    const { tokenizer, seen } = characters();
    const runtime = createTestRuntime({ tokenizer });
    await play(runtime, runtime.recorder.start(CALL));
    vi.runAllTimers();
    expect(runtime.backend.spans[0]?.ended).toBe(true);
    return seen.length;
  }

  it("when usage came, whenever it did", async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2 };
    const last = { ...chatChunk({}, { finish_reason: "stop" }), usage };
    expect(await asked((runtime, recording) => read(runtime, recording, [...HELLO, last]))).toBe(0);
    const first = { ...chatChunk({ content: "a" }), usage };
    expect(await asked((runtime, recording) => read(runtime, recording, [first, ...HELLO, FINISH]))).toBe(0);
  });

  it("when a delta had no text, when there was none, and when the answer was abandoned", async () => {
    const partly = (_: TestRuntime, recording: Recording): void => {
      const tracker = new SinkTracker(recording);
      tracker.recordToken("abc");
      tracker.recordToken();
      tracker.recordCompletion();
    };
    expect(await asked(partly)).toBe(0);
    expect(await asked((_, recording) => void recording.end({ outcome: "ok" }))).toBe(0);
    expect(
      await asked((_, recording) => {
        recording.text?.add("text", "abc");
        recording.end({ outcome: "abandoned" });
      }),
    ).toBe(0);
  });

  it("for an attempt that another followed", async () => {
    const count = await asked((_, recording) => {
      recording.startAttempt(recording.requestAtMs);
      recording.text?.add("text", "lost");
      recording.startAttempt(recording.requestAtMs);
      recording.end({ outcome: "ok" });
    });
    expect(count).toBe(0);
  });

  it("for a call that left its record to another", async () => {
    const count = await asked((_, recording) => {
      recording.text?.add("text", "abc");
      recording.delegate();
      recording.end({ outcome: "ok" });
    });
    expect(count).toBe(0);
  });
});

describe("when the monitor stops before the tokenizer has run", () => {
  it("the call is recorded at once, with its estimate, and never again", async () => {
    const { tokenizer, seen } = characters();
    const runtime = createTestRuntime({ tokenizer });
    await read(runtime, runtime.recorder.start(CALL), [...HELLO, FINISH]);
    runtime.recorder.close();
    expect([runtime.sample(OUTPUT), runtime.sample(REQUESTS)]).toEqual([2, 1]);
    vi.runAllTimers();
    expect([runtime.sample(REQUESTS), seen]).toEqual([1, []]);
    expect(runtime.backend.spans[0]?.attributes[ATTR.llmTokenSource]).toBe("estimate");
  });
});
