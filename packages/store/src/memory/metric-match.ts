import type { LabelMatcher, SeriesFilter } from "../metric-contract.ts";
import { compilePattern } from "../metric-query-rules.ts";
import type { SeriesIdentity } from "../metric-series.ts";

/** Whether a series meets every condition of a filter. */
export function seriesMatcher({ families, matchers = [] }: SeriesFilter): (series: SeriesIdentity) => boolean {
  const names = families === undefined ? undefined : new Set(families);
  const tests = matchers.map((matcher) => ({ name: matcher.name, holds: valueTest(matcher) }));
  return ({ family, labels }) =>
    (names === undefined || names.has(family)) &&
    tests.every(({ name, holds }) => holds(Object.hasOwn(labels, name) ? (labels[name] ?? "") : ""));
}

function valueTest({ op, value }: LabelMatcher): (text: string) => boolean {
  if (op === "=") return (text) => text === value;
  if (op === "!=") return (text) => text !== value;
  const pattern = compilePattern(value);
  return (text) => pattern.matches(text) === (op === "=~");
}
