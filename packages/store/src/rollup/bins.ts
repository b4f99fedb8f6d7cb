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

/** Each is relatively as far from the begin of its bin as from its end. */
const VALUES = Float64Array.from({ length: BINS }, (_, bin) =>
  bin === 0 ? 0 : (Math.exp((bin - OFFSET) * LOG_BASE) * 2 * 1.04) / 2.04,
);

/** The value that stands for a bin. */
export function valueOfBin(bin: number): number {
  return VALUES[bin] ?? 0;
}

/** More than the logarithm is wrong by. */
const ROUNDING = 1e-9;

/** No value of a bin, or of a higher one, is below. */
export function leastOfBin(bin: number): number {
  return bin <= 0 ? 0 : Math.exp((bin - OFFSET) * LOG_BASE) * (1 - ROUNDING);
}

/** No value of a bin, or of a lower one, is above. */
export function mostOfBin(bin: number): number {
  if (bin >= BINS - 1) return Infinity;
  // The first bin is that of everything that counts as 0.
  return Math.max(SMALLEST, Math.exp((bin + 1 - OFFSET) * LOG_BASE)) * (1 + ROUNDING);
}

/** Counts of values by bin, added up; quantiles of what was added. */
export class BinCounts {
  readonly #counts = new Float64Array(BINS);
  #total = 0;
  #low = BINS;
  #high = -1;

  /** Values so far. */
  get total(): number {
    return this.#total;
  }

  add(bin: number, count: number): void {
    this.#counts[bin] = (this.#counts[bin] ?? 0) + count;
    this.#total += count;
    if (bin < this.#low) this.#low = bin;
    if (bin > this.#high) this.#high = bin;
  }

  /** Adds `counts[at]` values to the bin `bins[at]`, for every `at` of a half-open range. */
  addAll(bins: Uint16Array, counts: Uint16Array, from: number, to: number): void {
    if (from >= to) return;
    const own = this.#counts;
    let total = 0;
    for (let at = from; at < to; at++) {
      const count = counts[at] ?? 0;
      const bin = bins[at] ?? 0;
      own[bin] = (own[bin] ?? 0) + count;
      total += count;
    }
    this.#total += total;
    // Bins ascend.
    this.#low = Math.min(this.#low, bins[from] ?? 0);
    this.#high = Math.max(this.#high, bins[to - 1] ?? 0);
  }

  /** Bins with a value, ascending. */
  forEach(visit: (bin: number, count: number) => void): void {
    for (let bin = this.#low; bin <= this.#high; bin++) {
      const count = this.#counts[bin] ?? 0;
      if (count > 0) visit(bin, count);
    }
  }

  /** As of the sorted values, interpolated between the two nearest ranks; needs a value. */
  quantile(q: number): number {
    const rank = (this.#total - 1) * q;
    const [first, second] = [Math.floor(rank), Math.ceil(rank)];
    let bin = this.#low;
    let upTo = this.#counts[bin] ?? 0;
    while (upTo <= first && bin < this.#high) upTo += this.#counts[++bin] ?? 0;
    const below = valueOfBin(bin);
    if (upTo > second) return below;
    while (upTo <= second && bin < this.#high) upTo += this.#counts[++bin] ?? 0;
    return below + (valueOfBin(bin) - below) * (rank - first);
  }

  clear(): void {
    for (let bin = this.#low; bin <= this.#high; bin++) this.#counts[bin] = 0;
    [this.#total, this.#low, this.#high] = [0, BINS, -1];
  }
}
