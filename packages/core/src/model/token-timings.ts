import type { DeltaKind, TokenUsage } from "../providers/provider.ts";

/** Where the output token count came from, best first; never mixed within one number (measurement contract 1.3). */
export type TokenSource = "continuous_usage" | "usage" | "tokenizer" | "estimate";

/** How the tokens of the first chunk of the window were found. */
export type FirstChunkTokensSource = "usage" | "assumed_one" | "proportional";

/** Whether reasoning was seen: fully streamed, only a summary, only counted, or not at all. */
export type ReasoningVisibility = "none" | "streamed" | "summary" | "hidden";

/** Where marks were taken: on the body itself, or when the consumer's iterator resolved. */
export type ClockSource = "wire" | "iterator";

/** Tokens of an answer as a tokenizer counted them from its text. */
export interface CountedText {
  /** Of reasoning before the first output of another kind. */
  readonly leadingReasoning: number;
  readonly rest: number;
}

/** A gap that broke the stream's own rhythm (`max(minSeconds, factor x median of earlier gaps)`). */
export interface Stall {
  readonly phase: "first_token" | "mid_stream";
  /** Start of the silence, microseconds since `t_req`. */
  readonly offsetMicros: number;
  readonly durationMicros: number;
  /** Duration minus the median gap (no median: the whole gap; before the first token: wait minus the bound). */
  readonly lostMicros: number;
}

/**
 * Everything known about the timing of one request. Microseconds are integers since `t_req`; seconds and tokens/s are
 * derived. A field is absent when the value is unknown, never 0 (measurement contract 1.2, 1.3).
 */
export interface TokenTimings {
  readonly firstByteMicros?: number;
  readonly firstChunkMicros?: number;
  readonly firstTokenMicros?: number;
  readonly firstAnswerTokenMicros?: number;
  readonly firstToolCallMicros?: number;
  readonly lastTokenMicros?: number;
  /** `t_end`. Absent for `abandoned`. */
  readonly endMicros?: number;

  /** All parsed data events. */
  readonly chunkCount: number;
  /** Chunks that hold at least one counted delta. */
  readonly countedChunkCount: number;
  /** UTF-8 bytes of all counted deltas. */
  readonly outputBytes: number;

  /** `N`, with its source; `estimated` is true for `tokenizer` and `estimate`. */
  readonly outputTokens?: number;
  readonly tokenSource?: TokenSource;
  readonly estimated: boolean;
  /** Usage exactly as last reported by the provider. */
  readonly usage?: TokenUsage;
  readonly reasoningVisibility: ReasoningVisibility;
  readonly firstChunkTokens?: number;
  readonly firstChunkTokensSource?: FirstChunkTokensSource;

  /** Decode speed of one request, TTFT excluded: `(N_w - n_first) / (t_last - t_w)`. */
  readonly generationRateTokensPerSecond?: number;
  /** Inverse of the generation rate. */
  readonly timePerOutputTokenSeconds?: number;
  /** `N / (t_end - t_req)`; only with outcome `ok`. */
  readonly endToEndRateTokensPerSecond?: number;
  /** Median and 95th percentile of the gaps between counted chunks. */
  readonly gapP50Seconds?: number;
  readonly gapP95Seconds?: number;
  readonly stalls: readonly Stall[];

  readonly finishReasons: readonly string[];
  readonly responseModel?: string;
  readonly responseId?: string;
  readonly choiceCount: number;
  /** Frames that were not the provider's format. */
  readonly malformedCount: number;
  /** Encoded token tape, when the tape is on and a counted chunk was seen. */
  readonly tokenTape?: string;
}

/** One entry of a decoded tape. */
export interface TapeEntry {
  /** Microseconds since `t_req`, exact to one tick. */
  readonly atMicros: number;
  readonly kind: DeltaKind;
  /** Tokens of this chunk; absent when unknown. */
  readonly tokens?: number;
}
