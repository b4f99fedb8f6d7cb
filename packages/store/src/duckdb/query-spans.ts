import type { DuckDBConnection } from "@duckdb/node-api";
import { decodeAttributes, encodeAttributeValue, LLM_COLUMNS, SPAN_KINDS, STATUS_CODES } from "@nexent/monitor-core";
import { compareServiceLinks, compareSpanNames, SPAN_NAMES } from "../answer-order.ts";
import { hasAttributeText, storedForms } from "../attribute-match.ts";
import type { AttributeCondition, ServiceLink, SpanFilter, SpanName, TimeRange, TraceMatch } from "../contract.ts";
import { unionOfFiles, type Condition } from "./call-conditions.ts";
import { batchesOfDays } from "./day-batches.ts";
import { fileAlias } from "./index-files.ts";
import { bigintOf, bind, numberOrNothing, readRows, textOrNothing, traceIdOf, type Parameter } from "./statement.ts";

const IN_RANGE = "start_ns >= $from AND start_ns < $to";

function rangeParameters(range: TimeRange) {
  return { from: bind.nanos(range.fromUnixNanos), to: bind.nanos(range.toUnixNanos) };
}

/**
 * Traces with a matching span in the given files, newest first. Days are asked from the newest on until there are
 * enough: what older days add has a newer match already, or comes behind.
 */
export async function queryTraces(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: SpanFilter,
  limit: number,
): Promise<TraceMatch[]> {
  const found = new Map<string, TraceMatch>();
  for (const batch of batchesOfDays(files, true)) {
    // Among the first ones may be those that were found already.
    for (const match of await queryTracesOf(connection, batch, filter, limit + found.size)) {
      if (!found.has(match.traceId)) found.set(match.traceId, match);
    }
    if (found.size >= limit) break;
  }
  return [...found.values()].slice(0, limit);
}

async function queryTracesOf(
  connection: DuckDBConnection,
  files: readonly number[],
  filter: SpanFilter,
  limit: number,
): Promise<TraceMatch[]> {
  const plain = spanCondition(filter);
  const parameters: Record<string, Parameter> = { ...plain.parameters, limit: bind.integer(limit) };
  const sources: string[] = [];
  for (const file of files) {
    const attributes = await attributeConditions(connection, file, filter.attributes ?? [], parameters);
    const where = [IN_RANGE, plain.sql, ...attributes].join(" AND ");
    sources.push(unionOfFiles([file], () => "trace_id, start_ns", where));
  }
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

/** One condition per attribute, for one file: its resources are matched here, since their numbers differ by file. */
async function attributeConditions(
  connection: DuckDBConnection,
  file: number,
  wanted: readonly AttributeCondition[],
  parameters: Record<string, Parameter>,
): Promise<string[]> {
  if (wanted.length === 0) return [];
  const resources = await readRows(connection, "SELECT id, attributes FROM " + fileAlias(file) + ".main.resources");
  return wanted.map((condition, at) => {
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
}

/** Span names of the given files with their spans. */
export async function querySpanNames(
  connection: DuckDBConnection,
  files: readonly number[],
  range: TimeRange,
): Promise<SpanName[]> {
  if (files.length === 0) return [];
  const sql =
    "SELECT service, name, kind, count(*) FROM (" +
    unionOfFiles(files, () => "service, name, kind", IN_RANGE) +
    ") GROUP BY ALL ORDER BY service, name, kind LIMIT " +
    String(SPAN_NAMES);
  const rows = await readRows(connection, sql, rangeParameters(range));
  return rows
    .map(([service, name, kind, spans]) => ({
      service: textOrNothing(service) ?? "",
      name: textOrNothing(name) ?? "",
      kind: SPAN_KINDS[numberOrNothing(kind) ?? 0] ?? "unspecified",
      spans: Number(bigintOf(spans)),
    }))
    .sort(compareSpanNames);
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
