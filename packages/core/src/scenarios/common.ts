/**
 * The edge cases that every format can show, with the same times and the same right answers. A format says how it writes
 * an answer; what only one format can do stands in that format's own file.
 */
import type { ErrorType } from "../model/outcome.ts";
import { definerOf, type Define } from "./define.ts";
import { EIGHT_WORDS, INTERRUPTED, REPORTED, TWENTY_WORDS } from "./right-answers.ts";
import type { Scenario, ScenarioFormat, ScenarioTruth, ScheduledWrite } from "./scenario.ts";
import { at, every, JSON_HEADERS, WORD } from "./writes.ts";

/** How an answer closes. */
export interface Closing {
  /** Reported count; undefined = the provider reports no usage at all. */
  readonly outputTokens?: number;
  readonly reason: "stop" | "length";
  /** The text of the answer, for formats that repeat it. */
  readonly content?: string;
}

/** How one format writes an answer of 7 input tokens. */
export interface Dialect {
  readonly format: ScenarioFormat;
  /** First part of the scenario names. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Envelope events that are sent before there is a token; empty when the format has none. */
  readonly open: string;
  /** Input tokens that `open` reports already. */
  readonly openInputTokens?: number;
  readonly text: (content: string) => string;
  /** Finish reason, usage and terminal marker. */
  readonly close: (closing: Closing) => string;
  /** An error event under status 200. */
  readonly errorEvent: string;
  readonly errorType: ErrorType;
  /** The body of an answer that is no stream. */
  readonly whole: (content: string, outputTokens: number) => string;
}

/** What the writer of the common scenarios needs at hand. */
interface Kit {
  readonly dialect: Dialect;
  readonly define: Define;
  /** The envelope at 100 ms, when there is one. */
  readonly opening: readonly ScheduledWrite[];
  readonly word: () => string;
  /** First chunk (of the envelope, when there is one, otherwise the first token), and text from 200 ms on. */
  readonly firsts: Partial<ScenarioTruth>;
  /** The first chunk when no token came. */
  readonly openFirsts: Partial<ScenarioTruth>;
  /** What is known of the input when the answer does not come to its end. */
  readonly openInput: Partial<ScenarioTruth>;
}

/** The same 8 words, 40 ms apart: (10 - 1) / (0.48 - 0.2). */
const EIGHT_SLOW_WORDS = { generationRateTokensPerSecond: 9 / 0.28, outputTokens: 10, estimated: true } as const;

function kitOf(dialect: Dialect): Kit {
  const opens = dialect.open !== "";
  const { openInputTokens } = dialect;
  return {
    dialect,
    define: definerOf(dialect),
    opening: opens ? [at(100, dialect.open)] : [],
    word: () => dialect.text(WORD),
    firsts: { firstChunkSeconds: opens ? 0.1 : 0.2, ttftSeconds: 0.2, firstAnswerTokenSeconds: 0.2 },
    openFirsts: opens ? { firstChunkSeconds: 0.1 } : {},
    openInput: openInputTokens === undefined ? {} : { inputTokens: openInputTokens },
  };
}

/** The common scenarios in the words of one format. */
export function commonScenarios(dialect: Dialect): readonly Scenario[] {
  const kit = kitOf(dialect);
  return [...shapes(kit), ...counts(kit), ...cuts(kit), ...faults(kit), ...clients(kit), ...wholeAnswers(kit)];
}

