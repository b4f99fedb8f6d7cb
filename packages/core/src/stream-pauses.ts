/** Pauses of one stream, for the timeline (a finer rule than the stall of metrics and alerts). */
import type { Gaps } from "./gap-statistics.ts";
import type { TapeEntry } from "./model/token-timings.ts";
import type { TapeColumns } from "./token-tape-encode.ts";
import { KINDS } from "./token-tape-format.ts";
import { tapeColumnsOf } from "./token-tape.ts";

/** A gap counts when it is at least `minMicros` and, with 8 or more gaps, at least `factor` times the median gap. */
export interface PauseRule {
  readonly minMicros: number;
  readonly factor: number;
}

/** 250 ms and 8 times the median. */
export const DEFAULT_PAUSE_RULE: PauseRule = { minMicros: 250_000, factor: 8 };

/** The median rule needs this many gaps. */
const MEDIAN_NEEDS_GAPS = 8;
const MAX_UINT32 = 2 ** 32 - 1;
const TOOL = KINDS.indexOf("tool");

/** A found gap. `toolWait`: from a tool chunk to one of another kind; not a pause of the model. */
export interface Pause {
  readonly kind: "pause" | "toolWait";
  /** Index of the entry after the gap. */
  readonly index: number;
  readonly fromMicros: number;
  readonly toMicros: number;
  /** Gap minus the median gap (the whole gap without a median). */
  readonly lostMicros: number;
}

export interface PauseReport {
  readonly pauses: readonly Pause[];
  /** Median of all gaps; absent with fewer than 8. */
  readonly medianMicros?: number;
  /** The bound that was applied. */
  readonly thresholdMicros: number;
}

/** Median of sorted gaps. */
function medianOf(sorted: Gaps): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Gaps between the entries of a tape, microseconds. */
export function tapeGaps({ length, atMicros }: TapeColumns): Gaps {
  const count = Math.max(0, length - 1);
  const span = (atMicros[count] ?? 0) - (atMicros[0] ?? 0);
  // Times of a tape never fall, so no gap is longer than the whole; those of other callers may be no whole numbers.
  const gaps =
    span <= MAX_UINT32 && isWholeAndRising(length, atMicros) ? new Uint32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i += 1) gaps[i] = (atMicros[i + 1] ?? 0) - (atMicros[i] ?? 0);
  return gaps;
}

function isWholeAndRising(length: number, atMicros: Float64Array): boolean {
  for (let i = 0, before = atMicros[0] ?? 0; i < length; i += 1) {
    const at = atMicros[i] ?? 0;
    if (at < before || !Number.isInteger(at)) return false;
    before = at;
  }
  return true;
}

/** Finds pauses and tool waits between the entries of a decoded tape. Never before the first token. */
export function findPauses(entries: readonly TapeEntry[], rule: PauseRule = DEFAULT_PAUSE_RULE): PauseReport {
  const tape = tapeColumnsOf(entries);
  return findPausesIn(tape, tapeGaps(tape).sort(), rule);
}

/** {@link findPauses} of a tape in columns. @param sortedGaps its {@link tapeGaps}, ascending. */
export function findPausesIn(tape: TapeColumns, sortedGaps: Gaps, rule: PauseRule = DEFAULT_PAUSE_RULE): PauseReport {
  const { atMicros, kinds } = tape;
  const medianMicros = sortedGaps.length >= MEDIAN_NEEDS_GAPS ? medianOf(sortedGaps) : undefined;
  const thresholdMicros = Math.max(rule.minMicros, rule.factor * (medianMicros ?? 0));
  const pauses: Pause[] = [];
  for (let index = 1; index < tape.length; index += 1) {
    const fromMicros = atMicros[index - 1] ?? 0;
    const toMicros = atMicros[index] ?? 0;
    const gap = toMicros - fromMicros;
    const isToolWait = kinds[index - 1] === TOOL && kinds[index] !== TOOL && gap >= rule.minMicros;
    if (!isToolWait && gap < thresholdMicros) continue;
    const lostMicros = Math.max(0, gap - (medianMicros ?? 0));
    pauses.push({ kind: isToolWait ? "toolWait" : "pause", index, fromMicros, toMicros, lostMicros });
  }
  return { pauses, thresholdMicros, ...(medianMicros === undefined ? {} : { medianMicros }) };
}
