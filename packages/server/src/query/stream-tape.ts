import { decodeTokenTape, findPauses, type LlmFields, type PauseReport, type TapeEntry } from "@nexent/monitor-core";

/** The decoded tape of a call with the pauses found in it. */
export interface StreamTape {
  readonly entries: readonly TapeEntry[];
  /** Neighbours were joined: gaps and pauses are a lower bound. */
  readonly merged: boolean;
  readonly report: PauseReport;
}

/** Reads the tape of a call; `undefined` without one, or when it cannot be read. */
export function readTape(llm: LlmFields): StreamTape | undefined {
  if (llm.tokenTape === undefined) return undefined;
  try {
    const { entries, merged } = decodeTokenTape(llm.tokenTape);
    return entries.length === 0 ? undefined : { entries, merged, report: findPauses(entries) };
  } catch {
    // A tape of a later version or a damaged one: the numbers of the call are still there, the stream is not.
    return undefined;
  }
}

/** Gaps between consecutive entries, microseconds. */
export function gapsOf(entries: readonly TapeEntry[]): Float64Array {
  return Float64Array.from(entries.slice(1), (entry, index) => entry.atMicros - (entries[index]?.atMicros ?? 0));
}

/** Quantile with linear interpolation of a sorted list; `undefined` when it is empty. */
export function quantileOfSorted(sorted: Float64Array, q: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const rank = (sorted.length - 1) * q;
  const low = sorted[Math.floor(rank)] ?? 0;
  const high = sorted[Math.ceil(rank)] ?? 0;
  return low + (high - low) * (rank - Math.floor(rank));
}

/** Time lost to pauses, and to tool waits, microseconds. */
export function lostMicros(report: PauseReport, kind: "pause" | "toolWait"): number {
  return report.pauses.reduce((sum, pause) => (pause.kind === kind ? sum + Math.round(pause.lostMicros) : sum), 0);
}
