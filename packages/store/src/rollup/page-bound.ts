import { binOf, BINS, leastOfBin, mostOfBin, type BinCounts } from "./bins.ts";

/** Values that are on a page of a sorted list, or beyond what it holds. */
export interface PageBound {
  /** Each value of the page is at least this (highest first), or at most (lowest first). */
  readonly value: number;
  /** How many of the counted values are so. */
  readonly calls: number;
}

/**
 * Where a page ends at the latest, by bins of some or all of its values; `undefined` when there are fewer behind its
 * begin than it has rows. @param after value of the last row of the page before.
 */
export function pageBound(
  counts: BinCounts,
  descending: boolean,
  after: number | undefined,
  rows: number,
): PageBound | undefined {
  const bins: (readonly [number, number])[] = [];
  counts.forEach((bin, count) => bins.push([bin, count]));
  if (descending) bins.reverse();
  // Of the bin of the last row nobody knows what comes before it.
  const begin = after === undefined ? (descending ? BINS : -1) : binOf(after);
  let [calls, behind] = [0, 0];
  for (const [bin, count] of bins) {
    if (descending ? bin > begin : bin < begin) continue;
    calls += count;
    if (bin !== begin) behind += count;
    if (behind >= rows) return { value: descending ? leastOfBin(bin) : mostOfBin(bin), calls };
  }
  return undefined;
}
