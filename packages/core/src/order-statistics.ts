/** Single values of a sorted order, without sorting: a stream's quantiles need four of them. */

/** Rounds after which the values are sorted after all: a hostile order must not cost its square. */
const MAX_ROUNDS = 64;

/**
 * Puts values in such an order that the one at `rank` is what sorting would put there, with none larger before and none
 * smaller behind it.
 * @param values changed in place; no NaN. @param end only values before it take part.
 */
export function selectRank(values: Float64Array, rank: number, end: number): number {
  let low = 0;
  let high = end - 1;
  for (let round = 0; low < high; round += 1) {
    if (round === MAX_ROUNDS) {
      values.subarray(low, high + 1).sort();
      break;
    }
    const pivot = middleOf(values[low] ?? 0, values[(low + high) >> 1] ?? 0, values[high] ?? 0);
    let left = low;
    let right = high;
    while (left <= right) {
      while ((values[left] ?? 0) < pivot) left += 1;
      while ((values[right] ?? 0) > pivot) right -= 1;
      if (left > right) break;
      const moved = values[left] ?? 0;
      values[left] = values[right] ?? 0;
      values[right] = moved;
      left += 1;
      right -= 1;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else break;
  }
  return values[rank] ?? 0;
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/** The smallest value from `start` to `end`: after {@link selectRank} the one that follows in order. */
export function smallestOf(values: Float64Array, start: number, end: number): number {
  let smallest = values[start] ?? 0;
  for (let i = start + 1; i < end; i += 1) {
    const value = values[i] ?? 0;
    if (value < smallest) smallest = value;
  }
  return smallest;
}
