/** 56 bits, the width of the random part of a trace id. */
const RANDOM_BITS = 56n;
const RANDOM_HEX_DIGITS = 14;

/** A head-sampling decision maker that agrees with other languages (`ot=th:…` of the tracestate). */
export interface ProbabilityThreshold {
  /** Sampled iff the randomness is at least this. */
  readonly threshold: bigint;
  /** `th` value, trailing zeros removed; absent when nothing is sampled. */
  readonly encoded: string | undefined;
}

/**
 * Threshold of a sampling probability.
 * @param probability 0 to 1; 4 significant hex digits are kept after leading `f`s.
 */
export function thresholdOf(probability: number): ProbabilityThreshold {
  if (probability <= 0) return { threshold: 1n << RANDOM_BITS, encoded: undefined };
  if (probability >= 1) return { threshold: 0n, encoded: "0" };
  const digits = Math.min(4 + Math.floor(-Math.log2(probability) / 4), RANDOM_HEX_DIGITS - 1);
  const scaled = BigInt(Math.round((1 - probability) * 16 ** digits));
  if (scaled >= 16n ** BigInt(digits))
    return { threshold: (1n << RANDOM_BITS) - 1n, encoded: "f".repeat(RANDOM_HEX_DIGITS) };
  const hex = scaled.toString(16).padStart(digits, "0");
  const threshold = BigInt(`0x${hex.padEnd(RANDOM_HEX_DIGITS, "0")}`);
  return { threshold, encoded: hex.replace(/0+$/, "") || "0" };
}

/** Randomness of a trace: the explicit `rv` if it is well formed, else the last 7 bytes of the trace id. */
export function randomnessOf(traceId: string, otelState: string | undefined): bigint {
  const explicit = otelState
    ?.split(";")
    .find((part) => part.startsWith("rv:"))
    ?.slice(3);
  const hex = explicit !== undefined && /^[0-9a-f]{14}$/.test(explicit) ? explicit : traceId.slice(-RANDOM_HEX_DIGITS);
  return BigInt(`0x${hex}`);
}

/** The `ot` value of the tracestate with this threshold set; other fields stay. */
export function withThreshold(otelState: string | undefined, encoded: string): string {
  return [`th:${encoded}`, ...otherFields(otelState)].join(";");
}

/** The `ot` value of a trace that was kept by its tail, with a probability nobody knows; empty when nothing is left. */
export function withoutThreshold(otelState: string): string {
  return otherFields(otelState).join(";");
}

function otherFields(otelState: string | undefined): string[] {
  return (otelState ?? "").split(";").filter((part) => part !== "" && !part.startsWith("th:"));
}
