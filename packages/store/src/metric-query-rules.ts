import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { RE2JS } from "re2js";
import type { TimeRange } from "./contract.ts";
import type { LabelMatcher, SeriesFilter } from "./metric-contract.ts";
import { checkRange, invalidQuery } from "./query-rules.ts";

/** Most families and conditions one filter may name. */
const MAX_FAMILIES = 1_000;
const MAX_MATCHERS = 100;

/** @throws {QUERY_INVALID} */
export function checkSeriesFilter({ families = [], matchers = [] }: SeriesFilter): void {
  if (families.length > MAX_FAMILIES) throw invalidQuery(`a filter names more than ${MAX_FAMILIES} families`);
  if (matchers.length > MAX_MATCHERS) throw invalidQuery(`a filter has more than ${MAX_MATCHERS} conditions`);
  const texts = [...families, ...matchers.flatMap(({ name, value }) => [name, value])];
  if (texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > LIMITS.queryTextBytes)
    throw invalidQuery("the text of the filter is too long");
  for (const matcher of matchers) if (isPattern(matcher)) compilePattern(matcher.value);
}

/** @throws {QUERY_INVALID} */
export function checkMetricQuestion(filter: SeriesFilter, range: TimeRange): void {
  checkRange(range);
  checkSeriesFilter(filter);
}

/** @throws {QUERY_INVALID} when a query finds too much. */
export function checkFound(what: "series" | "samples", count: number, limit: number): void {
  if (count > limit) throw invalidQuery(`the query finds more than ${limit} ${what}; narrow the range or the filter`);
}

export function isPattern({ op }: LabelMatcher): boolean {
  return op === "=~" || op === "!~";
}

/**
 * The test of one matcher; who has no such label asks it with "". Patterns are RE2 and anchored, so that none runs long.
 * @throws {QUERY_INVALID} for a pattern that RE2 refuses.
 */
export function labelTest({ op, value }: LabelMatcher): (text: string) => boolean {
  if (op === "=") return (text) => text === value;
  if (op === "!=") return (text) => text !== value;
  const pattern = compilePattern(value);
  return (text) => pattern.matches(text) === (op === "=~");
}

/** An RE2 pattern; `.` matches a line break too, as in Prometheus. @throws {QUERY_INVALID} */
function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (cause) {
    throw new MonitorError("QUERY_INVALID", `not a valid regular expression: ${pattern.slice(0, 200)}`, { cause });
  }
}

/** The limit of samples that a store was given. */
export function samplesPerQueryOf(wanted: number | undefined): number {
  return Math.min(wanted ?? LIMITS.samplesPerQuery, LIMITS.samplesPerQuery);
}
