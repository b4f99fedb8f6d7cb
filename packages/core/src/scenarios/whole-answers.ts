/** Answers that are no stream: a JSON body, or an HTTP error. */
import { define } from "./define.ts";
import { httpFailure } from "./http-failure.ts";
import { usageOf } from "./openai-frames.ts";
import type { Scenario } from "./scenario.ts";
import { at, JSON_HEADERS, WORD, type Fields } from "./writes.ts";

const ANSWER = JSON.stringify({
  id: "chatcmpl-scenario",
  object: "chat.completion",
  created: 1_795_000_000,
  model: "scenario-1",
  choices: [{ index: 0, message: { role: "assistant", content: WORD.repeat(20) }, finish_reason: "stop" }],
  usage: usageOf(20),
});

/** No first of any kind: a body that comes as a whole has no first token that anybody could have seen. */
const WHOLE = {
  outcome: "ok",
  durationSeconds: 0.5,
  inputTokens: 7,
  outputTokens: 20,
  estimated: false,
  stallCount: 0,
} as const;

const refused = (error: Fields): Fields => ({ error: { message: "refused", param: null, ...error } });

export const WHOLE_ANSWERS: readonly Scenario[] = [
  define({
    name: "non-streaming",
    title: "No stream was asked for: duration and tokens, but no first token and no generation rate.",
    stream: false,
    headers: JSON_HEADERS,
    writes: [at(500, ANSWER)],
    end: { kind: "end", atMs: 500 },
    includeUsage: false,
    truth: WHOLE,
  }),
  define({
    name: "stream-answered-with-json",
    title: "A stream was asked for and a JSON body came: measured as what it is.",
    headers: JSON_HEADERS,
    writes: [at(500, ANSWER)],
    end: { kind: "end", atMs: 500 },
    truth: WHOLE,
  }),
  define({
    name: "embeddings",
    title: "Embeddings: input tokens and a duration, nothing is generated.",
    path: "/v1/embeddings",
    stream: false,
    headers: JSON_HEADERS,
    writes: [
      at(
        300,
        JSON.stringify({
          object: "list",
          data: [{ object: "embedding", index: 0, embedding: [0.1, 0.2, 0.3] }],
          model: "scenario-1",
          usage: { prompt_tokens: 7, total_tokens: 7 },
        }),
      ),
    ],
    end: { kind: "end", atMs: 300 },
    includeUsage: false,
    truth: { outcome: "ok", durationSeconds: 0.3, inputTokens: 7, estimated: false, stallCount: 0 },
  }),
  httpFailure(define, {
    name: "http-400",
    title: "Status 400: the request was wrong.",
    status: 400,
    errorType: "invalid_request",
    body: refused({ type: "invalid_request_error", code: "invalid_value" }),
  }),
  httpFailure(define, {
    name: "http-429",
    title: "Status 429: the rate limit was reached.",
    status: 429,
    errorType: "rate_limited",
    body: refused({ type: "requests", code: "rate_limit_exceeded" }),
    headers: { "retry-after": "1" },
  }),
  httpFailure(define, {
    name: "http-429-quota",
    title: "Status 429 with a quota code: waiting will not help.",
    status: 429,
    errorType: "quota",
    body: refused({ type: "insufficient_quota", code: "insufficient_quota" }),
  }),
  httpFailure(define, {
    name: "http-500",
    title: "Status 500: the server failed.",
    status: 500,
    errorType: "server_error",
    body: refused({ type: "server_error", code: null }),
  }),
  httpFailure(define, {
    name: "http-503",
    title: "Status 503: the server has no room now.",
    status: 503,
    errorType: "overloaded",
    body: refused({ type: "overloaded_error", code: null }),
  }),
];
