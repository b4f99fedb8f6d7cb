import type { NumberColumn, RankedValues, StoredSpan, ValueRank, ValueRanks } from "../contract.ts";
import { numberOf } from "../number-columns.ts";
import { rankedColumns } from "../query-rules.ts";

/** Where values stand among those of some calls. */
export function rankValues(calls: readonly StoredSpan[], values: RankedValues): ValueRanks {
  const ranks: Partial<Record<NumberColumn, ValueRank>> = {};
  for (const [column, wanted] of rankedColumns(values)) {
    const known = calls.map((call) => numberOf(call, column)).filter((value) => value !== undefined);
    ranks[column] = { count: known.length, notAbove: known.filter((value) => value <= wanted).length };
  }
  return ranks;
}
