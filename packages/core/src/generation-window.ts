/** Output tokens and generation rate of one answer (measurement contract 1.3). */
import type { ChunkLog } from "./chunk-log.ts";
import type { CountedText, FirstChunkTokensSource, ReasoningVisibility, TokenSource } from "./model/token-timings.ts";
import type { TokenUsage } from "./providers/provider.ts";

/** Bytes of generated output that stand for one token when nobody counted; bytes, because characters undercount Chinese. */
const BYTES_PER_TOKEN = 4;
/** Below this a window says nothing about speed. */
const MIN_WINDOW_MICROS = 1000;
/** Up to this many tokens per chunk the first chunk is taken to hold one. */
const ONE_TOKEN_RATIO = 1.5;
/** One chunk with a count says nothing about the others. */
const MIN_CHUNKS_WITH_COUNTS = 2;

/** What was seen of one answer. */
export interface SeenAnswer {
  readonly chunks: ChunkLog;
  /** Entry at which the window begins (`t_w`): 0, or with a reasoning summary the first that is not reasoning. */
  readonly windowStart: number;
  readonly usage: TokenUsage | undefined;
  /** The cumulative output count went down once. */
  readonly usageFell: boolean;
  readonly reasoningVisibility: ReasoningVisibility;
  /** Reasoning took place that was not streamed in full: a summary or a redacted block was seen. */
  readonly reasoningWithheld: boolean;
  readonly estimate: boolean;
  /** What a tokenizer counted, if one did. */
  readonly counted?: CountedText;
}

/** `N` and `N_w`. Absent = unknown. */
export interface TokenCounts {
  readonly source?: TokenSource;
  readonly outputTokens?: number;
  readonly windowTokens?: number;
  /** Reasoning tokens that are in the cumulative counts but not in the window. */
  readonly hiddenTokens: number;
  readonly estimated: boolean;
  /** The stream carried counts that tell what each chunk holds. */
  readonly perChunk: boolean;
}

/**
 * `continuous_usage`: more than half of the counted chunks, and at least two, carried a cumulative output count, and it
 * never fell. Anything else that was reported is `usage`.
 */
function carriesCounts(chunks: ChunkLog, usageFell: boolean): boolean {
  const { chunksWithTokens, countedChunks } = chunks;
  return !usageFell && chunksWithTokens >= MIN_CHUNKS_WITH_COUNTS && chunksWithTokens * 2 > countedChunks;
}

/** Finds `N` from the best source there is; sources are never mixed within one number. */
export function countTokens(seen: SeenAnswer): TokenCounts {
  const outputTokens = seen.usage?.outputTokens;
  if (outputTokens !== undefined) return reportedCounts(seen, outputTokens);
  if (seen.counted !== undefined) return tokenizedCounts(seen, seen.counted);
  const bytes = seen.chunks.bytesFrom(0);
  if (!seen.estimate || bytes === 0) return { hiddenTokens: 0, estimated: false, perChunk: false };
  return {
    source: "estimate",
    outputTokens: Math.ceil(bytes / BYTES_PER_TOKEN),
    windowTokens: Math.ceil(seen.chunks.bytesFrom(seen.windowStart) / BYTES_PER_TOKEN),
    hiddenTokens: 0,
    estimated: true,
    perChunk: false,
  };
}

function tokenizedCounts({ windowStart }: SeenAnswer, { leadingReasoning, rest }: CountedText): TokenCounts {
  return {
    source: "tokenizer",
    outputTokens: leadingReasoning + rest,
    windowTokens: windowStart > 0 ? rest : leadingReasoning + rest,
    hiddenTokens: 0,
    estimated: true,
    perChunk: false,
  };
}

function reportedCounts(seen: SeenAnswer, outputTokens: number): TokenCounts {
  const { usage, reasoningVisibility } = seen;
  const perChunk = carriesCounts(seen.chunks, seen.usageFell);
  const source = perChunk ? "continuous_usage" : "usage";
  const withheld = reasoningVisibility !== "streamed";
  if (withheld && seen.reasoningWithheld && usage?.reasoningTokens === undefined) {
    return { source, outputTokens, hiddenTokens: 0, estimated: false, perChunk };
  }
  const hiddenTokens = withheld ? (usage?.reasoningTokens ?? 0) : 0;
  const windowTokens = outputTokens - hiddenTokens - (usage?.rejectedPredictionTokens ?? 0);
  return { source, outputTokens, windowTokens, hiddenTokens, estimated: false, perChunk };
}

