/** Pauses of one stream, for the timeline (a finer rule than the stall of metrics and alerts). */
import type { TapeEntry } from "./model/token-timings.ts";
import { selectRank, smallestOf } from "./order-statistics.ts";
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
export const MEDIAN_NEEDS_GAPS = 8;
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

/** Median of some gaps; undefined when there are fewer than the rule needs. @param gaps left in another order. */
function medianOf(gaps: Float64Array): number | undefined {
  const count = gaps.length;
  if (count < MEDIAN_NEEDS_GAPS) return undefined;
  const below = (count - 1) >> 1;
  const lower = selectRank(gaps, below, count);
  return count % 2 === 1 ? lower : (lower + smallestOf(gaps, below + 1, count)) / 2;
}

/** Gaps between the entries of a tape, microseconds. @param memory for them, of at least one place less than entries. */
export function tapeGaps({ length, atMicros }: TapeColumns, memory?: Float64Array): Float64Array {
  const count = Math.max(0, length - 1);
  const gaps = memory === undefined ? new Float64Array(count) : memory.subarray(0, count);
  for (let i = 0; i < count; i += 1) gaps[i] = (atMicros[i + 1] ?? 0) - (atMicros[i] ?? 0);
  return gaps;
}

/** Finds pauses and tool waits between the entries of a decoded tape. Never before the first token. */
export function findPauses(entries: readonly TapeEntry[], rule: PauseRule = DEFAULT_PAUSE_RULE): PauseReport {
  const tape = tapeColumnsOf(entries);
  return findPausesIn(tape, medianOf(tapeGaps(tape)), rule);
}

/** {@link findPauses} of a tape in columns. @param medianMicros of its gaps; undefined with fewer than 8. */
export function findPausesIn(
  tape: TapeColumns,
  medianMicros: number | undefined,
  rule: PauseRule = DEFAULT_PAUSE_RULE,
): PauseReport {
  const { length, atMicros, kinds } = tape;
  const thresholdMicros = Math.max(rule.minMicros, rule.factor * (medianMicros ?? 0));
  const pauses: Pause[] = [];
  for (let index = 1, fromMicros = atMicros[0] ?? 0; index < length; index += 1) {
    const toMicros = atMicros[index] ?? 0;
    const gap = toMicros - fromMicros;
    if (gap >= rule.minMicros) {
      const isToolWait = kinds[index - 1] === TOOL && kinds[index] !== TOOL;
      const lostMicros = Math.max(0, gap - (medianMicros ?? 0));
      if (isToolWait || gap >= thresholdMicros)
        pauses.push({ kind: isToolWait ? "toolWait" : "pause", index, fromMicros, toMicros, lostMicros });
    }
    fromMicros = toMicros;
  }
  return { pauses, thresholdMicros, ...(medianMicros === undefined ? {} : { medianMicros }) };
}
