/** Nanoseconds of a day. */
const DAY_NANOS = 86_400_000_000_000n;

let knownDay = 0;
let knownBegin = 0n;
let knownEnd = DAY_NANOS;

/** UTC day of a time, counted from the epoch. Most times in a row lie in one day, which spares the division. */
export function unixDayOf(unixNanos: bigint): number {
  if (unixNanos < knownBegin || unixNanos >= knownEnd) {
    const day = unixNanos / DAY_NANOS;
    knownDay = Number(day);
    knownBegin = day * DAY_NANOS;
    knownEnd = knownBegin + DAY_NANOS;
  }
  return knownDay;
}
