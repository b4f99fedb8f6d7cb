const SUM_BASE = 2 ** 52;

/**
 * A sum of whole numbers that stays exact beyond 2^53, in two doubles: `high * 2^52 + low`. A bigint would be an object per
 * addition.
 */
export class ExactSum {
  #high = 0;
  #low = 0;

  get high(): number {
    return this.#high;
  }

  /** Below 2^52. */
  get low(): number {
    return this.#low;
  }

  /** @param units a whole number of at least 0. */
  add(units: number): void {
    if (units < SUM_BASE) this.addParts(0, units);
    else this.addParts(Math.floor(units / SUM_BASE), units % SUM_BASE);
  }

  addParts(high: number, low: number): void {
    this.#high += high;
    this.#low += low;
    if (this.#low < SUM_BASE) return;
    this.#low -= SUM_BASE;
    this.#high++;
  }

  /** The nearest double. */
  toNumber(): number {
    return this.#high === 0 ? this.#low : Number(BigInt(this.#high) * BigInt(SUM_BASE) + BigInt(this.#low));
  }

  clear(): void {
    this.#high = 0;
    this.#low = 0;
  }
}
