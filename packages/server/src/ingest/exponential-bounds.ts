import type { ExponentialPoint } from "../codecs/metric-points.ts";
import type { Buckets } from "./bucket-sum.ts";

/** Scales that OpenTelemetry's data model knows. */
const [MIN_SCALE, MAX_SCALE] = [-10, 20];

/** The power of two is a double that is exact in the exponent, so equal bounds of two scales are equal numbers. */
function boundOf(index: number, scale: number): number {
  return 2 ** (index * 2 ** -scale);
}

/**
 * Explicit bounds of an exponential histogram, as exact as its own: each bound is one of its buckets' ends. Undefined
 * when the point is none: another scale, or counts that do not make its count.
 * A value that equals a negative bound stands one bucket lower there: its buckets are open at the other end.
 */
export function explicitBuckets(point: ExponentialPoint): Buckets | undefined {
  const { scale, positive, negative, zeroThreshold, count } = point;
  if (scale < MIN_SCALE || scale > MAX_SCALE || !(zeroThreshold >= 0)) return undefined;
  const bounds: number[] = [];
  const buckets: number[] = [];
  let total = 0;
  const add = (bound: number, more: number): void => {
    total += more;
    if (!Number.isFinite(bound)) return;
    // Bounds beyond the range of doubles fall together.
    if (bounds.at(-1) === bound) buckets[buckets.length - 1] = total;
    else {
      bounds.push(bound);
      buckets.push(total);
    }
  };
  const below = negative.bucketCounts;
  for (let at = below.length - 1; at >= 0; at--) {
    if (at === below.length - 1) add(-boundOf(negative.offset + at + 1, scale), 0);
    add(-boundOf(negative.offset + at, scale), below[at] ?? 0);
  }
  addZero(point, add, bounds.at(-1));
  for (const [at, more] of positive.bucketCounts.entries()) {
    const low = boundOf(positive.offset + at, scale);
    if (at === 0 && low > (bounds.at(-1) ?? -Infinity)) add(low, 0);
    add(Math.max(boundOf(positive.offset + at + 1, scale), bounds.at(-1) ?? 0), more);
  }
  return total === count ? { count, bounds, buckets: [...buckets, count] } : undefined;
}

/** The bucket around zero ends at its threshold, unless that lies among the others. */
function addZero(
  { zeroCount, zeroThreshold, positive, scale }: ExponentialPoint,
  add: (bound: number, more: number) => void,
  last: number | undefined,
): void {
  const low = positive.bucketCounts.length === 0 ? Infinity : boundOf(positive.offset, scale);
  add(Math.max(Math.min(zeroThreshold, low), last ?? 0), zeroCount);
}
