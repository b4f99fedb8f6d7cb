/** A cumulative histogram without its sum: upper bounds ascending without +Inf, values up to each, one more than bounds. */
export interface Buckets {
  readonly count: number;
  readonly bounds: readonly number[];
  readonly buckets: readonly number[];
}

/**
 * Sum of two histograms, whatever their bounds: every bound stays at which both counts are known for certain. That is
 * all of them when the bounds are equal or come from exponential histograms of one scale, and those of the coarser one
 * when the scale has changed.
 */
export function addBuckets(a: Buckets, b: Buckets): Buckets {
  const count = a.count + b.count;
  const bounds: number[] = [];
  const buckets: number[] = [];
  for (const bound of unionOf(a.bounds, b.bounds)) {
    const [one, other] = [valuesUpTo(a, bound), valuesUpTo(b, bound)];
    if (one === undefined || other === undefined) continue;
    bounds.push(bound);
    buckets.push(one + other);
  }
  return { count, bounds, buckets: [...buckets, count] };
}

function unionOf(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a.length === b.length && a.every((bound, at) => bound === b[at])) return a;
  return [...new Set([...a, ...b])].toSorted((x, y) => x - y);
}

/** Known at a bound, and within a bucket that is empty. */
function valuesUpTo({ bounds, buckets }: Buckets, bound: number): number | undefined {
  const at = lowerBound(bounds, bound);
  if (bounds[at] === bound) return buckets[at];
  const below = at === 0 ? 0 : buckets[at - 1];
  return below === buckets[at] ? below : undefined;
}

/** Index of the first bound that is not smaller. */
function lowerBound(bounds: readonly number[], bound: number): number {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? Infinity) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