/** What is known of the tokens of single chunks: one each, a count each, or nothing. */
export type ChunkTokens = "one" | "counted" | "unknown";

/** Counts of the stream tell; else it is 1 for every chunk when at most an uncounted end token is left over. */
export function chunkTokensKnown({ chunks, windowStart }: SeenAnswer, counts: TokenCounts): ChunkTokens {
  if (counts.perChunk) return "counted";
  const uncounted = (counts.windowTokens ?? Number.NaN) - (chunks.countedChunks - windowStart);
  // Estimates never tell.
  return !counts.estimated && (uncounted === 0 || uncounted === 1) ? "one" : "unknown";
}

/** Tokens of entry `i` where known: the difference of the counts, or one each. */
export function chunkTokens(seen: SeenAnswer, counts: TokenCounts): (i: number) => number | undefined {
  const { chunks, windowStart } = seen;
  const known = chunkTokensKnown(seen, counts);
  if (known === "unknown") return () => undefined;
  if (known === "one") return (i) => (i < windowStart || (chunks.isFolded && i === chunks.length - 1) ? undefined : 1);
  return (i) => {
    const before = i === windowStart ? counts.hiddenTokens : chunks.cumulativeTokens(i - 1);
    const tokens = chunks.cumulativeTokens(i) - before;
    return i >= windowStart && before >= 0 && tokens >= 1 ? tokens : undefined;
  };
}

/** The generating window of a streamed answer. Absent = unknown. */
export interface GenerationWindow {
  readonly firstChunkTokens?: number;
  readonly firstChunkTokensSource?: FirstChunkTokensSource;
  /** `(N_w - n_first) / (t_last - t_w)`. */
  readonly rateTokensPerSecond?: number;
  /** Whether gaps per token mean anything: one choice, and a window that is no single network read. */
  readonly perToken: boolean;
}

interface FirstChunk {
  readonly firstChunkTokens: number;
  readonly firstChunkTokensSource: FirstChunkTokensSource;
}

/** `n_first`, by the first of its three rules that applies. */
function firstChunkOf(seen: SeenAnswer, counts: TokenCounts, windowTokens: number): FirstChunk {
  const { chunks, windowStart } = seen;
  const counted = counts.perChunk ? chunkTokens(seen, counts)(windowStart) : undefined;
  if (counted !== undefined) return { firstChunkTokens: counted, firstChunkTokensSource: "usage" };
  if (windowTokens / (chunks.countedChunks - windowStart) <= ONE_TOKEN_RATIO) {
    return { firstChunkTokens: 1, firstChunkTokensSource: "assumed_one" };
  }
  const share = chunks.bytes(windowStart) / Math.max(1, chunks.bytesFrom(windowStart));
  return { firstChunkTokens: Math.max(1, Math.round(windowTokens * share)), firstChunkTokensSource: "proportional" };
}

/** The window of a streamed answer; says nothing without chunks in it. */
export function generationWindow(seen: SeenAnswer, counts: TokenCounts, choiceCount: number): GenerationWindow {
  const { chunks, windowStart } = seen;
  if (windowStart >= chunks.length) return { perToken: false };
  const windowMicros = chunks.atMicros(chunks.length - 1) - chunks.atMicros(windowStart);
  const perToken = choiceCount <= 1 && windowMicros >= MIN_WINDOW_MICROS;
  const { windowTokens } = counts;
  if (windowTokens === undefined || windowTokens < 1) return { perToken };
  // Member by member: every copy of an object to which something is added has a layout of its own.
  const { firstChunkTokens, firstChunkTokensSource } = firstChunkOf(seen, counts, windowTokens);
  const tokens = windowTokens - firstChunkTokens;
  const timed = perToken && chunks.length - windowStart >= 2 && !chunks.pausedAfter(windowStart);
  if (!timed || tokens < 1) return { firstChunkTokens, firstChunkTokensSource, perToken };
  const rateTokensPerSecond = tokens / (windowMicros / 1_000_000);
  return { firstChunkTokens, firstChunkTokensSource, perToken, rateTokensPerSecond };
}
