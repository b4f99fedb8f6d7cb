/** What ingest derives from a token tape: its fingerprint, and the quantiles of its gaps, from one decoding. */
import { encodeFingerprint } from "./fingerprint.ts";
import type { Gaps } from "./gap-statistics.ts";
import { findPausesIn, tapeGaps } from "./stream-pauses.ts";
import { decodeTapeColumns, type DecodedColumns, type TapeScratch } from "./token-tape.ts";

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
  const sortedGaps = tapeGaps(tape).sort();
  remember(text, quantilesOf(tape, sortedGaps));
  return encodeFingerprint({ tape, pauses: findPausesIn(tape, sortedGaps).pauses, durationMicros });
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
  return tape === undefined ? NO_QUANTILES : quantilesOf(tape, tapeGaps(tape).sort());
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

function quantilesOf(tape: DecodedColumns, sortedMicros: Gaps): GapQuantiles {
  if (tape.merged || sortedMicros.length === 0) return NO_QUANTILES;
  return { p50Seconds: quantileSeconds(sortedMicros, 0.5), p95Seconds: quantileSeconds(sortedMicros, 0.95) };
}

/** Linear between the two gaps around the quantile, each turned into seconds first. */
function quantileSeconds(sortedMicros: Gaps, q: number): number {
  const position = (sortedMicros.length - 1) * q;
  const below = Math.floor(position);
  const lower = (sortedMicros[below] ?? 0) / 1e6;
  const upper = (sortedMicros[Math.min(below + 1, sortedMicros.length - 1)] ?? 0) / 1e6;
  return lower + (upper - lower) * (position - below);
}
