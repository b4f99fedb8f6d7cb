import { openaiChat, type Provider } from "@nexent/monitor-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chatChunk, readAll } from "../testing/follow.testing.ts";
import { CALL, createTestRuntime } from "../testing/test-runtime.testing.ts";
import { followResult } from "./follow-result.ts";

/** The format, read in full every time. */
const THOROUGH: Provider = { ...openaiChat, readText: () => undefined };

const CHUNKS = [
  chatChunk({ content: "Zürich" }),
  chatChunk({ content: " 令牌" }),
  chatChunk({ role: "assistant", content: "" }),
  chatChunk({ reasoning_content: "hm" }),
  chatChunk({ content: "a" }, { index: 1 }),
  chatChunk({ content: "b" }, { finish_reason: "stop" }),
  { id: "", model: "", choices: [], prompt_filter_results: [] },
  { ...chatChunk({ content: "c" }), id: "c2", model: "other" },
  { id: "c1", model: "gpt-4o", choices: [], usage: { prompt_tokens: 3, completion_tokens: 7 } },
  { odd: true },
  "no chunk",
  new Proxy({}, { get: (_target, name) => (name === "then" ? undefined : fail()) }),
];

function fail(): never {
  throw new Error("hostile");
}

async function* play(chunks: readonly unknown[]): AsyncGenerator {
  yield* chunks;
}

/** What was recorded of a stream, without its times. */
async function recordedOf(chunks: readonly unknown[], provider: Provider): Promise<object> {
  const runtime = createTestRuntime({});
  const recording = runtime.recorder.start({ ...CALL, streaming: true });
  const { watch } = runtime;
  await readAll(followResult(play(chunks), { sink: recording, watch, provider, inside: (run) => run() }));
  const { chunkCount, countedChunkCount, outputBytes, finishReasons, choiceCount, usage, ...rest } = recording.end({
    outcome: "ok",
  });
  const { responseModel, responseId, reasoningVisibility, tokenSource, outputTokens } = rest;
  const counts = { chunkCount, countedChunkCount, outputBytes, choiceCount, usage, outputTokens, tokenSource };
  return { ...counts, finishReasons, responseModel, responseId, reasoningVisibility };
}

describe("a stream of a format with a quick reading", () => {
  it("is recorded as by the full one, in whatever order its chunks come", async () => {
    await fc.assert(
      // By their places: a hostile one cannot be shown.
      fc.asyncProperty(fc.array(fc.nat(CHUNKS.length - 1), { maxLength: 12 }), async (places) => {
        const chunks = places.map((place) => CHUNKS[place]);
        expect(await recordedOf(chunks, openaiChat)).toEqual(await recordedOf(chunks, THOROUGH));
      }),
      { numRuns: 200 },
    );
  });

  it("takes the names of the answer from the first chunk that has them", async () => {
    const [first, , , , , , nameless, other] = CHUNKS;
    expect(await recordedOf([nameless, first, other, first], openaiChat)).toMatchObject({
      responseModel: "gpt-4o",
      responseId: "c1",
      countedChunkCount: 3,
    });
  });
});
