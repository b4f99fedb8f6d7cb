import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import {
  columnValues,
  decodeAttributeParts,
  decodeAttributes,
  decodeEvents,
  decodeLinks,
  LLM_COLUMNS,
  SPAN_KINDS,
  STATUS_CODES,
  type AttributeMap,
  type LlmFields,
  type Resource,
} from "@nexent/monitor-core";
import type { StoredSpan } from "../contract.ts";
import { fileAlias } from "./index-files.ts";
import {
  bigintOf,
  numberOrNothing,
  readRows,
  spanIdOf,
  textOrNothing,
  traceIdOf,
  type Parameters,
} from "./statement.ts";

const SEPARATOR = "\u0002";
const PLAIN_COLUMNS = [
  "start_ns",
  "duration_ns",
  "trace_id",
  "span_id",
  "parent_id",
  "resource_id",
  "name",
  "status_msg",
  "scope",
  "trace_state",
  "kind",
  "status",
  "flags",
  "is_llm",
  "events",
  "links",
];

/** What `llmFieldsOf` reads, in the order of `LLM_COLUMNS`. */
export const LLM_COLUMN_NAMES = LLM_COLUMNS.map(({ column }) => column);

const SELECT_COLUMNS = [
  ...PLAIN_COLUMNS.map((column) => "s." + column),
  "array_to_string(map_keys(s.attributes), chr(2))",
  "array_to_string(map_values(s.attributes), chr(2))",
  ...LLM_COLUMN_NAMES.map((column) => "s." + column),
].join(", ");

/** Reads whole spans of one file. @param source what stands behind `FROM <spans of the file> s`. */
export async function readSpans(
  connection: DuckDBConnection,
  file: number,
  source: string,
  parameters: Parameters,
): Promise<StoredSpan[]> {
  const sql = "SELECT " + SELECT_COLUMNS + " FROM " + fileAlias(file) + ".main.spans s " + source;
  const rows = await readRows(connection, sql, parameters);
  const resources = await readResources(connection, file, new Set(rows.map((row) => numberOrNothing(row[5]) ?? 0)));
  return rows.map((row) => toStoredSpan(row, resources));
}

async function readResources(
  connection: DuckDBConnection,
  file: number,
  wanted: ReadonlySet<number>,
): Promise<ReadonlyMap<number, Resource>> {
  const resources = new Map<number, Resource>();
  if (wanted.size === 0) return resources;
  const rows = await readRows(connection, "SELECT id, service, attributes FROM " + fileAlias(file) + ".main.resources");
  for (const [id, service, attributes] of rows) {
    const known = numberOrNothing(id) ?? 0;
    if (!wanted.has(known)) continue;
    resources.set(known, {
      service: textOrNothing(service) ?? "",
      attributes: decodeAttributes(textOrNothing(attributes) ?? ""),
    });
  }
  return resources;
}

function toStoredSpan(row: readonly DuckDBValue[], resources: ReadonlyMap<number, Resource>): StoredSpan {
  const [
    start,
    duration,
    traceId,
    spanId,
    parentId,
    resourceId,
    name,
    statusMessage,
    scope,
    traceState,
    kind,
    status,
    flags,
    isLlm,
    events,
    links,
    keys,
    values,
  ] = row;
  const llm = isLlm === true ? llmFieldsFrom(row.slice(18)) : undefined;
  const span = {
    traceId: traceIdOf(traceId),
    spanId: spanIdOf(spanId) ?? "",
    ...optional("parentSpanId", spanIdOf(parentId)),
    ...optional("traceState", textOrNothing(traceState)),
    flags: numberOrNothing(flags) ?? 0,
    name: textOrNothing(name) ?? "",
    kind: SPAN_KINDS[numberOrNothing(kind) ?? 0] ?? "unspecified",
    startUnixNanos: bigintOf(start),
    ...optional("durationNanos", typeof duration === "bigint" ? duration : undefined),
    status: STATUS_CODES[numberOrNothing(status) ?? 0] ?? "unset",
    ...optional("statusMessage", textOrNothing(statusMessage)),
    ...optional("scope", textOrNothing(scope)),
    resource: resources.get(numberOrNothing(resourceId) ?? 0) ?? { service: "", attributes: new Map() },
    attributes: attributesOf(textOrNothing(keys), textOrNothing(values), llm),
    events: decodeEvents(textOrNothing(events) ?? ""),
    links: decodeLinks(textOrNothing(links) ?? ""),
  };
  return llm === undefined ? { span } : { span, llm };
}

function attributesOf(keys: string | undefined, values: string | undefined, llm: LlmFields | undefined): AttributeMap {
  if (keys === undefined || values === undefined) return new Map();
  return decodeAttributeParts(keys.split(SEPARATOR), values.split(SEPARATOR), columnValues(llm));
}

/** Promoted fields from values in the order of `LLM_COLUMNS`. */
export function llmFieldsFrom(values: readonly DuckDBValue[]): LlmFields {
  const fields: Record<string, unknown> = {};
  for (const [at, { field }] of LLM_COLUMNS.entries()) {
    const value = values[at];
    if (value === null || value === undefined) continue;
    fields[field] = typeof value === "bigint" ? Number(value) : value;
  }
  return fields;
}

/** An object with the key, or without it when there is no value. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}
