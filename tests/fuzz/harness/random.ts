/** Random numbers that one seed makes again (mulberry32). */
export interface Random {
  /** A whole number from 0 to `bound - 1`; 0 when the bound is below 1. */
  below(bound: number): number;
  /** True once in `n`. */
  oneIn(n: number): boolean;
  /** @throws RangeError when there is nothing to choose from. */
  pick<T>(items: readonly T[]): T;
}

/** A generator of its own; equal seeds give equal numbers. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (bound: number): number => Math.floor(next() * Math.max(0, bound));
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError("nothing to choose from");
      return item;
    },
  };
}

/** A seed that depends on the bytes alone, so that what a target chooses at random belongs to its input (FNV-1a). */
export function seedOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
