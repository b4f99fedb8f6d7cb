/** How a stream can end, well and badly. */
import { define } from "./define.ts";
import { DONE, finish, ROLE, text, usage } from "./openai-frames.ts";
import { EIGHT_WORDS, ENVELOPE_FIRSTS, INTERRUPTED } from "./right-answers.ts";
import type { Scenario } from "./scenario.ts";
import { at, every, frame } from "./writes.ts";

export const ENDINGS: readonly Scenario[] = [
  define({
    name: "content-filter",
    title: "The provider stops for its content filter: a normal end with that finish reason.",
    writes: [at(100, ROLE), ...every(20, 200, 5, () => text()), at(320, finish("content_filter"), usage(5), DONE)],
    end: { kind: "end", atMs: 320 },
    truth: {
      outcome: "ok",
      ...ENVELOPE_FIRSTS,
      // (5 - 1) / (0.28 - 0.2)
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.32,
      inputTokens: 7,
      outputTokens: 5,
      estimated: false,
      stallCount: 0,
    },
  }),
  define({
    name: "length-limit",
    title: "The token limit was reached: a normal end with finish reason length.",
    writes: [at(100, ROLE), ...every(20, 200, 5, () => text()), at(320, finish("length"), usage(5), DONE)],
    end: { kind: "end", atMs: 320 },
    truth: {
      outcome: "ok",
      ...ENVELOPE_FIRSTS,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.32,
      inputTokens: 7,
      outputTokens: 5,
      estimated: false,
      stallCount: 0,
    },
  }),
  define({
    name: "end-without-done",
    title: "Finish reason and usage, then end of body without the terminal marker: a normal end.",
    writes: [at(100, ROLE), ...every(20, 200, 20, () => text()), at(620, finish("stop"), usage(20))],
    end: { kind: "end", atMs: 650 },
    truth: {
      outcome: "ok",
      ...ENVELOPE_FIRSTS,
      generationRateTokensPerSecond: 50,
      durationSeconds: 0.65,
      inputTokens: 7,
      outputTokens: 20,
      estimated: false,
      stallCount: 0,
    },
  }),
  define({
    name: "done-without-finish",
    title: "The terminal marker comes, the finish reason did not: the answer was cut.",
    writes: [at(100, ROLE), ...every(20, 200, 8, () => text()), at(400, DONE)],
    end: { kind: "end", atMs: 400 },
    truth: { ...INTERRUPTED, ...ENVELOPE_FIRSTS, ...EIGHT_WORDS, durationSeconds: 0.4 },
  }),
  define({
    name: "done-only",
    title: "Nothing but the terminal marker: a failure before the first token that a server did not tell.",
    writes: [at(150, DONE)],
    end: { kind: "end", atMs: 150 },
    truth: { ...INTERRUPTED, durationSeconds: 0.15, estimated: false },
    // Whoever only sees an iterator that ends at once cannot tell it from an empty stream of something else.
    targets: ["gateway"],
  }),
  define({
    name: "end-without-finish",
    title: "The body ends in the middle of the answer, without finish reason and marker.",
    writes: [at(100, ROLE), ...every(20, 200, 8, () => text())],
    end: { kind: "end", atMs: 400 },
    truth: { ...INTERRUPTED, ...ENVELOPE_FIRSTS, ...EIGHT_WORDS, durationSeconds: 0.4 },
  }),
  define({
    name: "connection-reset",
    title: "The connection is reset in the middle of the answer.",
    writes: [at(100, ROLE), ...every(20, 200, 8, () => text())],
    end: { kind: "reset", atMs: 400 },
    truth: { ...INTERRUPTED, ...ENVELOPE_FIRSTS, ...EIGHT_WORDS, durationSeconds: 0.4 },
  }),
  define({
    name: "reset-before-first-token",
    title: "The connection is reset after the role-only chunk: an interrupted stream without any token.",
    writes: [at(100, ROLE)],
    end: { kind: "reset", atMs: 300 },
    truth: { ...INTERRUPTED, firstChunkSeconds: 0.1, durationSeconds: 0.3, estimated: false },
  }),
  define({
    name: "error-before-tokens",
    title: "An error event under status 200 before any token; the marker that follows changes nothing.",
    writes: [
      at(200, frame({ error: { message: "no room", type: "overloaded_error", param: null, code: null } }), DONE),
    ],
    end: { kind: "end", atMs: 200 },
    truth: { outcome: "error", errorType: "overloaded", durationSeconds: 0.2, estimated: false, stallCount: 0 },
  }),
  define({
    name: "error-after-tokens",
    title: "An error event in the middle of the answer.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 8, () => text()),
      at(400, frame({ error: { message: "engine failed", type: "server_error", param: null, code: null } }), DONE),
    ],
    end: { kind: "end", atMs: 400 },
    truth: {
      outcome: "error",
      errorType: "server_error",
      ...ENVELOPE_FIRSTS,
      ...EIGHT_WORDS,
      durationSeconds: 0.4,
      stallCount: 0,
    },
  }),
  define({
    name: "error-of-unknown-code",
    title: "An error event with a code that maps to nothing else.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 8, () => text()),
      at(400, frame({ error: { message: "worker lost", type: "worker_lost", code: "worker_lost" } }), DONE),
    ],
    end: { kind: "end", atMs: 400 },
    truth: {
      outcome: "error",
      errorType: "stream_error",
      ...ENVELOPE_FIRSTS,
      ...EIGHT_WORDS,
      durationSeconds: 0.4,
      stallCount: 0,
    },
    // Thrown by a client library it looks like any other error of the application.
    targets: ["gateway"],
  }),
  define({
    name: "mid-stream-stall",
    title: "2.2 s of silence between tokens 20 ms apart: one stall; pings do not end it.",
    writes: [
      at(100, ROLE),
      ...every(20, 200, 10, () => text()),
      ...every(500, 800, 4, () => ": ping\n\n"),
      ...every(20, 2580, 10, () => text()),
      at(2800, finish("stop"), usage(20), DONE),
    ],
    end: { kind: "end", atMs: 2800 },
    truth: {
      outcome: "ok",
      ...ENVELOPE_FIRSTS,
      // (20 - 1) / (2.76 - 0.2)
      generationRateTokensPerSecond: 19 / 2.56,
      durationSeconds: 2.8,
      inputTokens: 7,
      outputTokens: 20,
      estimated: false,
      stallCount: 1,
    },
  }),
];
