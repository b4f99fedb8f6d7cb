import { describe, expect, it } from "vitest";
import { createFollowedCall, readAll } from "../testing/follow.testing.ts";

async function* stream(elements: readonly unknown[]): AsyncGenerator<unknown, void, unknown> {
  yield* elements;
}

const noise = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ step: index }));

/** One answer in every format, as a client hands it over: one counted chunk, two output tokens. */
const ANSWERS: readonly (readonly [string, readonly object[]])[] = [
  [
    "openai-chat",
    [
      { choices: [{ index: 0, delta: { content: "Hi" } }] },
      { choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { completion_tokens: 2 } },
    ],
  ],
  [
    "openai-responses",
    [
      { type: "response.output_text.delta", delta: "Hi" },
      { type: "response.completed", response: { status: "completed", usage: { output_tokens: 2 } } },
    ],
  ],
  [
    "anthropic-messages",
    [
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
    ],
  ],
  [
    "gemini",
    [
      { candidates: [{ content: { parts: [{ text: "Hi" }] }, finishReason: "STOP" }] },
      { usageMetadata: { candidatesTokenCount: 2 } },
    ],
  ],
  [
    "ollama",
    [
      { model: "m", message: { content: "Hi" }, done: false },
      { model: "m", done: true, done_reason: "stop", eval_count: 2 },
    ],
  ],
  [
    "ai-sdk",
    [
      { type: "start" },
      { type: "text-delta", id: "1", text: "Hi" },
      { type: "finish", finishReason: "stop", totalUsage: { outputTokens: 2 } },
    ],
  ],
];

describe("a stream in a format that nobody named", () => {
  it.each(ANSWERS)("is read as %s", async (_format, elements) => {
    const call = createFollowedCall();
    expect(await readAll(call.follow(stream([...noise(3), ...elements])))).toHaveLength(3 + elements.length);
    expect(call.outcome).toBe("ok");
    const timings = call.recording.end({ outcome: "ok" });
    expect(timings).toMatchObject({ countedChunkCount: 1, outputTokens: 2, tokenSource: "usage" });
  });

  it.each(ANSWERS)("is interrupted when %s ends without its end", async (_format, elements) => {
    const call = createFollowedCall();
    await readAll(call.follow(stream(elements.filter((element) => /Hi/.test(JSON.stringify(element))).map(cut))));
    expect(call.outcome).toBe("error/stream_interrupted");
  });

  it("is of none when its first sixteen elements are", async () => {
    const call = createFollowedCall();
    await readAll(call.follow(stream([...noise(16), ...(ANSWERS[0]?.[1] ?? [])])));
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" }).countedChunkCount).toBe(0);
  });

  it("is not decided by an error, in which formats are alike", async () => {
    const call = createFollowedCall();
    const fault = { type: "error", error: { type: "overloaded_error" } };
    await readAll(call.follow(stream([fault, ...(ANSWERS[2]?.[1] ?? [])])));
    expect(call.outcome).toBe("error/overloaded");
    expect(call.recording.end({ outcome: "ok" }).countedChunkCount).toBe(1);
  });
});

/** The same chunk without what says that the answer is complete. */
function cut(element: object): object {
  return JSON.parse(JSON.stringify(element).replace(',"finishReason":"STOP"', ""));
}

describe("a whole answer in a format that nobody named", () => {
  it.each([
    [{ choices: [], usage: { completion_tokens: 2 } }],
    [{ object: "response", status: "completed", output: [], usage: { output_tokens: 2 } }],
    [{ type: "message", content: [], stop_reason: "end_turn", usage: { output_tokens: 2 } }],
    [{ candidates: [], usageMetadata: { candidatesTokenCount: 2 } }],
    [{ model: "m", done: true, eval_count: 2 }],
  ])("is read: %j", (answer) => {
    const call = createFollowedCall();
    expect(call.follow(answer)).toBe(answer);
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({ outputTokens: 2, tokenSource: "usage" });
  });

  it("may be no answer at all, whatever its members are called", () => {
    const call = createFollowedCall();
    call.follow({ error: "none", data: [1], content: "text" });
    expect(call.outcome).toBe("ok");
  });
});
