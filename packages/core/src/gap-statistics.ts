import type { ChunkLog } from "./chunk-log.ts";

/** Gaps in microseconds; whole numbers of 32 bits wherever they fit, since those sort five times as fast. */
export type Gaps = Uint32Array | Float64Array;

/** Of an answer without gaps; most answers that are no stream. */
export const NO_GAPS: Gaps = new Uint32Array(0);

function fillGaps<T extends Gaps>(gaps: T, chunks: ChunkLog, end: number): T {
  let count = 0;
  for (let i = 1; i < end; i += 1) {
    const gap = chunks.gapMicros(i);
    if (gap !== undefined) gaps[count++] = gap;
  }
  // The element type stays what it was; only its declared type is wider.
  return gaps.subarray(0, count) as T;
}

function fitAll(chunks: ChunkLog, end: number): boolean {
  for (let i = 1; i < end; i += 1) {
    const gap = chunks.gapMicros(i);
    if (gap !== undefined && gap !== gap >>> 0) return false;
  }
  return true;
}

/** Gaps between consecutive counted chunks before entry `end`, without those a client caused. */
export function gapsBefore(chunks: ChunkLog, end: number): Gaps {
  if (end < 2) return NO_GAPS;
  const size = end - 1;
  return fitAll(chunks, end)
    ? fillGaps(new Uint32Array(size), chunks, end)
    : fillGaps(new Float64Array(size), chunks, end);
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