function shapes({ dialect, define, opening, word, firsts }: Kit): readonly Scenario[] {
  const { prefix, text, close, open } = dialect;
  return [
    define({
      name: `${prefix}-stream`,
      title: "A plain answer of 20 words, 20 ms apart.",
      writes: [
        ...opening,
        ...every(20, 200, 20, word),
        at(620, close({ outputTokens: 20, reason: "stop", content: WORD.repeat(20) })),
      ],
      end: { kind: "end", atMs: 620 },
      // (20 - 1) / (0.58 - 0.2)
      truth: { ...REPORTED, ...firsts, ...TWENTY_WORDS },
    }),
    define({
      name: `${prefix}-several-tokens-per-chunk`,
      title: "4 tokens per chunk every 80 ms: a chunk is not a token.",
      writes: [
        ...opening,
        ...every(80, 200, 5, () => text(WORD.repeat(4))),
        at(620, close({ outputTokens: 20, reason: "stop", content: WORD.repeat(20) })),
      ],
      end: { kind: "end", atMs: 620 },
      // 20 tokens in 5 chunks of equal bytes: the first holds 4. (20 - 4) / (0.52 - 0.2)
      truth: { ...REPORTED, ...firsts, ...TWENTY_WORDS },
    }),
    define({
      name: `${prefix}-answer-in-one-write`,
      title: "Everything arrives in one network read: the firsts coincide, the window is shorter than 1 ms.",
      writes: [
        at(
          300,
          open,
          text(WORD.repeat(12)),
          text(WORD.repeat(8)),
          close({ outputTokens: 20, reason: "stop", content: WORD.repeat(20) }),
        ),
      ],
      end: { kind: "end", atMs: 300 },
      truth: {
        ...REPORTED,
        firstChunkSeconds: 0.3,
        ttftSeconds: 0.3,
        firstAnswerTokenSeconds: 0.3,
        durationSeconds: 0.3,
        outputTokens: 20,
      },
    }),
    define({
      name: `${prefix}-length-limit`,
      title: "The token limit was reached: a normal end.",
      writes: [
        ...opening,
        ...every(20, 200, 5, word),
        at(320, close({ outputTokens: 5, reason: "length", content: WORD.repeat(5) })),
      ],
      end: { kind: "end", atMs: 320 },
      // (5 - 1) / (0.28 - 0.2)
      truth: { ...REPORTED, ...firsts, generationRateTokensPerSecond: 50, durationSeconds: 0.32, outputTokens: 5 },
    }),
  ];
}

function counts({ dialect, define, opening, word, firsts, openInput }: Kit): readonly Scenario[] {
  const { prefix, text, close } = dialect;
  const estimated = { outcome: "ok", stallCount: 0, estimated: true, durationSeconds: 0.62, ...openInput } as const;
  const chinese = (index: number): string =>
    index % 2 === 0 ? text("你好") : text("你好").replace("你好", "\\u4f60\\u597d");
  return [
    define({
      name: `${prefix}-usage-missing`,
      title: "The answer closes without usage: tokens and rate are estimated from bytes, and labelled so.",
      writes: [...opening, ...every(20, 200, 20, word), at(620, close({ reason: "stop", content: WORD.repeat(20) }))],
      end: { kind: "end", atMs: 620 },
      // ceil(20 x 5 bytes / 4) = 25 in 20 chunks (1.25 each: the first holds 1). (25 - 1) / (0.58 - 0.2)
      truth: { ...estimated, ...firsts, generationRateTokensPerSecond: 24 / 0.38, outputTokens: 25 },
    }),
    define({
      name: `${prefix}-chinese-text`,
      title: "Chinese text without usage, raw and as escapes: bytes are counted, not characters.",
      writes: [
        ...opening,
        ...every(20, 200, 20, chinese),
        at(620, close({ reason: "stop", content: "你好".repeat(20) })),
      ],
      end: { kind: "end", atMs: 620 },
      // ceil(20 x 6 bytes / 4) = 30 in 20 chunks (1.5 each: the first holds 1). (30 - 1) / (0.58 - 0.2)
      truth: { ...estimated, ...firsts, generationRateTokensPerSecond: 29 / 0.38, outputTokens: 30 },
    }),
  ];
}

