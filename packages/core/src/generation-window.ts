/** Output tokens and generation rate of one stream (measurement contract 1.3). */
import type { ChunkLog } from "./chunk-log.ts";
import type { FirstChunkTokensSource, TokenSource } from "./model/token-timings.ts";
import type { TokenUsage } from "./providers/provider.ts";

/** Bytes of generated output that stand for one token when nobody counted; bytes, because characters undercount Chinese. */
const BYTES_PER_TOKEN = 4;
/** Below this a window says nothing about speed. */
const MIN_WINDOW_MICROS = 1000;
/** Up to this many tokens per chunk the first chunk is taken to hold one. */
const ONE_TOKEN_RATIO = 1.5;

/** `N` and `N_w`. Absent = unknown. */
export interface TokenCounts {
  readonly source?: TokenSource;
  readonly outputTokens?: number;
  readonly windowTokens?: number;
  readonly estimated: boolean;
  /** Tokens of each counted chunk, when the stream carried them. */
  readonly perChunk: boolean;
}

/** Whether every counted chunk carried a cumulative count that never fell (vLLM `continuous_usage_stats`). */
function countsPerChunk(chunks: ChunkLog): boolean {
  let previous = 0;
  for (let i = 0; i < chunks.length; i += 1) {
    const tokens = chunks.cumulativeTokens(i);
    if (tokens < 0 || tokens < previous) return false;
    previous = tokens;
  }
  return chunks.length > 0;
}

/** Finds `N` from the best source there is; sources are never mixed within one number. */
export function countTokens(
  chunks: ChunkLog,
  usage: TokenUsage | undefined,
  options: { readonly estimate: boolean; readonly reasoningStreamed: boolean },
): TokenCounts {
  const reported = usage?.outputTokens;
  if (reported !== undefined) {
    const hidden = options.reasoningStreamed ? 0 : (usage?.reasoningTokens ?? 0);
    const perChunk = countsPerChunk(chunks);
    return {
      source: perChunk && chunks.length > 1 ? "continuous_usage" : "usage",
      outputTokens: reported,
      windowTokens: reported - hidden - (usage?.rejectedPredictionTokens ?? 0),
      estimated: false,
      perChunk,
    };
  }
  if (!options.estimate || chunks.totalBytes === 0) return { estimated: false, perChunk: false };
  const tokens = Math.ceil(chunks.totalBytes / BYTES_PER_TOKEN);
  return { source: "estimate", outputTokens: tokens, windowTokens: tokens, estimated: true, perChunk: false };
}

/** Tokens of chunk `i`, where known: from per-chunk counts, or 1 for every chunk when at most an end token is left over. */
export function chunkTokens(chunks: ChunkLog, counts: TokenCounts): (i: number) => number | undefined {
  if (counts.perChunk) {
    return (i) => chunks.cumulativeTokens(i) - (i === 0 ? 0 : chunks.cumulativeTokens(i - 1));
  }
  const uncounted = (counts.windowTokens ?? Number.NaN) - chunks.length;
  const oneEach = !counts.estimated && (uncounted === 0 || uncounted === 1);
  return () => (oneEach ? 1 : undefined);
}

export interface GenerationWindow {
  readonly firstChunkTokens?: number;
  readonly firstChunkTokensSource?: FirstChunkTokensSource;
  /** `(N_w - n_first) / (t_last - t_w)`. */
  readonly rateTokensPerSecond?: number;
}

function firstTokens(
  chunks: ChunkLog,
  counts: TokenCounts,
): Required<Pick<GenerationWindow, "firstChunkTokens" | "firstChunkTokensSource">> {
  const windowTokens = counts.windowTokens ?? 0;
  if (counts.perChunk) return { firstChunkTokens: chunks.cumulativeTokens(0), firstChunkTokensSource: "usage" };
  if (windowTokens / chunks.length <= ONE_TOKEN_RATIO)
    return { firstChunkTokens: 1, firstChunkTokensSource: "assumed_one" };
  const share = chunks.totalBytes === 0 ? 0 : chunks.bytes(0) / chunks.totalBytes;
  return { firstChunkTokens: Math.max(1, Math.round(windowTokens * share)), firstChunkTokensSource: "proportional" };
}

function pausedInside(chunks: ChunkLog): boolean {
  for (let i = 1; i < chunks.length; i += 1) if (chunks.afterPause(i)) return true;
  return false;
}

/** The generating window of a streamed answer with at most one choice; empty when the window says nothing. */
export function generationWindow(chunks: ChunkLog, counts: TokenCounts, choiceCount: number): GenerationWindow {
  if (chunks.length === 0 || counts.windowTokens === undefined || counts.windowTokens < 1) return {};
  const first = firstTokens(chunks, counts);
  const windowMicros = chunks.atMicros(chunks.length - 1) - chunks.atMicros(0);
  const tokens = counts.windowTokens - first.firstChunkTokens;
  if (choiceCount > 1 || chunks.length < 2 || tokens < 1 || windowMicros < MIN_WINDOW_MICROS || pausedInside(chunks))
    return first;
  return { ...first, rateTokensPerSecond: tokens / (windowMicros / 1_000_000) };
}
