/** Answers that are no stream: a JSON body, or an HTTP error. */
import type { ErrorType } from "../model/outcome.ts";
import { define } from "./define.ts";
import { at, JSON_HEADERS, usageOf, WORD } from "./openai-frames.ts";
import type { Scenario } from "./scenario.ts";

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

interface HttpFailure {
  readonly name: string;
  readonly title: string;
  readonly status: number;
  readonly errorType: ErrorType;
  readonly error: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

function httpFailure({ name, title, status, errorType, error, headers }: HttpFailure): Scenario {
  return define({
    name,
    title,
    status,
    headers: { ...JSON_HEADERS, ...headers },
    writes: [at(50, JSON.stringify({ error: { message: "refused", param: null, ...error } }))],
    end: { kind: "end", atMs: 50 },
    truth: { outcome: "error", errorType, durationSeconds: 0.05, estimated: false, stallCount: 0 },
  });
}

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
  httpFailure({
    name: "http-400",
    title: "Status 400: the request was wrong.",
    status: 400,
    errorType: "invalid_request",
    error: { type: "invalid_request_error", code: "invalid_value" },
  }),
  httpFailure({
    name: "http-429",
    title: "Status 429: the rate limit was reached.",
    status: 429,
    errorType: "rate_limited",
    error: { type: "requests", code: "rate_limit_exceeded" },
    headers: { "retry-after": "1" },
  }),
  httpFailure({
    name: "http-429-quota",
    title: "Status 429 with a quota code: waiting will not help.",
    status: 429,
    errorType: "quota",
    error: { type: "insufficient_quota", code: "insufficient_quota" },
  }),
  httpFailure({
    name: "http-500",
    title: "Status 500: the server failed.",
    status: 500,
    errorType: "server_error",
    error: { type: "server_error", code: null },
  }),
  httpFailure({
    name: "http-503",
    title: "Status 503: the server has no room now.",
    status: 503,
    errorType: "overloaded",
    error: { type: "overloaded_error", code: null },
  }),
];
