/** How far a value may lie from the middle of its bin, as a share of the value. */
export const SKETCH_ERROR = 0.02;

/** Each bin ends 4 % above where it begins. */
const LOG_BASE = Math.log(1.04);
/** Below, a value counts as 0: half a billionth, as in sums. */
const SMALLEST = 5e-10;
/** Number of the bin of the smallest value; bin 0 is that of zeros. */
const OFFSET = 1 - Math.floor(Math.log(SMALLEST) / LOG_BASE);

/** More than the number of any bin: values are at most 2^63. */
export const BINS = Math.ceil(Math.log(2 ** 63) / LOG_BASE) + OFFSET + 1;

/** Number of the bin of a value of at least 0. */
export function binOf(value: number): number {
  return value < SMALLEST ? 0 : Math.min(BINS - 1, Math.floor(Math.log(value) / LOG_BASE) + OFFSET);
}

/** The value that stands for a bin: relatively as far from its begin as from its end. */
export function valueOfBin(bin: number): number {
  if (bin === 0) return 0;
  const low = Math.exp((bin - OFFSET) * LOG_BASE);
  return (2 * low * 1.04) / 2.04;
}

/** Counts of values by bin, added up; quantiles of what was added. */
export interface BinCounts {
  /** Values so far. */
  readonly total: number;
  /** Lowest and highest bin with a value; `low > high` when there is none. */
  readonly low: number;
  readonly high: number;
  add(bin: number, count: number): void;
  countOf(bin: number): number;
  /** As of the sorted values, interpolated between the two nearest ranks; needs a value. */
  quantile(q: number): number;
  clear(): void;
}

/** Without any value. */
export function createBinCounts(): BinCounts {
  const counts = new Float64Array(BINS);
  let [total, low, high] = [0, BINS, -1];

  /** The value at a rank, 0 for the lowest. */
  function valueAt(rank: number): number {
    let below = 0;
    for (let bin = low; bin <= high; bin++) {
      below += counts[bin] ?? 0;
      if (below > rank) return valueOfBin(bin);
    }
    return valueOfBin(high);
  }

  return {
    get total() {
      return total;
    },
    get low() {
      return low;
    },
    get high() {
      return high;
    },
    add(bin, count) {
      counts[bin] = (counts[bin] ?? 0) + count;
      total += count;
      if (bin < low) low = bin;
      if (bin > high) high = bin;
    },
    countOf: (bin) => counts[bin] ?? 0,
    quantile(q) {
      const rank = (total - 1) * q;
      const below = valueAt(Math.floor(rank));
      return below + (valueAt(Math.ceil(rank)) - below) * (rank - Math.floor(rank));
    },
    clear() {
      if (low <= high) counts.fill(0, low, high + 1);
      [total, low, high] = [0, BINS, -1];
    },
  };
}
