/** Streams that end early or badly, and answers that are no streams. */
import { scenario } from "./define.ts";
import { at, chunk, DONE, event, finish, JSON_HEADERS, ROLE, usage, usageChunk, word, words } from "./frames.ts";
import type { Scenario } from "./scenario.ts";

const COMPLETION = JSON.stringify({
  id: "chatcmpl-scenario",
  object: "chat.completion",
  model: "scenario-model",
  choices: [{ index: 0, message: { role: "assistant", content: word().repeat(10) }, finish_reason: "stop" }],
  usage: usage(7, 10),
});

function failure(name: string, status: number, errorType: Scenario["truth"]["errorType"], type: string): Scenario {
  return scenario({
    name,
    title: `HTTP ${status}`,
    status,
    headers: JSON_HEADERS,
    writes: [at(80, JSON.stringify({ error: { message: "refused by schedule", type, param: null, code: null } }))],
    truth: { outcome: "error", ...(errorType === undefined ? {} : { errorType }), durationSeconds: 0.08 },
  });
}

/** Six words from 200 ms, 20 ms apart: 24 bytes, six tokens estimated, five of them in 100 ms. */
const SIX_WORDS = {
  firstChunkSeconds: 0.1,
  ttftSeconds: 0.2,
  firstAnswerTokenSeconds: 0.2,
  generationRateTokensPerSecond: 50,
  outputTokens: 6,
  estimated: true,
} as const;

export const ENDINGS: readonly Scenario[] = [
  scenario({
    name: "early-break",
    title: "the consumer leaves after six tokens: cancelled, upstream aborted",
    writes: [at(100, ROLE), ...words(6, 200, 20), ...words(50, 700, 20)],
    end: { kind: "hang" },
    client: { kind: "break", afterCountedChunks: 6 },
    truth: { ...SIX_WORDS, outcome: "cancelled" },
  }),
  scenario({
    name: "client-abort",
    title: "the client aborts mid-stream at 400 ms",
    writes: [at(100, ROLE), ...words(6, 200, 20), ...words(50, 900, 20)],
    end: { kind: "hang" },
    client: { kind: "abort", atMs: 400 },
    truth: { ...SIX_WORDS, outcome: "cancelled" },
  }),
  scenario({
    name: "abort-before-first-token",
    title: "the client aborts while it waits for the first token",
    writes: [at(100, ROLE)],
    end: { kind: "hang" },
    client: { kind: "abort", atMs: 300 },
    truth: { outcome: "cancelled", firstChunkSeconds: 0.1 },
  }),
  scenario({
    name: "error-event-before-tokens",
    title: "an error event under status 200 before any token",
    writes: [
      at(100, ROLE),
      at(200, event({ error: { message: "overloaded", type: "overloaded_error", code: null } })),
      at(220, DONE),
    ],
    truth: { outcome: "error", errorType: "overloaded", firstChunkSeconds: 0.1 },
  }),
  scenario({
    name: "error-event-after-tokens",
    title: "an error event after six tokens; the terminal marker behind it changes nothing",
    writes: [
      at(100, ROLE),
      ...words(6, 200, 20),
      at(400, event({ error: { message: "failed", type: "server_error", code: null } })),
      at(420, DONE),
    ],
    truth: { ...SIX_WORDS, outcome: "error", errorType: "server_error" },
  }),
  failure("http-400", 400, "invalid_request", "invalid_request_error"),
  failure("http-429", 429, "rate_limited", "rate_limit_error"),
  failure("http-500", 500, "server_error", "server_error"),
  failure("http-503", 503, "overloaded", "overloaded_error"),
  scenario({
    name: "reset-mid-stream",
    title: "the upstream drops the connection after six tokens",
    writes: [at(100, ROLE), ...words(6, 200, 20)],
    end: { kind: "reset", atMs: 400 },
    truth: { ...SIX_WORDS, outcome: "error", errorType: "stream_interrupted", durationSeconds: 0.4 },
  }),
  scenario({
    name: "drop-before-any-token",
    title: "the upstream drops the connection after the role chunk: interrupted with zero tokens",
    writes: [at(100, ROLE)],
    end: { kind: "reset", atMs: 250 },
    truth: { outcome: "error", errorType: "stream_interrupted", firstChunkSeconds: 0.1, durationSeconds: 0.25 },
  }),
  scenario({
    name: "done-without-finish",
    title: "the terminal marker without a finish reason is not a normal end",
    writes: [at(100, ROLE), ...words(6, 200, 20), at(400, DONE)],
    truth: { ...SIX_WORDS, outcome: "error", errorType: "stream_interrupted", durationSeconds: 0.4 },
  }),
  scenario({
    name: "end-without-finish",
    title: "the body ends cleanly without finish reason and marker",
    writes: [at(100, ROLE), ...words(6, 200, 20)],
    end: { kind: "end", atMs: 400 },
    truth: { ...SIX_WORDS, outcome: "error", errorType: "stream_interrupted", durationSeconds: 0.4 },
  }),
  scenario({
    name: "json-instead-of-stream",
    title: "a stream was asked, plain JSON came: measured as not streaming",
    headers: JSON_HEADERS,
    writes: [at(300, COMPLETION)],
    truth: { durationSeconds: 0.3, inputTokens: 7, outputTokens: 10 },
  }),
  scenario({
    name: "non-streaming",
    title: "a plain request: duration and tokens, no first token, no generation rate",
    stream: false,
    includeUsage: false,
    headers: JSON_HEADERS,
    writes: [at(300, COMPLETION)],
    truth: { durationSeconds: 0.3, inputTokens: 7, outputTokens: 10 },
  }),
  scenario({
    name: "length-limit",
    title: "stopped by the token limit: ok with finish reason length",
    writes: [
      at(100, chunk({ role: "assistant", content: word() })),
      ...words(10, 120, 20),
      at(350, finish("length"), usageChunk(7, 11), DONE),
    ],
    // the first chunk has role and content: it is counted
    truth: {
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.1,
      firstAnswerTokenSeconds: 0.1,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.35,
      inputTokens: 7,
      outputTokens: 11,
    },
  }),
  scenario({
    name: "never-read",
    title: "the stream is handed over and never read: abandoned, no duration",
    writes: [at(100, ROLE), ...words(6, 200, 20), at(400, finish(), usageChunk(7, 6), DONE)],
    client: { kind: "never_read" },
    targets: ["sdk"],
    truth: { outcome: "abandoned" },
  }),
];
