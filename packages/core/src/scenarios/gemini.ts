/** Gemini: usage in nearly every chunk, thoughts counted apart, two framings, no terminal marker. */
import { commonScenarios, type Closing, type Dialect } from "./common.ts";
import { definerOf } from "./define.ts";
import { inTwoWrites } from "./framing-bytes.ts";
import {
  arrayWrites,
  candidate,
  chunk,
  errorBody,
  errorEvent,
  finish,
  part,
  text,
  usageOf,
  whole,
} from "./gemini-frames.ts";
import { httpFailure } from "./http-failure.ts";
import { REPORTED, TEXT_FIRSTS, TWENTY_WORDS } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, JSON_HEADERS, STREAM_HEADERS, WORD } from "./writes.ts";

/** A plain answer of 20 words. */
const PLAIN = {
  ...REPORTED,
  ...TEXT_FIRSTS,
  ...TWENTY_WORDS,
} as const;

const words = (): string => text(WORD);

function close({ outputTokens, reason }: Closing): string {
  const usage = outputTokens === undefined ? {} : usageOf(outputTokens);
  return finish(reason === "length" ? "MAX_TOKENS" : "STOP", usage);
}

const DIALECT: Dialect = {
  format: "gemini",
  prefix: "gemini",
  headers: STREAM_HEADERS,
  open: "",
  text,
  close,
  errorEvent: errorEvent(503, "UNAVAILABLE"),
  errorType: "overloaded",
  whole,
};

const define = definerOf(DIALECT);

/** Tokens of each chunk where usage tells them; 16 together. */
const TOKENS_OF_CHUNK = [2, 1, 3, 1, 2, 1, 4, 2];

function cumulative(index: number): number {
  return TOKENS_OF_CHUNK.slice(0, index + 1).reduce((sum, tokens) => sum + tokens, 0);
}