function cuts({ dialect, define, opening, word, firsts, openFirsts, openInput }: Kit): readonly Scenario[] {
  const { prefix } = dialect;
  const truth = { ...INTERRUPTED, ...firsts, ...openInput, ...EIGHT_WORDS, durationSeconds: 0.4 };
  return [
    define({
      name: `${prefix}-end-without-finish`,
      title: "The body ends in the middle of the answer, without finish reason and marker.",
      writes: [...opening, ...every(20, 200, 8, word)],
      end: { kind: "end", atMs: 400 },
      truth,
    }),
    define({
      name: `${prefix}-connection-reset`,
      title: "The connection is reset in the middle of the answer.",
      writes: [...opening, ...every(20, 200, 8, word)],
      end: { kind: "reset", atMs: 400 },
      truth,
    }),
    ...(opening.length === 0
      ? []
      : [
          define({
            name: `${prefix}-reset-before-first-token`,
            title: "The connection is reset after the envelope: an interrupted stream without any token.",
            writes: opening,
            end: { kind: "reset", atMs: 300 },
            truth: { ...INTERRUPTED, ...openFirsts, ...openInput, durationSeconds: 0.3, estimated: false },
          }),
        ]),
  ];
}

function faults({ dialect, define, opening, word, firsts, openFirsts, openInput }: Kit): readonly Scenario[] {
  const { prefix, errorEvent, errorType } = dialect;
  const failed = { outcome: "error", errorType, stallCount: 0, ...openInput } as const;
  return [
    define({
      name: `${prefix}-error-before-tokens`,
      title: "An error event under status 200 before any token.",
      writes: [...opening, at(200, errorEvent)],
      end: { kind: "end", atMs: 200 },
      truth: { ...failed, ...openFirsts, durationSeconds: 0.2, estimated: false },
    }),
    define({
      name: `${prefix}-error-after-tokens`,
      title: "An error event in the middle of the answer.",
      writes: [...opening, ...every(20, 200, 8, word), at(400, errorEvent)],
      end: { kind: "end", atMs: 400 },
      truth: { ...failed, ...firsts, ...EIGHT_WORDS, durationSeconds: 0.4 },
    }),
  ];
}

function clients({ dialect, define, opening, word, firsts, openFirsts, openInput }: Kit): readonly Scenario[] {
  const { prefix, close } = dialect;
  const left = { outcome: "cancelled", stallCount: 0, ...openInput } as const;
  // The next word comes late enough that no measuring side can see it before the client is gone.
  const moreToCome = [...opening, ...every(40, 200, 8, word), at(780, word()), at(980, word())];
  const closing = close({ outputTokens: 20, reason: "stop", content: WORD.repeat(20) });
  return [
    define({
      name: `${prefix}-early-break`,
      title: "The consumer leaves its loop after 8 chunks: cancelled, with what was seen until then.",
      writes: moreToCome,
      end: { kind: "hang" },
      client: { kind: "break", afterCountedChunks: 8 },
      truth: { ...left, ...firsts, ...EIGHT_SLOW_WORDS, durationSeconds: 0.48 },
    }),
    define({
      name: `${prefix}-client-abort`,
      title: "The client aborts in the middle of the answer.",
      writes: moreToCome,
      end: { kind: "hang" },
      client: { kind: "abort", atMs: 600 },
      truth: { ...left, ...firsts, ...EIGHT_SLOW_WORDS, durationSeconds: 0.6 },
    }),
    define({
      name: `${prefix}-abort-before-first-token`,
      title: "The client aborts while it waits for the first token.",
      writes: [...opening, at(1500, word())],
      end: { kind: "hang" },
      client: { kind: "abort", atMs: 400 },
      truth: { ...left, ...openFirsts, durationSeconds: 0.4, estimated: false },
    }),
    define({
      name: `${prefix}-never-read`,
      title: "The application takes the stream and never reads it.",
      writes: [...opening, ...every(20, 200, 20, word), at(620, closing)],
      end: { kind: "end", atMs: 620 },
      client: { kind: "never_read" },
      truth: { outcome: "abandoned", estimated: false, stallCount: 0 },
      targets: ["sdk"],
    }),
  ];
}

function wholeAnswers({ dialect, define }: Kit): readonly Scenario[] {
  return [
    define({
      name: `${dialect.prefix}-non-streaming`,
      title: "No stream was asked for: duration and tokens, but no first token and no generation rate.",
      stream: false,
      headers: JSON_HEADERS,
      writes: [at(500, dialect.whole(WORD.repeat(20), 20))],
      end: { kind: "end", atMs: 500 },
      truth: { ...REPORTED, durationSeconds: 0.5, outputTokens: 20 },
    }),
  ];
}
