import type { DuckDBConnection } from "@duckdb/node-api";
import type { PurgeSelector } from "../contract.ts";
import type { Condition } from "./call-conditions.ts";
import { fileAlias, type IndexFile } from "./index-files.ts";
import { bigintOf, bind, readRows, type Parameter } from "./statement.ts";

/** Spans that a selector names, in numbers. */
export interface SelectedRows {
  readonly spans: number;
  readonly traces: number;
  /** Files that hold some of them. */
  readonly files: readonly IndexFile[];
}

/** The rows of a selector among the first `rows` of a file: files grow at their end only. */
export function purgeCondition({ range, service, model, traceId }: PurgeSelector, rows?: number): Condition {
  const parts: string[] = [];
  const parameters: Record<string, Parameter> = {};
  if (range !== undefined) {
    parts.push("start_ns >= $from", "start_ns < $to");
    parameters["from"] = bind.nanos(range.fromUnixNanos);
    parameters["to"] = bind.nanos(range.toUnixNanos);
  }
  if (service !== undefined) {
    parts.push("service = $service");
    parameters["service"] = bind.text(service);
  }
  if (model !== undefined) {
    parts.push("model = $model");
    parameters["model"] = bind.text(model);
  }
  if (traceId !== undefined) {
    parts.push("trace_id = $trace");
    parameters["trace"] = bind.traceId(traceId);
  }
  if (rows !== undefined) {
    parts.push("rowid < $rows");
    parameters["rows"] = bind.integer(rows);
  }
  return { sql: parts.length === 0 ? "TRUE" : "(" + parts.join(" AND ") + ")", parameters };
}

/** Counts what a selector names in some files. */
export async function countSelected(
  connection: DuckDBConnection,
  files: readonly IndexFile[],
  selector: PurgeSelector,
): Promise<SelectedRows> {
  if (files.length === 0) return { spans: 0, traces: 0, files: [] };
  const { sql, parameters } = purgeCondition(selector);
  const source = files
    .map((file) => "SELECT trace_id, " + String(file) + " AS file FROM " + fileAlias(file) + ".main.spans WHERE " + sql)
    .join(" UNION ALL ");
  const [row] = await readRows(
    connection,
    "SELECT count(*), count(DISTINCT trace_id) FROM (" + source + ")",
    parameters,
  );
  const found = await readRows(connection, "SELECT DISTINCT file FROM (" + source + ")", parameters);
  return {
    spans: Number(bigintOf(row?.[0])),
    traces: Number(bigintOf(row?.[1])),
    files: found.map(([file]) => Number(bigintOf(file))),
  };
}

/** Whether any row of a file meets a condition. */
export async function hasRows(connection: DuckDBConnection, file: IndexFile, condition: Condition): Promise<boolean> {
  const sql = "SELECT 1 FROM " + fileAlias(file) + ".main.spans WHERE " + condition.sql + " LIMIT 1";
  return (await readRows(connection, sql, condition.parameters)).length > 0;
}