const COUNTS: readonly Scenario[] = [
  define({
    name: "gemini-role-first-chunk",
    title: "A chunk with a role and input usage comes long before the first token and is none.",
    writes: [
      at(
        100,
        chunk({
          candidates: [{ content: { role: "model" }, index: 0 }],
          usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 },
        }),
      ),
      ...every(20, 200, 20, words),
      at(620, finish("STOP", usageOf(20))),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...PLAIN, firstChunkSeconds: 0.1 },
  }),
  define({
    name: "gemini-cumulative-usage",
    title: "Cumulative usage in every chunk: the differences say how many tokens each chunk holds.",
    writes: [...every(40, 200, 8, (i) => text(WORD, usageOf(cumulative(i)))), at(520, finish("STOP", usageOf(16)))],
    end: { kind: "end", atMs: 520 },
    // The first chunk holds 2, as it says itself. (16 - 2) / (0.48 - 0.2)
    truth: { ...PLAIN, durationSeconds: 0.52, outputTokens: 16 },
  }),
  define({
    name: "gemini-break-with-usage",
    title: "The consumer leaves a stream whose chunks carry usage: the last count is known, not estimated.",
    writes: [
      ...every(40, 200, 8, (i) => text(WORD, usageOf(cumulative(i)))),
      at(780, text(WORD, usageOf(18))),
      at(980, text(WORD, usageOf(20))),
    ],
    end: { kind: "hang" },
    client: { kind: "break", afterCountedChunks: 8 },
    truth: { ...PLAIN, outcome: "cancelled", durationSeconds: 0.48, outputTokens: 16 },
  }),
  define({
    name: "gemini-usage-decreases",
    title: "Cumulative usage that falls once: the counts per chunk are unusable, the last value stays.",
    writes: [
      ...every(20, 200, 10, (i) => text(WORD, usageOf(i === 5 ? 3 : 2 * (i + 1)))),
      at(400, finish("STOP", usageOf(20))),
    ],
    end: { kind: "end", atMs: 400 },
    // 20 tokens in 10 chunks of equal bytes: the first holds 2. (20 - 2) / (0.38 - 0.2)
    truth: { ...PLAIN, generationRateTokensPerSecond: 100, durationSeconds: 0.4 },
  }),
  define({
    name: "gemini-usage-after-finish",
    title: "Usage comes in a chunk of its own, behind the finish reason.",
    writes: [...every(20, 200, 20, words), at(600, finish("STOP")), at(620, chunk(usageOf(20)))],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  define({
    name: "gemini-two-candidates",
    title: "Two candidates interleave: the first of any counts, and no rate describes both.",
    writes: [
      ...every(20, 200, 20, (i) => chunk({ candidates: [candidate([{ text: WORD }], { index: i % 2 })] })),
      at(
        620,
        chunk({
          candidates: [0, 1].map((index) => candidate([{ text: "" }], { finishReason: "STOP", index })),
          ...usageOf(20),
        }),
      ),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...REPORTED, ...TEXT_FIRSTS, durationSeconds: 0.62, outputTokens: 20 },
  }),
];

const functionCall = (city: string): string => part({ functionCall: { name: "get_weather", args: { city } } });

const OUTPUT: readonly Scenario[] = [
  define({
    name: "gemini-tool-calls-only",
    title: "Only two function calls, each whole in its chunk: there is no answer token.",
    writes: [at(200, functionCall("Paris")), at(300, functionCall("Tokyo")), at(320, finish("STOP", usageOf(20)))],
    end: { kind: "end", atMs: 320 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.2,
      ttftSeconds: 0.2,
      firstToolCallSeconds: 0.2,
      // 20 tokens in 2 chunks of equal bytes: the first holds 10. (20 - 10) / (0.3 - 0.2)
      generationRateTokensPerSecond: 100,
      durationSeconds: 0.32,
      outputTokens: 20,
    },
  }),
  define({
    name: "gemini-empty",
    title: "A finish reason without any content: no first token, and 0 tokens because the provider says 0.",
    writes: [at(300, finish("STOP", usageOf(0)))],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, firstChunkSeconds: 0.3, durationSeconds: 0.3, outputTokens: 0 },
  }),
  define({
    name: "gemini-blocked-prompt",
    title: "The prompt is blocked: a normal end without output, of which nobody counted the tokens.",
    writes: [
      at(
        300,
        chunk({
          promptFeedback: { blockReason: "PROHIBITED_CONTENT" },
          usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 },
        }),
      ),
    ],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, firstChunkSeconds: 0.3, durationSeconds: 0.3 },
  }),
  define({
    name: "gemini-safety-stop",
    title: "The provider stops for safety in the middle of the answer: a normal end with that finish reason.",
    writes: [
      ...every(20, 200, 5, words),
      at(320, chunk({ candidates: [{ finishReason: "SAFETY", index: 0 }], ...usageOf(5) })),
    ],
    end: { kind: "end", atMs: 320 },
    // (5 - 1) / (0.28 - 0.2)
    truth: { ...PLAIN, durationSeconds: 0.32, outputTokens: 5 },
  }),
];

const thought = (): string => part({ text: WORD, thought: true });

const REASONING: readonly Scenario[] = [
  define({
    name: "gemini-hidden-thoughts",
    title: "100 tokens of thoughts that only usage knows of, beside the candidates' count: both are output.",
    writes: [...every(20, 800, 20, words), at(1220, finish("STOP", usageOf(20, 100)))],
    end: { kind: "end", atMs: 1220 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.8,
      ttftSeconds: 0.8,
      firstAnswerTokenSeconds: 0.8,
      // (20 + 100 - 100 - 1) / (1.18 - 0.8)
      generationRateTokensPerSecond: 50,
      durationSeconds: 1.22,
      outputTokens: 120,
    },
  }),
  define({
    name: "gemini-summarised-thoughts",
    title: "A summary of the thoughts is streamed: the window begins with the answer, the thoughts are subtracted.",
    writes: [
      ...every(20, 200, 5, thought),
      ...every(20, 500, 20, (i) => text(WORD, usageOf(i + 1, 100))),
      at(920, finish("STOP", usageOf(20, 100))),
    ],
    end: { kind: "end", atMs: 920 },
    truth: {
      ...REPORTED,
      firstChunkSeconds: 0.2,
      ttftSeconds: 0.2,
      firstAnswerTokenSeconds: 0.5,
      // (120 - 100 - 1) / (0.88 - 0.5)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.92,
      outputTokens: 120,
    },
  }),
  define({
    name: "gemini-signature-without-count",
    title: "Only a signature says that there were thoughts: how much was generated in the window is unknown.",
    writes: [
      ...every(20, 200, 20, words),
      at(600, part({ text: "", thoughtSignature: "c2lnbmF0dXJl" })),
      // No total either, which would tell how much room there is for thoughts.
      at(620, finish("STOP", { usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 20 } })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...REPORTED, ...TEXT_FIRSTS, durationSeconds: 0.62, outputTokens: 20 },
  }),
];

