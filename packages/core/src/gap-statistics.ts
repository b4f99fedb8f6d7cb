import type { ChunkLog } from "./chunk-log.ts";

/** Gaps between consecutive counted chunks before entry `end`, in microseconds, without those a client caused. */
export function gapsBefore(chunks: ChunkLog, end: number): Float64Array {
  const gaps = new Float64Array(Math.max(0, end - 1));
  let count = 0;
  for (let i = 1; i < end; i += 1) {
    const gap = chunks.gapMicros(i);
    if (gap !== undefined) gaps[count++] = gap;
  }
  return gaps.subarray(0, count);
}

/** Quantile of ascending `sorted` values by linear interpolation; undefined without values. */
export function quantileOfSorted(sorted: Float64Array, q: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const lower = sorted[below] ?? 0;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] ?? lower;
  return lower + (upper - lower) * (position - below);
}

/** Quantile of `values` in any order; leaves them as they are. See {@link quantileOfSorted}. */
export function quantile(values: Float64Array, q: number): number | undefined {
  return quantileOfSorted(values.toSorted(), q);
}
