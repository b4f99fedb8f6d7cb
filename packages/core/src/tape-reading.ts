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
/** Characters of tapes that may wait for their quantiles to be asked for; past it they are decoded again. */
const MAX_REMEMBERED_CHARACTERS = 1 << 21;
/** Quantiles are asked for in the order of the fingerprints, mostly; so many tapes that were left out are passed over. */
const MAX_PASSED_OVER = 16;
const remembered: { readonly text: string; readonly quantiles: GapQuantiles }[] = [];
let rememberedCharacters = 0;
/** Those before were asked for. */
let asked = 0;
/** What is decoded here is read at once and never handed on. */
const scratch: TapeScratch = {};
const scratchGaps = new Float64Array(MAX_SCRATCH_ENTRIES);
const scratchSome = new Float64Array(MAX_SCRATCH_ENTRIES);

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
  const median = tape.length > MEDIAN_NEEDS_GAPS ? medianOf(order) : undefined;
  return encodeFingerprint({ tape, pauses: findPausesIn(tape, median).pauses, durationMicros });
}

/** Median and 95th percentile of the gaps of a tape; neither when it cannot be read, or was merged. */
export function gapQuantilesOf(text: string): GapQuantiles {
  for (let at = asked; at < Math.min(remembered.length, asked + MAX_PASSED_OVER); at += 1) {
    const known = remembered[at];
    if (known?.text !== text) continue;
    asked = at + 1;
    if (asked === remembered.length) forget();
    return known.quantiles;
  }
  const tape = decoded(text);
  return tape === undefined ? NO_QUANTILES : quantilesOf(tape, orderOf(tape));
}

function remember(text: string, quantiles: GapQuantiles): void {
  if (rememberedCharacters + text.length > MAX_REMEMBERED_CHARACTERS) forget();
  rememberedCharacters += text.length;
  remembered.push({ text, quantiles });
}

function forget(): void {
  remembered.length = 0;
  rememberedCharacters = 0;
  asked = 0;
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

function medianOf({ count, middle: [lower, upper] }: GapOrder): number {
  return count % 2 === 1 ? lower : (lower + upper) / 2;
}

const MEDIAN = 0.5;
const HIGH = 0.95;

function orderOf(tape: DecodedColumns): GapOrder {
  const gaps = tapeGaps(tape, tape.length > MAX_SCRATCH_ENTRIES ? undefined : scratchGaps);
  countBins(gaps);
  const order = { count: gaps.length, middle: neighboursAt(gaps, MEDIAN), high: neighboursAt(gaps, HIGH) };
  gapsInBin.fill(0);
  return order;
}

/** Gaps by their length, so that only the few of one bin have to be put in order; the last bin holds all long ones. */
const BIN_BITS = 10;
const LAST_BIN = 255;
const LAST_BIN_MICROS = LAST_BIN << BIN_BITS;
const gapsInBin = new Uint32Array(LAST_BIN + 1);

function countBins(gaps: Float64Array): void {
  for (let i = 0; i < gaps.length; i += 1) {
    const gap = gaps[i] ?? 0;
    const bin = gap < LAST_BIN_MICROS ? gap >> BIN_BITS : LAST_BIN;
    gapsInBin[bin] = (gapsInBin[bin] ?? 0) + 1;
  }
}

/** What a quantile lies between, once the gaps are counted. */
function neighboursAt(gaps: Float64Array, q: number): Neighbours {
  const rank = rankBelow(gaps.length, q);
  let [bin, before] = [0, 0];
  for (; bin < LAST_BIN && before + (gapsInBin[bin] ?? 0) <= rank; bin += 1) before += gapsInBin[bin] ?? 0;
  let [last, upTo] = [bin, before + (gapsInBin[bin] ?? 0)];
  // The one that follows in order may be the first of a later bin.
  for (; last < LAST_BIN && upTo <= rank + 1; upTo += gapsInBin[last] ?? 0) last += 1;
  const end = last === LAST_BIN ? Number.POSITIVE_INFINITY : (last + 1) << BIN_BITS;
  const some = upTo - before > MAX_SCRATCH_ENTRIES ? new Float64Array(upTo - before) : scratchSome;
  const count = copyBetween(gaps, some, bin << BIN_BITS, end);
  const lower = selectRank(some, rank - before, count);
  return [lower, rank + 1 < gaps.length ? smallestOf(some, rank - before + 1, count) : lower];
}

/** Copies the gaps from `from` to before `to`; answers how many there are. */
function copyBetween(gaps: Float64Array, target: Float64Array, from: number, to: number): number {
  let count = 0;
  for (let i = 0; i < gaps.length; i += 1) {
    const gap = gaps[i] ?? 0;
    if (gap >= from && gap < to) target[count++] = gap;
  }
  return count;
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
