/**
 * Stalls (measurement contract 1.3): a gap of at least max(minimum, factor x median of this stream's earlier gaps); the
 * median rule needs 8 earlier gaps. Before the first token: a wait of at least its own bound. Gaps that contain a pause
 * of the relay are neither stalls nor part of a median.
 */
import type { ChunkLog } from "./chunk-log.ts";
import { gapsBefore, quantile } from "./gap-statistics.ts";
import type { Stall } from "./model/token-timings.ts";
import { PrefixMedian } from "./prefix-median.ts";

/** Bounds of the rule in microseconds. */
export interface StallRule {
  readonly minMicros: number;
  readonly factor: number;
  readonly firstTokenMicros: number;
}

/** The silences of one stream. */
export interface Silences {
  readonly chunks: ChunkLog;
  /** End of the wait for the first token: the token itself, or what ended the stream without one. */
  readonly firstWaitMicros: number | undefined;
  /** End of the silence behind the last counted chunk; undefined when nothing more was due or nobody listened. */
  readonly trailingEndMicros: number | undefined;
}

const MEDIAN_NEEDS_GAPS = 8;

function isStall(gapMicros: number, medianMicros: number | undefined, rule: StallRule): boolean {
  return gapMicros >= rule.minMicros && gapMicros >= rule.factor * (medianMicros ?? 0);
}

/** Median of the gaps before entry `end`, once there are enough of them. Sorts: ask once per silence. */
export function medianBefore(chunks: ChunkLog, end: number): number | undefined {
  const gaps = gapsBefore(chunks, end);
  return gaps.length >= MEDIAN_NEEDS_GAPS ? quantile(gaps, 0.5) : undefined;
}

/** Whether a silence that is still open is a stall. `medianOf` is asked only when it decides. */
export function isOpenStall(gapMicros: number, rule: StallRule, medianOf: () => number | undefined): boolean {
  return gapMicros >= rule.minMicros && isStall(gapMicros, medianOf(), rule);
}

/** All stalls of a stream, in order. Exact; the median is only kept up when some gap is long enough. */
export function stallsOf({ chunks, firstWaitMicros, trailingEndMicros }: Silences, rule: StallRule): readonly Stall[] {
  const stalls: Stall[] = [];
  if (firstWaitMicros !== undefined && firstWaitMicros >= rule.firstTokenMicros) {
    stalls.push({
      phase: "first_token",
      offsetMicros: 0,
      durationMicros: firstWaitMicros,
      lostMicros: firstWaitMicros - rule.firstTokenMicros,
    });
  }
  const { length } = chunks;
  const trailing =
    trailingEndMicros === undefined || length === 0 ? 0 : trailingEndMicros - chunks.atMicros(length - 1);
  if (trailing < rule.minMicros && !chunks.mayHaveGapOf(rule.minMicros)) return stalls;
  const earlier = new PrefixMedian(gapsBefore(chunks, length));
  const look = (offsetMicros: number, gapMicros: number): void => {
    const median = gapMicros >= rule.minMicros && earlier.count >= MEDIAN_NEEDS_GAPS ? earlier.median() : undefined;
    if (!isStall(gapMicros, median, rule)) return;
    stalls.push({
      phase: "mid_stream",
      offsetMicros,
      durationMicros: gapMicros,
      lostMicros: gapMicros - (median ?? 0),
    });
  };
  for (let i = 1; i < length; i += 1) {
    const gap = chunks.gapMicros(i);
    if (gap === undefined) continue;
    look(chunks.atMicros(i - 1), gap);
    earlier.add(gap);
  }
  if (length > 0 && trailing > 0) look(chunks.atMicros(length - 1), trailing);
  return stalls;
}
