import type { DuckDBConnection } from "@duckdb/node-api";
import { decodeAttributes, encodeAttributeValue, LLM_COLUMNS, SPAN_KINDS, STATUS_CODES } from "@nexent/monitor-core";
import { compareServiceLinks } from "../answer-order.ts";
import { hasAttributeText, storedForms } from "../attribute-match.ts";
import type { AttributeCondition, ServiceLink, SpanFilter, TimeRange, TraceMatch } from "../contract.ts";
import { EVERYTHING, unionOfFiles, type Condition } from "./call-conditions.ts";
import { fileAlias } from "./index-files.ts";
import { countIn, type ManyCalls } from "./many-calls.ts";
import { bigintOf, bind, numberOrNothing, readRows, textOrNothing, traceIdOf, type Parameter } from "./statement.ts";
import { batchesOfTime, widthOfShare } from "./time-batches.ts";

/** About so many rows are looked at first: attributes are dear to unpack. */
const FIRST_ROWS = 4_096;
const IN_RANGE = "start_ns >= $from AND start_ns < $to";

function rangeParameters(range: TimeRange) {
  return { from: bind.nanos(range.fromUnixNanos), to: bind.nanos(range.toUnixNanos) };
}

/**
 * Traces with a matching span in the given files, newest first. Parts of the range are asked from the newest on until
 * there are enough: what older parts add has a newer match already, or comes behind.
 */
export async function queryTraces(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: SpanFilter,
  limit: number,
  many: ManyCalls,
): Promise<TraceMatch[]> {
  const found = new Map<string, TraceMatch>();
  const attributes = createAttributeConditions(connection, filter.attributes ?? []);
  const share = Math.min(FIRST_ROWS, many.limit) / Math.max(1, countIn(files, many.spansOf));
  const firstWidth = widthOfShare(files, filter.range, share);
  for (const { files: own, range } of batchesOfTime(files, filter.range, true, firstWidth)) {
    const conditions: FileCondition[] = [];
    for (const file of own) conditions.push({ file, condition: await attributes(file) });
    // Among the first ones may be those that were found already.
    for (const match of await queryTracesOf(connection, conditions, { ...filter, range }, limit + found.size)) {
      if (!found.has(match.traceId)) found.set(match.traceId, match);
    }
    if (found.size >= limit) break;
  }
  return [...found.values()].slice(0, limit);
}

interface FileCondition {
  readonly file: number;
  readonly condition: Condition;
}

async function queryTracesOf(
  connection: DuckDBConnection,
  conditions: readonly FileCondition[],
  filter: SpanFilter,
  limit: number,
): Promise<TraceMatch[]> {
  const plain = spanCondition(filter);
  const parameters: Record<string, Parameter> = { ...plain.parameters, limit: bind.integer(limit) };
  const sources = conditions.map(({ file, condition }) => {
    Object.assign(parameters, condition.parameters);
    return unionOfFiles([file], () => "trace_id, start_ns", [IN_RANGE, plain.sql, condition.sql].join(" AND "));
  });
  const sql =
    "SELECT trace_id, max(start_ns) AS newest FROM (" +
    sources.join(" UNION ALL ") +
    ") GROUP BY trace_id ORDER BY newest DESC, trace_id LIMIT $limit";
  const rows = await readRows(connection, sql, parameters);
  return rows.map(([traceId, newest]) => ({ traceId: traceIdOf(traceId), startUnixNanos: bigintOf(newest) }));
}

function spanCondition(filter: SpanFilter): Condition {
  const parts: string[] = [];
  const parameters: Record<string, Parameter> = rangeParameters(filter.range);
  const add = (sql: string, name: string, value: Parameter | undefined): void => {
    if (value === undefined) return;
    parts.push(sql + " $" + name);
    parameters[name] = value;
  };
  const { service, name, kind, status, minDurationNanos, maxDurationNanos } = filter;
  add("service =", "service", service === undefined ? undefined : bind.text(service));
  add("name =", "name", name === undefined ? undefined : bind.text(name));
  add("kind =", "kind", kind === undefined ? undefined : bind.integer(SPAN_KINDS.indexOf(kind)));
  add("status =", "status", status === undefined ? undefined : bind.integer(STATUS_CODES.indexOf(status)));
  add("duration_ns >=", "shortest", minDurationNanos === undefined ? undefined : bind.nanos(minDurationNanos));
  add("duration_ns <=", "longest", maxDurationNanos === undefined ? undefined : bind.nanos(maxDurationNanos));
  return { sql: parts.length === 0 ? "TRUE" : parts.join(" AND "), parameters };
}

/**
 * What the attributes are for one file: its resources are matched here, since their numbers differ by file, and once for
 * all parts of a range.
 */
function createAttributeConditions(
  connection: DuckDBConnection,
  wanted: readonly AttributeCondition[],
): (file: number) => Promise<Condition> {
  const known = new Map<number, Condition>();
  return async (file) => {
    const condition = known.get(file) ?? (await attributeCondition(connection, file, wanted));
    known.set(file, condition);
    return condition;
  };
}

async function attributeCondition(
  connection: DuckDBConnection,
  file: number,
  wanted: readonly AttributeCondition[],
): Promise<Condition> {
  if (wanted.length === 0) return { sql: EVERYTHING, parameters: {} };
  const parameters: Record<string, Parameter> = {};
  const resources = await readRows(connection, "SELECT id, attributes FROM " + fileAlias(file) + ".main.resources");
  const sql = wanted.map((condition, at) => {
    const n = String(at);
    const here = n + "f" + String(file);
    const ids = resources
      .filter(([, text]) => hasAttributeText(decodeAttributes(textOrNothing(text) ?? ""), condition))
      .map(([id]) => numberOrNothing(id) ?? 0);
    parameters["key" + n] = bind.text(encodeAttributeValue(condition.key));
    parameters["forms" + n] = bind.texts(storedForms(condition.value));
    parameters["resources" + here] = bind.numbers(ids);
    const parts = [
      "list_contains($forms" + n + ", element_at(attributes, $key" + n + ")[1])",
      "list_contains($resources" + here + ", resource_id::DOUBLE)",
    ];
    // The value of some attributes stands in their column only.
    const column = LLM_COLUMNS.find((one) => "attribute" in one && one.attribute === condition.key)?.column;
    if (column !== undefined) {
      parameters["text" + n] = bind.text(condition.value);
      parts.push(column + " = $text" + n);
    }
    return "(" + parts.map((part) => "coalesce(" + part + ", FALSE)").join(" OR ") + ")";
  });
  return { sql: sql.join(" AND "), parameters };
}

/** Calls from service to service in the given files. */
export async function queryServiceLinks(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
): Promise<ServiceLink[]> {
  if (files.length === 0) return [];
  const spans = "(" + unionOfFiles(files, () => "trace_id, span_id, parent_id, service", IN_RANGE) + ")";
  const sql =
    "SELECT p.service, c.service, count(*) FROM " +
    spans +
    " c JOIN " +
    spans +
    " p ON c.trace_id = p.trace_id AND c.parent_id = p.span_id WHERE p.service <> c.service GROUP BY ALL";
  const rows = await readRows(connection, sql, rangeParameters(range));
  return rows
    .map(([parent, child, count]) => ({
      parent: textOrNothing(parent) ?? "",
      child: textOrNothing(child) ?? "",
      spans: Number(bigintOf(count)),
    }))
    .sort(compareServiceLinks);
}
