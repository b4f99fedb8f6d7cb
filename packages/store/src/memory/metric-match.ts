import type { SeriesFilter } from "../metric-contract.ts";
import { labelTest } from "../metric-query-rules.ts";
import type { SeriesIdentity } from "../metric-series.ts";

/** Whether a series meets every condition of a filter. */
export function seriesMatcher({ families, matchers = [] }: SeriesFilter): (series: SeriesIdentity) => boolean {
  const names = families === undefined ? undefined : new Set(families);
  const tests = matchers.map((matcher) => ({ name: matcher.name, holds: labelTest(matcher) }));
  return ({ family, labels }) =>
    (names === undefined || names.has(family)) &&
    tests.every(({ name, holds }) => holds(Object.hasOwn(labels, name) ? (labels[name] ?? "") : ""));
}
