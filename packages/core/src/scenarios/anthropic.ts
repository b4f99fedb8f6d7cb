/** Anthropic Messages: input usage at the start, cumulative output usage at the end, pings, blocks. */
import {
  blockDelta,
  blockStart,
  blockStop,
  errorBody,
  errorEvent,
  messageDelta,
  messageStart,
  PING,
  SIGNATURE,
  START_USAGE,
  STOP,
  text,
  textStart,
  thinking,
  whole,
} from "./anthropic-frames.ts";
import { commonScenarios, type Closing, type Dialect } from "./common.ts";
import { definerOf } from "./define.ts";
import { oddSse } from "./framing-bytes.ts";
import { httpFailure } from "./http-failure.ts";
import { EIGHT_WORDS, ENVELOPE_FIRSTS, REPORTED, TWENTY_WORDS } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, JSON_HEADERS, STREAM_HEADERS, WORD } from "./writes.ts";

/** A plain answer of 20 words. */
const PLAIN = {
  ...REPORTED,
  ...ENVELOPE_FIRSTS,
  ...TWENTY_WORDS,
} as const;

const OPEN = messageStart() + textStart() + PING;
const words = (): string => text(WORD);

function close({ outputTokens, reason }: Closing): string {
  const usage = outputTokens === undefined ? undefined : { output_tokens: outputTokens };
  return blockStop() + messageDelta(reason === "length" ? "max_tokens" : "end_turn", usage) + STOP;
}

const DIALECT: Dialect = {
  format: "anthropic-messages",
  prefix: "anthropic",
  headers: STREAM_HEADERS,
  open: OPEN,
  openInputTokens: 7,
  text,
  close,
  errorEvent: errorEvent("overloaded_error"),
  errorType: "overloaded",
  whole,
};

const define = definerOf(DIALECT);

const CITATION = {
  type: "char_location",
  cited_text: "source",
  document_index: 0,
  document_title: "Sources",
  start_char_index: 0,
  end_char_index: 6,
};

