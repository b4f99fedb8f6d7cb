/** Why a trace is kept although its head decision was not to (measurement contract 6); best first. */
const KEEP_REASONS = ["error", "stalled", "slow", "slow_rate"] as const;
export type KeepReason = (typeof KEEP_REASONS)[number];

/** What is known of an ended span. */
export interface SpanVerdict {
  readonly failed: boolean;
  readonly stalled?: boolean;
  /** Longer than the slow threshold. */
  readonly slow: boolean;
  /** A rate that is present, not estimated, and below its threshold. */
  readonly slowRate?: boolean;
}

/** The first reason that holds; undefined: this span alone keeps nothing. */
export function keepReasonOf({ failed, stalled, slow, slowRate }: SpanVerdict): KeepReason | undefined {
  if (failed) return "error";
  if (stalled === true) return "stalled";
  if (slow) return "slow";
  return slowRate === true ? "slow_rate" : undefined;
}

/** The better of two reasons: a trace has one. */
export function firstReason(one: KeepReason | undefined, other: KeepReason | undefined): KeepReason | undefined {
  return KEEP_REASONS.find((reason) => reason === one || reason === other);
}
