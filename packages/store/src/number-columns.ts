import type { NumberColumn, StoredSpan } from "./contract.ts";

/** Nanoseconds as seconds, the nearest double. */
export function nanosToSeconds(nanos: bigint): number {
  return Number(nanos) / 1e9;
}

/** The value of a numeric column of a stored span; `undefined` when it is unknown. */
export function numberOf(stored: StoredSpan, column: NumberColumn): number | undefined {
  if (column !== "durationSeconds") return stored.llm?.[column];
  const nanos = stored.span.durationNanos;
  return nanos === undefined ? undefined : nanosToSeconds(nanos);
}

/**
 * How a column is added up so that the sum does not depend on the order of its terms: as an integer, in units of
 * `1 / scale`. Counts are whole numbers; everything else is summed in billionths (of a second, of a token per second).
 */
export const SUM_SCALE: Readonly<Record<NumberColumn, 1 | 1_000_000_000>> = {
  durationSeconds: 1_000_000_000,
  ttftSeconds: 1_000_000_000,
  firstAnswerTokenSeconds: 1_000_000_000,
  generationRateTokensPerSecond: 1_000_000_000,
  endToEndRateTokensPerSecond: 1_000_000_000,
  timePerOutputTokenSeconds: 1_000_000_000,
  gapP95Seconds: 1_000_000_000,
  stallCount: 1,
  stallTotalSeconds: 1_000_000_000,
  inputTokens: 1,
  outputTokens: 1,
};
