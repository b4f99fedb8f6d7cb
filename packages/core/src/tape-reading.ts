/** What ingest derives from a token tape: its fingerprint, and the quantiles of its gaps, from one decoding. */
import { encodeFingerprint } from "./fingerprint.ts";
import { selectRank, smallestOf } from "./order-statistics.ts";
import { findPausesIn, MEDIAN_NEEDS_GAPS, tapeGaps } from "./stream-pauses.ts";
import { decodeTapeColumns, MAX_SCRATCH_ENTRIES, type DecodedColumns, type TapeScratch } from "./token-tape.ts";

/** Gaps between counted chunks; absent when the tape does not hold each of them. */
export interface GapQuantiles {
  readonly p50Seconds?: number;
  readonly p95Seconds?: number;
}

const NO_QUANTILES: GapQuantiles = {};
/** Tapes that may wait for their quantiles to be asked for, in characters; past it they are decoded again. */
const MAX_REMEMBERED_CHARACTERS = 1 << 21;
const remembered = new Map<string, GapQuantiles>();
let rememberedCharacters = 0;
/** What is decoded here is read at once and never handed on. */
const scratch: TapeScratch = {};
const scratchGaps = new Float64Array(MAX_SCRATCH_ENTRIES);

/**
 * Fingerprint of a tape; undefined when the tape is damaged or of a later version. The quantiles of its gaps are
 * remembered for the one {@link gapQuantilesOf} that follows when the span is stored.
 */
export function fingerprintOfTape(text: string, durationMicros: number): string | undefined {
  const tape = decoded(text);
  if (tape === undefined) {
    remember(text, NO_QUANTILES);
    return undefined;
  }
  const order = orderOf(tape);
  remember(text, quantilesOf(tape, order));
  const median = tape.length > MEDIAN_NEEDS_GAPS ? (order.middle[0] + order.middle[1]) / 2 : undefined;
  return encodeFingerprint({ tape, pauses: findPausesIn(tape, median).pauses, durationMicros });
}

/** Median and 95th percentile of the gaps of a tape; neither when it cannot be read, or was merged. */
export function gapQuantilesOf(text: string): GapQuantiles {
  const known = remembered.get(text);
  if (known !== undefined) {
    remembered.delete(text);
    rememberedCharacters -= text.length;
    return known;
  }
  const tape = decoded(text);
  return tape === undefined ? NO_QUANTILES : quantilesOf(tape, orderOf(tape));
}

function remember(text: string, quantiles: GapQuantiles): void {
  if (rememberedCharacters + text.length > MAX_REMEMBERED_CHARACTERS) {
    remembered.clear();
    rememberedCharacters = 0;
  }
  if (!remembered.has(text)) rememberedCharacters += text.length;
  remembered.set(text, quantiles);
}

/** A damaged tape, or one of a later version, is kept as it came; nothing is derived from it. */
function decoded(text: string): DecodedColumns | undefined {
  try {
    return decodeTapeColumns(text, scratch);
  } catch {
    return undefined;
  }
}

/** A value of the ascending gaps and the one that follows, or the same one at the end. */
type Neighbours = readonly [lower: number, upper: number];

/** What the quantiles lie between, and the median: microseconds. */
interface GapOrder {
  readonly count: number;
  readonly middle: Neighbours;
  readonly high: Neighbours;
}

const MEDIAN = 0.5;
const HIGH = 0.95;

function orderOf(tape: DecodedColumns): GapOrder {
  const gaps = tapeGaps(tape, tape.length > MAX_SCRATCH_ENTRIES ? undefined : scratchGaps);
  const count = gaps.length;
  const [highRank, middleRank] = [rankBelow(count, HIGH), rankBelow(count, MEDIAN)];
  const high = selectRank(gaps, highRank, count);
  const aboveHigh = highRank + 1 < count ? smallestOf(gaps, highRank + 1, count) : high;
  // Everything up to the high rank is smaller than what follows it.
  const middle = selectRank(gaps, middleRank, highRank + 1);
  const isOdd = count % 2 === 1;
  const aboveMiddle = isOdd || count === 0 ? middle : smallestOf(gaps, middleRank + 1, count);
  return { count, middle: [middle, aboveMiddle], high: [high, aboveHigh] };
}

function rankBelow(count: number, q: number): number {
  return Math.floor(Math.max(0, count - 1) * q);
}

function quantilesOf(tape: DecodedColumns, { count, middle, high }: GapOrder): GapQuantiles {
  if (tape.merged || count === 0) return NO_QUANTILES;
  return { p50Seconds: quantileSeconds(middle, count, MEDIAN), p95Seconds: quantileSeconds(high, count, HIGH) };
}

/** Linear between the two gaps around the quantile, each turned into seconds first. */
function quantileSeconds([lowerMicros, upperMicros]: Neighbours, count: number, q: number): number {
  const position = (count - 1) * q;
  const [lower, upper] = [lowerMicros / 1e6, upperMicros / 1e6];
  return lower + (upper - lower) * (position - Math.floor(position));
}
