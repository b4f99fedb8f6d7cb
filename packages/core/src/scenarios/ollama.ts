/** Ollama's own API: lines of JSON, counts and server timings in the last one; streaming is the default. */
import { commonScenarios, type Closing, type Dialect } from "./common.ts";
import { definerOf } from "./define.ts";
import { inTwoWrites } from "./framing-bytes.ts";
import { httpFailure } from "./http-failure.ts";
import { countsOf, done, ending, errorLine, generated, line, message, NDJSON_HEADERS, text } from "./ollama-frames.ts";
import { REPORTED, TEXT_FIRSTS, TWENTY_WORDS } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, JSON_HEADERS, WORD } from "./writes.ts";

const GENERATE = "/api/generate";

/** A plain answer of 20 words. */
const PLAIN = {
  ...REPORTED,
  ...TEXT_FIRSTS,
  ...TWENTY_WORDS,
} as const;

const words = (): string => text(WORD);

function close({ outputTokens, reason }: Closing): string {
  return done(reason, outputTokens === undefined ? {} : countsOf(outputTokens));
}

function whole(content: string, outputTokens: number): string {
  return line({ message: { role: "assistant", content }, ...ending("stop", countsOf(outputTokens)) });
}

const DIALECT: Dialect = {
  format: "ollama",
  prefix: "ollama",
  headers: NDJSON_HEADERS,
  open: "",
  text,
  close,
  errorEvent: errorLine(),
  errorType: "stream_error",
  whole,
};

const define = definerOf(DIALECT);

const ROUTES: readonly Scenario[] = [
  define({
    name: "ollama-generate",
    title: "The route without a chat: the text stands in the line itself.",
    path: GENERATE,
    writes: [
      ...every(20, 200, 20, () => generated(WORD)),
      at(620, line({ response: "", context: [1, 2, 3], ...ending("stop", countsOf(20)) })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
  define({
    name: "ollama-generate-thinking",
    title: "The route without a chat, of a model that thinks aloud: thinking is output, but no answer.",
    path: GENERATE,
    writes: [
      ...every(20, 200, 10, () => line({ response: "", thinking: WORD, done: false })),
      ...every(20, 400, 10, () => generated(WORD)),
      at(620, line({ response: "", ...ending("stop", countsOf(20)) })),
    ],
    end: { kind: "end", atMs: 620 },
    truth: { ...PLAIN, firstAnswerTokenSeconds: 0.4 },
  }),
  define({
    name: "ollama-generate-non-streaming",
    title: "The route without a chat, as a whole answer.",
    path: GENERATE,
    stream: false,
    headers: JSON_HEADERS,
    writes: [at(500, line({ response: WORD.repeat(20), ...ending("stop", countsOf(20)) }))],
    end: { kind: "end", atMs: 500 },
    truth: { ...REPORTED, durationSeconds: 0.5, outputTokens: 20 },
  }),
  define({
    name: "ollama-embed",
    title: "Embeddings: input tokens and a duration, nothing is generated.",
    path: "/api/embed",
    stream: false,
    headers: JSON_HEADERS,
    writes: [
      at(
        300,
        JSON.stringify({
          model: "scenario-1",
          embeddings: [[0.1, 0.2, 0.3]],
          total_duration: 290_000_000,
          load_duration: 1_000_000,
          prompt_eval_count: 7,
        }),
      ),
    ],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, durationSeconds: 0.3 },
  }),
];

const toolCall = (city: string): string =>
  message({ tool_calls: [{ function: { name: "get_weather", arguments: { city } } }] });

const OUTPUT: readonly Scenario[] = [
  define({
    name: "ollama-thinking",
    title: "Thinking is streamed in full: its first delta is the first token, the answer's comes later.",
    writes: [
      ...every(20, 200, 10, () => message({ thinking: WORD })),
      ...every(20, 400, 10, words),
      at(620, done("stop", countsOf(20))),
    ],
    end: { kind: "end", atMs: 620 },
    // Nothing is subtracted. (20 - 1) / (0.58 - 0.2)
    truth: { ...PLAIN, firstAnswerTokenSeconds: 0.4 },
  }),
  define({
    name: "ollama-tool-calls-only",
    title: "Only two tool calls, each whole in its line: there is no answer token.",
    writes: [at(200, toolCall("Paris")), at(300, toolCall("Tokyo")), at(320, done("stop", countsOf(20)))],
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
    name: "ollama-empty",
    title: "Nothing but the last line: no first token; the one token that was counted is the end token.",
    writes: [at(300, done("stop", countsOf(1)))],
    end: { kind: "end", atMs: 300 },
    truth: { ...REPORTED, firstChunkSeconds: 0.3, durationSeconds: 0.3, outputTokens: 1 },
  }),
  define({
    name: "ollama-prompt-not-counted",
    title: "The last line leaves the prompt's count out: the input is unknown, not 0.",
    writes: [...every(20, 200, 20, words), at(620, done("stop", { eval_count: 20 }))],
    end: { kind: "end", atMs: 620 },
    truth: {
      outcome: "ok",
      ...TEXT_FIRSTS,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.62,
      outputTokens: 20,
      estimated: false,
      stallCount: 0,
    },
  }),
];

const FRAMING: readonly Scenario[] = [
  define({
    name: "ollama-odd-framing",
    title: "CRLF, blank lines, lines cut in two writes, no line end behind the last one.",
    writes: inTwoWrites([
      ...every(20, 200, 20, () => words().replace("\n", "\r\n\r\n")),
      at(620, done("stop", countsOf(20)).trimEnd()),
    ]),
    end: { kind: "end", atMs: 620 },
    truth: PLAIN,
  }),
];

const WHOLE: readonly Scenario[] = [
  define({
    name: "ollama-stream-answered-with-json",
    title: "A stream was asked for and a JSON body came: measured as what it is.",
    headers: JSON_HEADERS,
    writes: [at(500, whole(WORD.repeat(20), 20))],
    end: { kind: "end", atMs: 500 },
    truth: { ...REPORTED, durationSeconds: 0.5, outputTokens: 20 },
  }),
  ...(
    [
      [400, "invalid_request", "the request was wrong"],
      [404, "not_found", "there is no such model"],
      [500, "server_error", "the server failed"],
      [503, "overloaded", "the server has no room now"],
    ] as const
  ).map(([status, errorType, meaning]) =>
    httpFailure(define, {
      name: `ollama-http-${status}`,
      title: `Status ${status}: ${meaning}.`,
      status,
      errorType,
      body: { error: "refused" },
    }),
  ),
];

/** Every scenario of the format. */
export const OLLAMA: readonly Scenario[] = [...commonScenarios(DIALECT), ...ROUTES, ...OUTPUT, ...FRAMING, ...WHOLE];
