import type { ChunkLog } from "./chunk-log.ts";
import type { Stall } from "./model/token-timings.ts";

/** The stall rule (measurement contract 1.3); microseconds. */
export interface StallRule {
  readonly minMicros: number;
  readonly factor: number;
  readonly firstTokenMicros: number;
}

/** The median rule needs this many earlier gaps. */
const MEDIAN_NEEDS_GAPS = 8;

/** Gaps between consecutive counted chunks before chunk `end`, without those a client's backpressure caused. */
export function gapsBefore(chunks: ChunkLog, end: number): Float64Array {
  const gaps = new Float64Array(Math.max(0, end - 1));
  let count = 0;
  for (let i = 1; i < end; i += 1) {
    if (!chunks.afterPause(i)) gaps[count++] = chunks.atMicros(i) - chunks.atMicros(i - 1);
  }
  return gaps.subarray(0, count);
}

/** Quantile of `values` by linear interpolation; undefined without values. Leaves `values` as they are. */
export function quantile(values: Float64Array, q: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted();
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const lower = sorted[below] ?? 0;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] ?? lower;
  return lower + (upper - lower) * (position - below);
}

/** Median of the gaps before chunk `end`, once there are enough of them. */
function medianBefore(chunks: ChunkLog, end: number): number | undefined {
  const gaps = gapsBefore(chunks, end);
  return gaps.length >= MEDIAN_NEEDS_GAPS ? quantile(gaps, 0.5) : undefined;
}

/**
 * Whether the silence of `gapMicros` after chunk `end - 1` is a stall.
 * The median is computed only for gaps above the minimum, which are rare: no cost per chunk.
 */
export function midStreamStall(chunks: ChunkLog, end: number, gapMicros: number, rule: StallRule): Stall | undefined {
  if (gapMicros < rule.minMicros) return undefined;
  const median = medianBefore(chunks, end);
  if (gapMicros < rule.factor * (median ?? 0)) return undefined;
  return {
    phase: "mid_stream",
    offsetMicros: chunks.atMicros(end - 1),
    durationMicros: gapMicros,
    lostMicros: gapMicros - (median ?? 0),
  };
}

/** Whether the wait for the first token is a stall. */
export function firstTokenStall(waitMicros: number, rule: StallRule): Stall | undefined {
  if (waitMicros < rule.firstTokenMicros) return undefined;
  return {
    phase: "first_token",
    offsetMicros: 0,
    durationMicros: waitMicros,
    lostMicros: waitMicros - rule.firstTokenMicros,
  };
}

/** All stalls of a stream. `openEndMicros` is the end of a silence that no chunk ended, for streams cut in a stall. */
export function stallsOf(chunks: ChunkLog, rule: StallRule, openEndMicros: number | undefined): readonly Stall[] {
  const firstWait = chunks.length > 0 ? chunks.atMicros(0) : (openEndMicros ?? 0);
  const found = [firstTokenStall(firstWait, rule)];
  for (let i = 1; i < chunks.length; i += 1) {
    if (!chunks.afterPause(i)) found.push(midStreamStall(chunks, i, chunks.atMicros(i) - chunks.atMicros(i - 1), rule));
  }
  if (openEndMicros !== undefined && chunks.length > 0) {
    found.push(midStreamStall(chunks, chunks.length, openEndMicros - chunks.atMicros(chunks.length - 1), rule));
  }
  return found.filter((stall) => stall !== undefined);
}
