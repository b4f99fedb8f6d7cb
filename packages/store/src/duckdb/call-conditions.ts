import type { CallFilter, NumberColumn, TimeRange } from "../contract.ts";
import { foldCase } from "../query-rules.ts";
import { fileAlias } from "./index-files.ts";
import { bind, type Parameter } from "./statement.ts";

/** The expression of each numeric column; duration is kept in nanoseconds. */
export const NUMBER_SQL: Readonly<Record<NumberColumn, string>> = {
  durationSeconds: "(duration_ns::DOUBLE / 1e9)",
  ttftSeconds: "ttft_s",
  firstAnswerTokenSeconds: "first_answer_s",
  generationRateTokensPerSecond: "gen_rate",
  endToEndRateTokensPerSecond: "e2e_rate",
  timePerOutputTokenSeconds: "tpot_s",
  gapP95Seconds: "gap_p95_s",
  stallCount: "stall_count",
  stallTotalSeconds: "stall_total_s",
  inputTokens: "in_tok",
  outputTokens: "out_tok",
};

/** SQL with the values for its parameters. */
export interface Condition {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
}

/** Finished LLM calls that start in the range. */
export function rangeCondition(range: TimeRange): Condition {
  return {
    sql: "is_llm AND start_ns >= $from AND start_ns < $to",
    parameters: { from: bind.nanos(range.fromUnixNanos), to: bind.nanos(range.toUnixNanos) },
  };
}

/** The condition of a filter without conditions. */
export const EVERYTHING = "TRUE";

/** Every condition of a filter but its range; {@link EVERYTHING} when there is none. */
export function filterCondition(filter: CallFilter): Condition {
  const parts: string[] = [];
  const parameters: Record<string, Parameter> = {};
  const lists = [
    ["model", "models", filter.models],
    ["operation", "operations", filter.operations],
    ["provider", "providers", filter.providers],
    ["service", "services", filter.services],
    ["outcome", "outcomes", filter.outcomes],
  ] as const;
  for (const [column, name, values] of lists) {
    if (values === undefined || values.length === 0) continue;
    const [only] = values;
    // A comparison is made before other columns are unpacked; a search in a list is not.
    const isOne = values.length === 1 && only !== undefined;
    parts.push(isOne ? column + " = $" + name : "list_contains($" + name + ", " + column + ")");
    parameters[name] = isOne ? bind.text(only) : bind.texts(values);
  }
  if (filter.text !== undefined && filter.text !== "") {
    parts.push(textCondition(filter.text));
    parameters["text"] = bind.text(foldCase(filter.text));
  }
  for (const [at, { column, min, max }] of (filter.number ?? []).entries()) {
    const [low, high] = ["min" + String(at), "max" + String(at)];
    // Infinity is a bound that every present value keeps.
    parts.push("(" + NUMBER_SQL[column] + " >= $" + low + " AND " + NUMBER_SQL[column] + " <= $" + high + ")");
    parameters[low] = bind.number(min ?? -Infinity);
    parameters[high] = bind.number(max ?? Infinity);
  }
  return { sql: parts.length === 0 ? EVERYTHING : parts.join(" AND "), parameters };
}

function textCondition(text: string): string {
  const places = ["model", "operation", "error_type"].map((column) => "contains(lower(" + column + "), $text)");
  // Ids are compared as text only when the wanted text can be part of one.
  if (/^[0-9a-f]{1,32}$/i.test(text)) {
    places.push(
      "contains(replace(trace_id::VARCHAR, '-', ''), $text)",
      "contains(lpad(lower(to_hex(span_id)), 16, '0'), $text)",
    );
  }
  return "(" + places.map((place) => "coalesce(" + place + ", FALSE)").join(" OR ") + ")";
}

/** The rows of several files as one table: only the files that matter are named. */
export function unionOfFiles(files: readonly number[], columns: (file: number) => string, condition: string): string {
  return files
    .map((file) => "SELECT " + columns(file) + " FROM " + fileAlias(file) + ".main.spans WHERE " + condition)
    .join(" UNION ALL ");
}
