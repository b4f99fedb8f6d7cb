import { LIMITS } from "@nexent/monitor-core";
import { malformed } from "./malformed.ts";

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A 64-bit integer as an attribute value: `number` while exact, `bigint` beyond 2^53. */
export function integerValue(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** Whether an integer fits a signed 64-bit field. */
export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/**
 * Checks the level of a list or map value; a scalar in one list is level 1.
 * @throws {PAYLOAD_MALFORMED} beyond `LIMITS.valueNesting`.
 */
export function checkNesting(level: number): void {
  if (level > LIMITS.valueNesting) throw malformed(`attribute values nest more than ${LIMITS.valueNesting} levels`);
}
