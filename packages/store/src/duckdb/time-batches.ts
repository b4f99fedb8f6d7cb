import type { TimeRange } from "../contract.ts";
import { dayOfFile, touchesFile, type IndexFile } from "./index-files.ts";

const DAY_NANOS = 86_400_000_000_000n;
/** The narrowest first look. */
const MIN_WIDTH_NANOS = 1_000_000_000n;
const GROWTH = 4n;

/** A part of a range, with the files it touches. */
export interface TimeBatch {
  readonly files: readonly IndexFile[];
  readonly range: TimeRange;
}

/**
 * A range in parts, from its newest end on or from its oldest, for questions that may stop at a part: each is four times
 * as wide as the one before. The growth bounds the statements of a question that has to look everywhere.
 * @param firstWidth of the first part, nanoseconds.
 */
export function* batchesOfTime(
  files: readonly IndexFile[],
  range: TimeRange,
  newestFirst: boolean,
  firstWidth: bigint,
): Generator<TimeBatch> {
  let { fromUnixNanos: from, toUnixNanos: to } = clipToDays(range, files);
  for (let width = firstWidth; from < to; width *= GROWTH) {
    const part =
      to - from <= width ? { from, to } : newestFirst ? { from: to - width, to } : { from, to: from + width };
    const own = { fromUnixNanos: part.from, toUnixNanos: part.to };
    const touched = files.filter((file) => touchesFile(own, file));
    if (touched.length > 0) yield { files: touched, range: own };
    if (newestFirst) to = part.from;
    else from = part.to;
  }
}

/** As wide as that share of a range, as far as there are files; at least a second. @param share everything from 1 on. */
export function widthOfShare(files: readonly IndexFile[], range: TimeRange, share: number): bigint {
  const { fromUnixNanos, toUnixNanos } = clipToDays(range, files);
  const whole = toUnixNanos - fromUnixNanos;
  const width = share < 1 ? BigInt(Math.ceil(Number(whole) * share)) : whole;
  return width > MIN_WIDTH_NANOS ? width : MIN_WIDTH_NANOS;
}

function clipToDays({ fromUnixNanos, toUnixNanos }: TimeRange, files: readonly IndexFile[]): TimeRange {
  const days = files.map(dayOfFile);
  if (days.length === 0) return { fromUnixNanos: 0n, toUnixNanos: 0n };
  const [first, end] = [BigInt(Math.min(...days)) * DAY_NANOS, BigInt(Math.max(...days) + 1) * DAY_NANOS];
  return {
    fromUnixNanos: fromUnixNanos > first ? fromUnixNanos : first,
    toUnixNanos: toUnixNanos < end ? toUnixNanos : end,
  };
}
