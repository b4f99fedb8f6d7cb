/** Quantile of numbers in any order, by linear interpolation. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const lower = sorted[below];
  return lower + ((sorted[below + 1] ?? lower) - lower) * (position - below);
}

/** Median of numbers in any order. */
export function median(values) {
  return quantile(values, 0.5);
}

/** Mean of numbers. */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Lets variants take turns, the order turned around each round, after a few rounds to warm up.
 * @param {Record<string, () => number | Promise<number>>} variants each gives one number
 * @returns {Promise<Record<string, number>>} the tenth percentile of each
 */
export async function alternate(variants, rounds) {
  const names = Object.keys(variants);
  const warmUp = Math.ceil(rounds / 4);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const sample = await variants[name]();
      if (round >= 0) samples[name].push(sample);
    }
  }
  return Object.fromEntries(names.map((name) => [name, quantile(samples[name], 0.1)]));
}
