/** Pauses of one stream, for the timeline (a finer rule than the stall of metrics and alerts). */
import type { TapeEntry } from "./model/token-timings.ts";

/** A gap counts when it is at least `minMicros` and, with 8 or more gaps, at least `factor` times the median gap. */
export interface PauseRule {
  readonly minMicros: number;
  readonly factor: number;
}

/** 250 ms and 8 times the median. */
export const DEFAULT_PAUSE_RULE: PauseRule = { minMicros: 250_000, factor: 8 };

/** The median rule needs this many gaps. */
const MEDIAN_NEEDS_GAPS = 8;

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

function medianOf(gaps: Float64Array): number {
  const sorted = gaps.toSorted();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Finds pauses and tool waits between the entries of a decoded tape. Never before the first token. */
export function findPauses(entries: readonly TapeEntry[], rule: PauseRule = DEFAULT_PAUSE_RULE): PauseReport {
  const gaps = new Float64Array(Math.max(0, entries.length - 1));
  for (let i = 0; i < gaps.length; i += 1) gaps[i] = (entries[i + 1]?.atMicros ?? 0) - (entries[i]?.atMicros ?? 0);
  const medianMicros = gaps.length >= MEDIAN_NEEDS_GAPS ? medianOf(gaps) : undefined;
  const thresholdMicros = Math.max(rule.minMicros, rule.factor * (medianMicros ?? 0));
  const pauses: Pause[] = [];
  for (let i = 0; i < gaps.length; i += 1) {
    const gap = gaps[i] ?? 0;
    const before = entries[i];
    const after = entries[i + 1];
    if (before === undefined || after === undefined) continue;
    const isToolWait = before.kind === "tool" && after.kind !== "tool" && gap >= rule.minMicros;
    if (!isToolWait && gap < thresholdMicros) continue;
    pauses.push({
      kind: isToolWait ? "toolWait" : "pause",
      index: i + 1,
      fromMicros: before.atMicros,
      toMicros: after.atMicros,
      lostMicros: Math.max(0, gap - (medianMicros ?? 0)),
    });
  }
  return { pauses, thresholdMicros, ...(medianMicros === undefined ? {} : { medianMicros }) };
}
