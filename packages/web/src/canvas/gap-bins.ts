import type { StreamModel } from "./stream-model.ts";

/** Bins from 0.1 ms to 10 s, four a decade, one open bin at each end. */
export const BIN_COUNT = 22;
const LOWEST_US = 100;
const PER_DECADE = 4;

/** Gaps of one bin, split by what they are. */
export interface GapBin {
  readonly count: number;
  readonly us: number;
  readonly stallCount: number;
  readonly stallUs: number;
  readonly toolCount: number;
  readonly toolUs: number;
}

/** All gaps between counted chunks of one stream. */
export interface GapSpectrum {
  readonly bins: readonly GapBin[];
  readonly gaps: number;
  /** Stalls, and their share of the time between first and last chunk. */
  readonly stalls: number;
  readonly stallUs: number;
  readonly totalUs: number;
}

/** Number of the bin of a gap. */
export function binOf(us: number): number {
  if (us < LOWEST_US) return 0;
  const bin = 1 + Math.floor(Math.log10(us / LOWEST_US) * PER_DECADE + 1e-9);
  return Math.min(BIN_COUNT - 1, bin);
}

/** Position of a gap on the axis, in bins from the left edge; fractional. */
export function binPosition(us: number): number {
  return Math.min(BIN_COUNT, Math.max(0, 1 + Math.log10(us / LOWEST_US) * PER_DECADE));
}

/** Sorts every gap into its bin. A pause of the list is a stall or a tool wait; every other gap is neither. */
export function gapSpectrum(model: StreamModel): GapSpectrum {
  const bins = Array.from({ length: BIN_COUNT }, () => ({
    count: 0,
    us: 0,
    stallCount: 0,
    stallUs: 0,
    toolCount: 0,
    toolUs: 0,
  }));
  const pauseKind = new Map(model.pauses.map((pause) => [pauseIndex(model, pause.toUs), pause.kind]));
  let stalls = 0;
  let stallUs = 0;
  for (let index = 1; index < model.count; index += 1) {
    const us = (model.atUs[index] ?? 0) - (model.atUs[index - 1] ?? 0);
    const bin = bins[binOf(us)];
    if (bin === undefined) continue;
    bin.count += 1;
    bin.us += us;
    const kind = pauseKind.get(index);
    if (kind === "stall") {
      bin.stallCount += 1;
      bin.stallUs += us;
      stalls += 1;
      stallUs += us;
    } else if (kind === "toolWait") {
      bin.toolCount += 1;
      bin.toolUs += us;
    }
  }
  const totalUs = Math.max(0, (model.atUs[model.count - 1] ?? 0) - (model.atUs[0] ?? 0));
  return { bins, gaps: Math.max(0, model.count - 1), stalls, stallUs, totalUs };
}

/** Index of the chunk that ended a pause: the nearest one to its end. */
function pauseIndex(model: StreamModel, toUs: number): number {
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  let low = 0;
  let high = model.count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = model.atUs[middle] ?? 0;
    if (Math.abs(at - toUs) < distance) {
      best = middle;
      distance = Math.abs(at - toUs);
    }
    if (at < toUs) low = middle + 1;
    else high = middle - 1;
  }
  return best;
}
