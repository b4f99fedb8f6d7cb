/**
 * The value at quantile `u` (0 to 1) of a table of equally spaced quantiles, interpolated. With a uniform random `u` it
 * draws from the distribution that the table describes.
 */
export function valueAtQuantile(table: readonly number[], u: number): number {
  const last = table.length - 1;
  const position = Math.min(1, Math.max(0, u)) * last;
  const index = Math.min(last, Math.floor(position));
  const low = table[index] ?? 0;
  const high = table[Math.min(last, index + 1)] ?? low;
  return low + (high - low) * (position - index);
}

/** Mean of the distribution that the table describes. */
export function meanOfQuantiles(table: readonly number[]): number {
  const pairs = table.slice(1).map((value, index) => (value + (table[index] ?? 0)) / 2);
  return pairs.reduce((sum, value) => sum + value, 0) / Math.max(1, pairs.length);
}
