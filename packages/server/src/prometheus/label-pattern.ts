import { MonitorError } from "@nexent/monitor-core";
import { labelTest, type LabelMatcher } from "@nexent/monitor-store";
import { QueryFault } from "./query-fault.ts";

/** Whether a value of the matcher's label fits; an absent label has the value "". */
export type ValueTest = (value: string) => boolean;

/** The store's test of one matcher. @throws {QueryFault} for a pattern that it refuses. */
export function valueTestOf(matcher: LabelMatcher): ValueTest {
  try {
    return labelTest(matcher);
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
    throw new QueryFault("bad_data", error.message);
  }
}