const FAULTS: readonly Scenario[] = [
  define({
    name: "gemini-error-without-data",
    title: "The error comes as bare JSON between the events.",
    writes: [...every(20, 200, 8, words), at(400, JSON.stringify(errorBody(503, "UNAVAILABLE")), "\n")],
    end: { kind: "end", atMs: 400 },
    truth: {
      outcome: "error",
      errorType: "overloaded",
      ...TEXT_FIRSTS,
      // ceil(8 x 5 / 4) = 10 in 8 chunks (1.25 each: the first holds 1). (10 - 1) / (0.34 - 0.2)
      generationRateTokensPerSecond: 9 / 0.14,
      durationSeconds: 0.4,
      outputTokens: 10,
      estimated: true,
      stallCount: 0,
    },
  }),
  httpFailure(define, {
    name: "gemini-http-400",
    title: "Status 400: the request was wrong.",
    status: 400,
    errorType: "invalid_request",
    body: errorBody(400, "INVALID_ARGUMENT"),
  }),
  httpFailure(define, {
    name: "gemini-http-403",
    title: "Status 403: the key may not do this.",
    status: 403,
    errorType: "auth",
    body: errorBody(403, "PERMISSION_DENIED"),
  }),
  httpFailure(define, {
    name: "gemini-http-503",
    title: "Status 503: the server has no room now.",
    status: 503,
    errorType: "overloaded",
    body: errorBody(503, "UNAVAILABLE"),
  }),
];

/** The common scenarios that are worth playing once more as one JSON array. */
const IN_ARRAY = [
  "stream",
  "several-tokens-per-chunk",
  "answer-in-one-write",
  "usage-missing",
  "chinese-text",
  "end-without-finish",
  "connection-reset",
  "error-before-tokens",
  "error-after-tokens",
  "early-break",
  "client-abort",
];

/** Brackets, quotes and escapes in the text: five bytes that look like the end of an element. */
const LOOKS_LIKE_AN_END = ']"},{';

const ARRAY: readonly Scenario[] = [
  ...commonScenarios(DIALECT)
    .filter(({ name }) => IN_ARRAY.includes(name.slice("gemini-".length)))
    .map((scenario) => ({
      ...scenario,
      name: scenario.name.replace("gemini-", "gemini-array-"),
      title: `${scenario.title.slice(0, -1)} (one JSON array instead of events).`,
      headers: JSON_HEADERS,
      writes: arrayWrites(
        scenario.writes,
        scenario.end.kind === "end" && scenario.truth.errorType !== "stream_interrupted",
      ),
    })),
  define({
    name: "gemini-array-odd-framing",
    title: "Elements printed over many lines and cut in two writes, with text that looks like the end of an element.",
    headers: JSON_HEADERS,
    writes: inTwoWrites(
      arrayWrites([...every(20, 200, 20, () => text(LOOKS_LIKE_AN_END)), at(620, finish("STOP", usageOf(20)))], true),
    ).map(({ atMs, text: bytes }) => at(atMs, bytes.replaceAll('"candidates":', '\r\n  "candidates" :\t'))),
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  httpFailure(define, {
    name: "gemini-array-http-429",
    title: "Status 429, and the error is the only element of an array.",
    status: 429,
    errorType: "rate_limited",
    body: [errorBody(429, "RESOURCE_EXHAUSTED")],
  }),
];

const FRAMING: readonly Scenario[] = [
  define({
    name: "gemini-comments",
    title: "Comments between the events, which are cut in two writes: they are no chunks and change nothing.",
    writes: [
      at(50, ": queued\n\n"),
      ...inTwoWrites(every(20, 200, 20, words)).map(({ atMs, text: bytes }) =>
        bytes.startsWith("data:") ? at(atMs, ": keep-alive\r\n\r\n", bytes) : at(atMs, bytes),
      ),
      at(620, finish("STOP", usageOf(20))),
    ],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
];

/** Every scenario of the format. */
export const GEMINI: readonly Scenario[] = [
  ...commonScenarios(DIALECT),
  ...COUNTS,
  ...OUTPUT,
  ...REASONING,
  ...FAULTS,
  ...ARRAY,
  ...FRAMING,
];
