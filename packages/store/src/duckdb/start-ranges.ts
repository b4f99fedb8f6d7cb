import type { Condition } from "./call-conditions.ts";
import { bind, type Parameter } from "./statement.ts";

/** A span of starts, both ends inclusive, Unix nanoseconds. */
export interface StartRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** More are not told apart: the engine compares every row with every range. */
const MAX_RANGES = 32;

/**
 * Rows whose start lies in one of the ranges. The engine compares starts before it unpacks any other column, and skips
 * blocks without a hit; a join on ids alone unpacks every row of the file. @param suffix of the names of parameters.
 */
export function startsCondition(ranges: readonly StartRange[], suffix = ""): Condition {
  const joined = joinRanges(ranges);
  const whole = { first: joined[0]?.first ?? 0n, last: joined.at(-1)?.last ?? 0n };
  const [from, to] = ["first" + suffix, "last" + suffix];
  const parameters: Record<string, Parameter> = { [from]: bind.nanos(whole.first), [to]: bind.nanos(whole.last) };
  const sql = "start_ns BETWEEN $" + from + " AND $" + to;
  if (joined.length < 2 || joined.length > MAX_RANGES) return { sql, parameters };
  const parts = joined.map(({ first, last }, at) => {
    const [low, high] = [from + "_" + String(at), to + "_" + String(at)];
    parameters[low] = bind.nanos(first);
    parameters[high] = bind.nanos(last);
    return "(start_ns >= $" + low + " AND start_ns <= $" + high + ")";
  });
  return { sql: sql + " AND (" + parts.join(" OR ") + ")", parameters };
}

/** In order, those that overlap as one. */
function joinRanges(ranges: readonly StartRange[]): readonly StartRange[] {
  const joined: StartRange[] = [];
  for (const range of ranges.toSorted((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)))) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last) joined.push(range);
    else if (range.last > before.last) joined[joined.length - 1] = { first: before.first, last: range.last };
  }
  return joined;
}
