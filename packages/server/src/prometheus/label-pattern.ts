import type { LabelMatcher } from "@nexent/monitor-store";
import { RE2JS } from "re2js";
import { QueryFault } from "./query-fault.ts";

/** Whether a value of the matcher's label fits; an absent label has the value "". */
export type ValueTest = (value: string) => boolean;

/**
 * The test of one matcher. Patterns are RE2 and anchored, so that no pattern can run long.
 * @throws {QueryFault} for a pattern that RE2 refuses.
 */
export function valueTestOf({ op, value }: LabelMatcher): ValueTest {
  if (op === "=") return (candidate) => candidate === value;
  if (op === "!=") return (candidate) => candidate !== value;
  const pattern = compile(value);
  return op === "=~" ? (candidate) => pattern.testExact(candidate) : (candidate) => !pattern.testExact(candidate);
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    const problem = error instanceof Error ? error.message : "it cannot be compiled";
    throw new QueryFault("bad_data", `invalid regular expression: ${problem.slice(0, 200)}`);
  }
}
