import type { DuckDBConnection } from "@duckdb/node-api";
import type { CallFilter, RankedValues, ValueRank, ValueRanks } from "../contract.ts";
import { rankedColumns } from "../query-rules.ts";
import { filterCondition, NUMBER_SQL, rangeCondition, unionOfFiles } from "./call-conditions.ts";
import { bigintOf, bind, readRows, type Parameter } from "./statement.ts";

/** Where values stand among those of the calls of the given files, in one scan. */
export async function queryRanks(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: CallFilter,
  values: RankedValues,
): Promise<ValueRanks> {
  const wanted = rankedColumns(values);
  const ranks: Partial<Record<(typeof wanted)[number][0], ValueRank>> = {};
  if (wanted.length === 0) return ranks;
  const range = rangeCondition(filter.range);
  const matching = filterCondition(filter);
  const parameters: Record<string, Parameter> = { ...range.parameters, ...matching.parameters };
  const counts = wanted.map(([, value], at) => {
    parameters["value" + String(at)] = bind.number(value);
    return "count(v" + String(at) + "), count(*) FILTER (v" + String(at) + " <= $value" + String(at) + ")";
  });
  const columns = wanted.map(([column], at) => NUMBER_SQL[column] + " AS v" + String(at)).join(", ");
  const source =
    files.length === 0 ? undefined : unionOfFiles(files, () => columns, range.sql + " AND " + matching.sql);
  const rows =
    source === undefined
      ? []
      : await readRows(connection, "SELECT " + counts.join(", ") + " FROM (" + source + ")", parameters);
  for (const [at, [column]] of wanted.entries()) {
    const [count, notAbove] = [0, 1].map((offset) => Number(bigintOf(rows[0]?.[at * 2 + offset])));
    ranks[column] = { count: count ?? 0, notAbove: notAbove ?? 0 };
  }
  return ranks;
}