const COUNTS: readonly Scenario[] = [
  define({
    name: "anthropic-cumulative-usage",
    title: "Usage comes twice and is cumulative: the last value holds, nothing is summed.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 10, words),
      at(390, messageDelta(null, { output_tokens: 10 })),
      ...every(20, 400, 10, words),
      at(620, close({ outputTokens: 20, reason: "stop" })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  define({
    name: "anthropic-cached-input",
    title: "Input that was read from and written to the cache: it is input as well.",
    writes: [
      at(
        100,
        messageStart({
          ...START_USAGE,
          input_tokens: 3,
          cache_creation_input_tokens: 40,
          cache_read_input_tokens: 500,
        }),
        textStart(),
      ),
      ...every(20, 200, 20, words),
      at(620, close({ outputTokens: 20, reason: "stop" })),
    ],
    end: { kind: "end", atMs: 620 },
    // 3 + 40 + 500
    truth: { ...PLAIN, inputTokens: 543 },
  }),
  define({
    name: "anthropic-usage-repeated-at-end",
    title: "The last usage repeats the input side: it is the same input, not more of it.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 20, words),
      at(620, blockStop(), messageDelta("end_turn", { ...START_USAGE, output_tokens: 20 }), STOP),
    ],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  define({
    name: "anthropic-uncounted-deltas",
    title: "Citations and empty deltas between the words are no output.",
    writes: [
      at(100, OPEN),
      at(150, text("")),
      ...every(20, 200, 20, words),
      at(600, blockDelta({ type: "citations_delta", citation: CITATION })),
      at(620, close({ outputTokens: 20, reason: "stop" })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  define({
    name: "anthropic-empty",
    title: "A stop reason without any content: no first token, and 0 tokens because the provider says 0.",
    writes: [at(100, messageStart()), at(300, messageDelta("end_turn", { output_tokens: 0 }), STOP)],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, firstChunkSeconds: 0.1, durationSeconds: 0.3, outputTokens: 0 },
  }),
  define({
    name: "anthropic-tool-call-only",
    title: "Only a tool call: the name in the block is the first token, and there is no answer token.",
    writes: [
      at(100, messageStart()),
      // 11 bytes of name, an empty delta that counts for nothing, then 9 pieces of 8 bytes.
      at(200, blockStart({ type: "tool_use", id: "toolu_1", name: "get_weather", input: {} })),
      at(210, blockDelta({ type: "input_json_delta", partial_json: "" })),
      ...every(20, 220, 9, () => blockDelta({ type: "input_json_delta", partial_json: '{"a":1} ' })),
      at(420, blockStop(), messageDelta("tool_use", { output_tokens: 24 }), STOP),
    ],
    end: { kind: "end", atMs: 420 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.2,
      firstToolCallSeconds: 0.2,
      // 24 tokens in 10 chunks: the first holds round(24 x 11 / 83) = 3. (24 - 3) / (0.38 - 0.2)
      generationRateTokensPerSecond: 21 / 0.18,
      durationSeconds: 0.42,
      outputTokens: 24,
    },
  }),
];

const thinkingStart = blockStart({ type: "thinking", thinking: "", signature: "" });
const SUMMARISED = [
  at(100, messageStart(), thinkingStart),
  ...every(20, 200, 5, () => thinking(WORD)),
  at(290, SIGNATURE, blockStop(), textStart(1)),
  ...every(20, 500, 20, () => text(WORD, 1)),
];
const SUMMARISED_FIRSTS = { firstChunkSeconds: 0.1, ttftSeconds: 0.2, firstAnswerTokenSeconds: 0.5 } as const;

const REASONING: readonly Scenario[] = [
  define({
    name: "anthropic-summarised-thinking",
    title: "A summary of the thinking is streamed: the window begins with the answer, the thinking is subtracted.",
    writes: [
      ...SUMMARISED,
      at(
        920,
        blockStop(1),
        messageDelta("end_turn", { output_tokens: 120, output_tokens_details: { thinking_tokens: 100 } }),
        STOP,
      ),
    ],
    end: { kind: "end", atMs: 920 },
    truth: {
      ...REPORTED,
      ...SUMMARISED_FIRSTS,
      // (120 - 100 - 1) / (0.88 - 0.5)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.92,
      outputTokens: 120,
    },
  }),
  define({
    name: "anthropic-streamed-thinking",
    title: "Thinking streamed in full (Claude 3.7): its first delta is the first token, the answer's comes later.",
    writes: [
      at(100, messageStart(START_USAGE, "claude-3-7-sonnet-20250219"), thinkingStart),
      ...every(20, 200, 10, () => thinking(WORD)),
      at(390, SIGNATURE, blockStop(), textStart(1)),
      ...every(20, 400, 10, () => text(WORD, 1)),
      at(620, blockStop(1), messageDelta("end_turn", { output_tokens: 20 }), STOP),
    ],
    end: { kind: "end", atMs: 620 },
    // Nothing is subtracted. (20 - 1) / (0.58 - 0.2)
    truth: { ...PLAIN, firstAnswerTokenSeconds: 0.4 },
  }),
  define({
    name: "anthropic-thinking-without-count",
    title: "A summary of the thinking and no count of it: how much was generated in the window is unknown.",
    writes: [...SUMMARISED, at(920, blockStop(1), messageDelta("end_turn", { output_tokens: 120 }), STOP)],
    end: { kind: "end", atMs: 920 },
    truth: { ...REPORTED, ...SUMMARISED_FIRSTS, durationSeconds: 0.92, outputTokens: 120 },
  }),
  define({
    name: "anthropic-hidden-thinking",
    title: "Thinking of which only its signature and its count are sent: it is no part of the generating window.",
    writes: [
      at(100, messageStart(), thinkingStart),
      at(790, SIGNATURE, blockStop(), textStart(1)),
      ...every(20, 800, 20, () => text(WORD, 1)),
      at(
        1220,
        blockStop(1),
        messageDelta("end_turn", { output_tokens: 120, output_tokens_details: { thinking_tokens: 100 } }),
        STOP,
      ),
    ],
    end: { kind: "end", atMs: 1220 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.1,
      ttftSeconds: 0.8,
      firstAnswerTokenSeconds: 0.8,
      // (120 - 100 - 1) / (1.18 - 0.8)
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.22,
      outputTokens: 120,
    },
  }),
  define({
    name: "anthropic-signature-without-count",
    title: "Only the signature says that there was thinking: how much was generated in the window is unknown.",
    writes: [
      at(100, messageStart(), thinkingStart),
      at(190, SIGNATURE, blockStop(), textStart(1)),
      ...every(20, 200, 20, () => text(WORD, 1)),
      at(620, blockStop(1), messageDelta("end_turn", { output_tokens: 120 }), STOP),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...REPORTED, ...ENVELOPE_FIRSTS, durationSeconds: 0.62, outputTokens: 120 },
  }),
  define({
    name: "anthropic-redacted-without-count",
    title: "A redacted thinking block and no count: how much was generated in the window is unknown.",
    writes: [
      at(100, messageStart(), blockStart({ type: "redacted_thinking", data: "b3BhcXVl" })),
      at(190, blockStop(), textStart(1)),
      ...every(20, 200, 20, () => text(WORD, 1)),
      at(620, blockStop(1), messageDelta("end_turn", { output_tokens: 120 }), STOP),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...REPORTED, ...ENVELOPE_FIRSTS, durationSeconds: 0.62, outputTokens: 120 },
  }),
];

const ENDINGS: readonly Scenario[] = [
  define({
    name: "anthropic-cut-before-message-delta",
    title:
      "All blocks are complete, the stop reason never comes: cut, and the count of the start is none of the answer.",
    writes: [at(100, OPEN), ...every(20, 200, 8, words), at(380, blockStop())],
    end: { kind: "end", atMs: 400 },
    truth: {
      outcome: "error",
      errorType: "stream_interrupted",
      ...ENVELOPE_FIRSTS,
      ...EIGHT_WORDS,
      inputTokens: 7,
      durationSeconds: 0.4,
      stallCount: 0,
    },
  }),
  define({
    name: "anthropic-end-without-message-stop",
    title: "Stop reason and usage, then end of body without the terminal event: a normal end.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 20, words),
      at(620, blockStop(), messageDelta("end_turn", { output_tokens: 20 })),
    ],
    end: { kind: "end", atMs: 650 },
    truth: { ...PLAIN, durationSeconds: 0.65 },
  }),
  define({
    name: "anthropic-refusal",
    title: "The provider stops with a refusal: a normal end with that stop reason.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 5, words),
      at(320, blockStop(), messageDelta("refusal", { output_tokens: 5 }), STOP),
    ],
    end: { kind: "end", atMs: 320 },
    // (5 - 1) / (0.28 - 0.2)
    truth: { ...PLAIN, durationSeconds: 0.32, outputTokens: 5 },
  }),
  define({
    name: "anthropic-stall-with-pings",
    title: "2.2 s of silence between tokens 20 ms apart: one stall; pings do not end it.",
    writes: [
      at(100, OPEN),
      ...every(20, 200, 10, words),
      ...every(500, 800, 4, () => PING),
      ...every(20, 2580, 10, words),
      at(2800, close({ outputTokens: 20, reason: "stop" })),
    ],
    end: { kind: "end", atMs: 2800 },
    // (20 - 1) / (2.76 - 0.2)
    truth: { ...PLAIN, generationRateTokensPerSecond: 19 / 2.56, durationSeconds: 2.8, stallCount: 1 },
  }),
];

const FRAMING: readonly Scenario[] = [
  define({
    name: "anthropic-pings-between-tokens",
    title: "Pings before the envelope and between the tokens: they are no chunks and change nothing.",
    writes: [
      at(50, PING),
      at(100, OPEN),
      ...every(20, 200, 20, words).flatMap((write) => [write, at(write.atMs + 10, PING)]),
      at(620, close({ outputTokens: 20, reason: "stop" })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  define({
    name: "anthropic-odd-framing",
    title: "Byte order mark, CRLF, no space after the colon, frames cut in two writes.",
    writes: oddSse([at(100, OPEN), ...every(20, 200, 20, words), at(620, close({ outputTokens: 20, reason: "stop" }))]),
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
];

const WHOLE: readonly Scenario[] = [
  define({
    name: "anthropic-stream-answered-with-json",
    title: "A stream was asked for and a JSON body came: measured as what it is.",
    headers: JSON_HEADERS,
    writes: [at(500, whole(WORD.repeat(20), 20))],
    end: { kind: "end", atMs: 500 },
    truth: { ...REPORTED, durationSeconds: 0.5, outputTokens: 20 },
  }),
  httpFailure(define, {
    name: "anthropic-http-400",
    title: "Status 400: the request was wrong.",
    status: 400,
    errorType: "invalid_request",
    body: errorBody("invalid_request_error"),
  }),
  httpFailure(define, {
    name: "anthropic-http-401",
    title: "Status 401: the key is not valid.",
    status: 401,
    errorType: "auth",
    body: errorBody("authentication_error"),
  }),
  httpFailure(define, {
    name: "anthropic-http-429",
    title: "Status 429: the rate limit was reached.",
    status: 429,
    errorType: "rate_limited",
    body: errorBody("rate_limit_error"),
    headers: { "retry-after": "1" },
  }),
  httpFailure(define, {
    name: "anthropic-http-500",
    title: "Status 500: the server failed.",
    status: 500,
    errorType: "server_error",
    body: errorBody("api_error"),
  }),
  httpFailure(define, {
    name: "anthropic-http-529",
    title: "Status 529: the provider has no room now.",
    status: 529,
    errorType: "overloaded",
    body: errorBody("overloaded_error"),
  }),
];

/** Every scenario of the format. */
export const ANTHROPIC: readonly Scenario[] = [
  ...commonScenarios(DIALECT),
  ...COUNTS,
  ...REASONING,
  ...ENDINGS,
  ...FRAMING,
  ...WHOLE,
];
