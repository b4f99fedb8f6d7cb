import { LLM_COLUMNS, type ColumnKind } from "@nexent/monitor-core";

/** Version of the schema of a day file, kept in its `meta` table. */
export const SCHEMA_VERSION = 1;

const SQL_TYPES: Readonly<Record<ColumnKind, string>> = {
  text: "VARCHAR",
  boolean: "BOOLEAN",
  number: "DOUBLE",
  count: "BIGINT",
};
const ZSTD = " USING COMPRESSION zstd";

/** A column of `spans`. */
export interface SpanColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly compression?: string;
}

/** Columns of `spans`, in order: those of every span, then the promoted ones. */
export const SPAN_COLUMNS: readonly SpanColumnDefinition[] = [
  { name: "start_ns", type: "BIGINT" },
  { name: "duration_ns", type: "BIGINT" },
  { name: "trace_id", type: "UUID" },
  { name: "span_id", type: "UBIGINT" },
  { name: "parent_id", type: "UBIGINT" },
  { name: "resource_id", type: "UINTEGER" },
  { name: "service", type: "VARCHAR" },
  { name: "name", type: "VARCHAR" },
  { name: "status_msg", type: "VARCHAR" },
  { name: "scope", type: "VARCHAR" },
  { name: "trace_state", type: "VARCHAR" },
  { name: "kind", type: "UTINYINT" },
  { name: "status", type: "UTINYINT" },
  { name: "flags", type: "UINTEGER" },
  { name: "is_llm", type: "BOOLEAN" },
  { name: "attributes", type: "MAP(VARCHAR, VARCHAR)" },
  { name: "events", type: "VARCHAR", compression: ZSTD },
  { name: "links", type: "VARCHAR", compression: ZSTD },
  ...LLM_COLUMNS.map((column) => ({
    name: column.column,
    type: SQL_TYPES[column.kind],
    ...("bulky" in column ? { compression: ZSTD } : {}),
  })),
];

/** Statements that make the tables of a new day file; `alias` is made from a date. */
export function createDayTables(alias: string): readonly string[] {
  const columns = SPAN_COLUMNS.map(({ name, type, compression }) => name + " " + type + (compression ?? ""));
  return [
    "CREATE TABLE " + alias + ".main.spans (" + columns.join(", ") + ")",
    "CREATE TABLE " + alias + ".main.resources (id UINTEGER, service VARCHAR, attributes VARCHAR" + ZSTD + ")",
    "CREATE TABLE " + alias + ".main.applied (position UBIGINT)",
    "CREATE TABLE " + alias + ".main.meta (key VARCHAR, value VARCHAR)",
    "INSERT INTO " + alias + ".main.meta VALUES ('schema', '" + String(SCHEMA_VERSION) + "')",
  ];
}
