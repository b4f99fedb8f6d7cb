import type { Gaps } from "./gap-statistics.ts";

/**
 * Median of the values seen so far, exact, in O(log n) per value: a Fenwick tree over the ranks of values that are all
 * known beforehand. Sorting each prefix anew would be quadratic, and a stream may have a hundred thousand gaps.
 */
export class PrefixMedian {
  readonly #sorted: Gaps;
  readonly #tree: Uint32Array;
  readonly #topStep: number;
  #count = 0;

  /** @param values every value that will be added, in any order. */
  constructor(values: Gaps) {
    this.#sorted = values.toSorted();
    this.#tree = new Uint32Array(values.length + 1);
    this.#topStep = values.length === 0 ? 0 : 2 ** Math.floor(Math.log2(values.length));
  }

  /** Values added so far. */
  get count(): number {
    return this.#count;
  }

  /** Adds one of the values given to the constructor. */
  add(value: number): void {
    this.#count += 1;
    for (let i = this.#rankOf(value) + 1; i < this.#tree.length; i += i & -i) this.#tree[i] = (this.#tree[i] ?? 0) + 1;
  }

  /** Median of the values added so far, the mean of the middle two for an even number; undefined without values. */
  median(): number | undefined {
    if (this.#count === 0) return undefined;
    const upper = this.#smallest(Math.floor(this.#count / 2) + 1);
    return this.#count % 2 === 1 ? upper : (this.#smallest(this.#count / 2) + upper) / 2;
  }

  /** First index of `value` in the sorted values. */
  #rankOf(value: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The `k`-th smallest added value, from 1 on. */
  #smallest(k: number): number {
    let at = 0;
    let left = k;
    for (let step = this.#topStep; step > 0; step >>= 1) {
      const next = at + step;
      if (next >= this.#tree.length || (this.#tree[next] ?? 0) >= left) continue;
      at = next;
      left -= this.#tree[next] ?? 0;
    }
    return this.#sorted[at] ?? 0;
  }
}
