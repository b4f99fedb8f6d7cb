import type { NumberColumn } from "../contract.ts";
import { NUMBER_SQL, type Condition } from "./call-conditions.ts";
import { bind, type Parameter } from "./statement.ts";

/** Columns that hold whole numbers. */
const COUNTS: readonly NumberColumn[] = ["stallCount", "inputTokens", "outputTokens"];
/** Share by which seconds may be off the nanoseconds that they were made of. */
const ROUNDING = 1e-12;

/**
 * At least a value. The column as it is kept is compared too, where it is kept in another form: the engine makes such a
 * comparison before it unpacks other columns. @param name of the parameters.
 */
export function atLeast(column: NumberColumn, value: number, name: string): Condition {
  return bounded(column, ">=", value, name, Math.floor(value * 1e9 * (1 - ROUNDING)) - 1);
}

/** At most a value; as {@link atLeast}. */
export function atMost(column: NumberColumn, value: number, name: string): Condition {
  return bounded(column, "<=", value, name, Math.ceil(value * 1e9 * (1 + ROUNDING)) + 1);
}

function bounded(
  column: NumberColumn,
  comparison: ">=" | "<=",
  value: number,
  name: string,
  aboutNanos: number,
): Condition {
  const compare = (sql: string, parameter: string): string => sql + " " + comparison + " $" + parameter;
  const parameters: Record<string, Parameter> = { [name]: bind.number(value) };
  if (COUNTS.includes(column) && Number.isSafeInteger(value))
    return { sql: compare(NUMBER_SQL[column], name), parameters: { [name]: bind.integer(value) } };
  const exact = compare(NUMBER_SQL[column], name);
  if (column !== "durationSeconds" || !Number.isFinite(aboutNanos)) return { sql: exact, parameters };
  const rough = name + "Nanos";
  parameters[rough] = bind.nanos(BigInt(aboutNanos));
  return { sql: "(" + compare("duration_ns", rough) + " AND " + exact + ")", parameters };
}
