/** Streams that end well. Truths are worked out by hand from the schedule; `t` = seconds since the request. */
import { scenario } from "./define.ts";
import { at, chunk, DONE, event, finish, paced, ROLE, SSE_HEADERS, usage, usageChunk, word, words } from "./frames.ts";
import type { Scenario } from "./scenario.ts";

const CJK = "模型"; // two characters, six bytes

export const ANSWERS: readonly Scenario[] = [
  scenario({
    name: "role-only-first-chunk",
    title: "the reference schedule: a role-only chunk comes 100 ms before the first token",
    writes: [at(400, ROLE), ...words(20, 500, 20), at(1180, finish(), usageChunk(7, 20), DONE)],
    // (20 - 1) tokens between 500 and 880 ms
    truth: {
      firstChunkSeconds: 0.4,
      ttftSeconds: 0.5,
      firstAnswerTokenSeconds: 0.5,
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.18,
      inputTokens: 7,
      outputTokens: 20,
    },
  }),
  scenario({
    name: "four-tokens-per-chunk",
    title: "four tokens in each chunk; the rate comes from the count, not from the chunks",
    writes: [
      at(400, ROLE),
      ...paced(5, 500, 80, () => chunk({ content: word().repeat(4) })),
      at(1180, finish(), usageChunk(7, 20), DONE),
    ],
    // first chunk holds 4 of 20 tokens by its bytes: 16 tokens between 500 and 820 ms
    truth: {
      firstChunkSeconds: 0.4,
      ttftSeconds: 0.5,
      firstAnswerTokenSeconds: 0.5,
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.18,
      inputTokens: 7,
      outputTokens: 20,
    },
  }),
  scenario({
    name: "one-counted-chunk",
    title: "the whole answer in one chunk: there is a first token but no rate",
    writes: [at(100, ROLE), at(300, chunk({ content: word().repeat(12) })), at(350, finish(), usageChunk(7, 12), DONE)],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.3,
      firstAnswerTokenSeconds: 0.3,
      durationSeconds: 0.35,
      inputTokens: 7,
      outputTokens: 12,
    },
  }),
  scenario({
    name: "one-network-read",
    title: "all chunks in one network read: the window is empty, no rate",
    writes: [at(250, ROLE, ...words(12, 0, 0).map((write) => write.text), finish(), usageChunk(7, 12), DONE)],
    truth: {
      firstChunkSeconds: 0.25,
      ttftSeconds: 0.25,
      firstAnswerTokenSeconds: 0.25,
      durationSeconds: 0.25,
      inputTokens: 7,
      outputTokens: 12,
    },
  }),
  scenario({
    name: "usage-missing",
    title: "no usage comes: tokens are estimated from bytes and labelled so",
    includeUsage: false,
    writes: [at(100, ROLE), ...words(20, 200, 20), at(620, finish(), DONE)],
    // 20 words of 4 bytes: 80 / 4 = 20 tokens estimated
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 20,
      estimated: true,
    },
  }),
  scenario({
    name: "usage-on-every-chunk",
    title: "continuous usage: each chunk says the cumulative count, so every chunk's tokens are known",
    writes: [
      at(100, ROLE),
      ...paced(10, 200, 30, (i) => chunk({ content: word() }, { extra: { usage: usage(7, 2 * (i + 1)) } })),
      at(520, finish("stop", { usage: usage(7, 20) }), DONE),
    ],
    // first chunk 2 tokens by count: 18 tokens between 200 and 470 ms
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 18 / 0.27,
      durationSeconds: 0.52,
      inputTokens: 7,
      outputTokens: 20,
    },
  }),
  scenario({
    name: "usage-beside-choices",
    title: "usage and timings on the finish chunk, beside its choices (llama.cpp)",
    writes: [
      at(100, ROLE),
      ...words(10, 200, 30),
      at(
        500,
        finish("stop", {
          usage: usage(7, 10),
          timings: { prompt_n: 7, prompt_ms: 95, predicted_n: 10, predicted_ms: 270, predicted_per_second: 37 },
        }),
        DONE,
      ),
    ],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 9 / 0.27,
      durationSeconds: 0.5,
      inputTokens: 7,
      outputTokens: 10,
    },
  }),
  scenario({
    name: "usage-after-finish",
    title: "usage comes 100 ms after the finish chunk",
    writes: [at(100, ROLE), ...words(10, 200, 30), at(500, finish()), at(600, usageChunk(7, 10), DONE)],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 9 / 0.27,
      durationSeconds: 0.6,
      inputTokens: 7,
      outputTokens: 10,
    },
  }),
  scenario({
    name: "hidden-reasoning",
    title: "reasoning is counted but never streamed: the rate leaves its tokens out",
    writes: [
      at(300, ROLE),
      ...words(11, 600, 20),
      at(850, finish(), usageChunk(7, 111, { completion_tokens_details: { reasoning_tokens: 100 } }), DONE),
    ],
    // N_w = 111 - 100 = 11: ten tokens between 600 and 800 ms
    truth: {
      firstChunkSeconds: 0.3,
      ttftSeconds: 0.6,
      firstAnswerTokenSeconds: 0.6,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.85,
      inputTokens: 7,
      outputTokens: 111,
    },
  }),
  scenario({
    name: "reasoning-streamed",
    title: "reasoning is streamed in full before the answer (reasoning_content)",
    writes: [
      at(100, ROLE),
      ...paced(10, 200, 20, () => chunk({ reasoning_content: word() })),
      ...words(11, 400, 20),
      at(650, finish(), usageChunk(7, 21, { completion_tokens_details: { reasoning_tokens: 10 } }), DONE),
    ],
    // 20 tokens between 200 and 600 ms; the answer begins at 400 ms
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.4,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.65,
      inputTokens: 7,
      outputTokens: 21,
    },
  }),
  scenario({
    name: "tool-call-only",
    title: "nothing but a tool call: a first token and a first tool call, no first answer token",
    writes: [
      at(100, ROLE),
      at(
        300,
        chunk({
          tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "find", arguments: "" } }],
        }),
      ),
      ...paced(9, 320, 20, () => chunk({ tool_calls: [{ index: 0, function: { arguments: "abcd" } }] })),
      at(540, finish("tool_calls"), usageChunk(7, 10), DONE),
    ],
    // ten counted chunks, ten tokens: nine between 300 and 480 ms
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.3,
      firstToolCallSeconds: 0.3,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.54,
      inputTokens: 7,
      outputTokens: 10,
    },
  }),
  scenario({
    name: "empty-completion",
    title: "finish without any output: no first token, zero tokens because usage says so",
    writes: [at(100, ROLE), at(200, finish(), usageChunk(7, 0), DONE)],
    truth: { firstChunkSeconds: 0.1, durationSeconds: 0.2, inputTokens: 7, outputTokens: 0 },
  }),
  scenario({
    name: "content-filter",
    title: "stopped by a content filter: ok with its finish reason",
    writes: [at(100, ROLE), ...words(6, 200, 20), at(350, finish("content_filter"), usageChunk(7, 6), DONE)],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.35,
      inputTokens: 7,
      outputTokens: 6,
    },
  }),
  scenario({
    name: "finish-without-done",
    title: "finish reason, then end of body without the terminal marker",
    writes: [at(100, ROLE), ...words(11, 200, 20), at(450, finish(), usageChunk(7, 11))],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.45,
      inputTokens: 7,
      outputTokens: 11,
    },
  }),
  scenario({
    name: "two-choices",
    title: "two choices interleaved: first of any choice, no generation rate",
    writes: [
      at(100, ROLE),
      ...paced(20, 200, 10, (i) => chunk({ content: word() }, { index: i % 2 })),
      at(
        450,
        chunk({}, { finish: "stop", index: 0 }),
        chunk({}, { finish: "stop", index: 1 }),
        usageChunk(7, 20),
        DONE,
      ),
    ],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      durationSeconds: 0.45,
      inputTokens: 7,
      outputTokens: 20,
    },
  }),
  scenario({
    name: "comments-between-tokens",
    title: "keep-alive comments between tokens are no chunks",
    writes: [
      at(50, ": keep-alive\n\n"),
      at(100, ROLE),
      ...paced(11, 200, 20, () => `: ping\n\n${chunk({ content: word() })}`),
      at(450, finish(), usageChunk(7, 11), DONE),
    ],
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.45,
      inputTokens: 7,
      outputTokens: 11,
    },
  }),
  scenario({
    name: "stall-mid-stream",
    title: "a silence of 2.2 s in the middle of a 20 ms rhythm is a stall",
    writes: [at(100, ROLE), ...words(10, 200, 20), ...words(10, 2580, 20), at(2800, finish(), usageChunk(7, 20), DONE)],
    // tokens at 200..380 and 2580..2760 ms: 19 tokens in 2.56 s
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 19 / 2.56,
      durationSeconds: 2.8,
      inputTokens: 7,
      outputTokens: 20,
      stallCount: 1,
    },
  }),
  scenario({
    name: "chinese-estimate",
    title: "Chinese text without usage: the estimate counts bytes, not characters",
    includeUsage: false,
    writes: [at(100, ROLE), ...paced(10, 200, 20, () => chunk({ content: CJK })), at(450, finish(), DONE)],
    // 10 chunks of 6 bytes = 60 bytes = 15 tokens; 15 / 10 <= 1.5, so the first chunk holds one: 14 in 180 ms
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 14 / 0.18,
      durationSeconds: 0.45,
      outputTokens: 15,
      estimated: true,
    },
  }),
  scenario({
    name: "odd-framing",
    title: "CRLF line ends, `data:` without a space, an unknown field",
    headers: SSE_HEADERS,
    writes: [at(100, ROLE), ...words(11, 200, 20), at(450, finish(), usageChunk(7, 11), DONE)].map((write) => ({
      atMs: write.atMs,
      text: write.text.replaceAll("data: ", "retry: 5\ndata:").replaceAll("\n", "\r\n"),
    })),
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.45,
      inputTokens: 7,
      outputTokens: 11,
    },
  }),
  scenario({
    name: "legacy-completions",
    title: "legacy completions: the output is choices[].text",
    format: "openai-completions",
    writes: [
      ...paced(11, 200, 20, () =>
        event({
          id: "cmpl-1",
          object: "text_completion",
          model: "scenario-model",
          choices: [{ index: 0, text: word(), finish_reason: null }],
        }),
      ),
      at(
        450,
        event({
          id: "cmpl-1",
          object: "text_completion",
          model: "scenario-model",
          choices: [{ index: 0, text: "", finish_reason: "stop" }],
        }),
      ),
      at(460, usageChunk(7, 11), DONE),
    ],
    truth: {
      firstChunkSeconds: 0.2,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.2,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.46,
      inputTokens: 7,
      outputTokens: 11,
    },
  }),
];
