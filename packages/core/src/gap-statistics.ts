import type { ChunkLog } from "./chunk-log.ts";

/** Gaps in microseconds; whole numbers of 32 bits wherever they fit, since those sort five times as fast. */
export type Gaps = Uint32Array | Float64Array;

/** Of an answer without gaps; most answers that are no stream. */
export const NO_GAPS: Gaps = new Uint32Array(0);

/** Gaps between consecutive counted chunks before entry `end`, without those a client caused. */
export function gapsBefore(chunks: ChunkLog, end: number): Gaps {
  return end < 2 ? NO_GAPS : chunks.gapsBefore(end);
}

/** Quantile of ascending `sorted` values by linear interpolation; undefined without values. */
export function quantileOfSorted(sorted: Gaps, q: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const lower = sorted[below] ?? 0;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] ?? lower;
  return lower + (upper - lower) * (position - below);
}

/** Quantile of `values` in any order; leaves them as they are. See {@link quantileOfSorted}. */
export function quantile(values: Gaps, q: number): number | undefined {
  return quantileOfSorted(values.toSorted(), q);
}
