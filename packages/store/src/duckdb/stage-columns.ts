import { BIGINT, BOOLEAN, DOUBLE, INTEGER, UBIGINT, UINTEGER, UTINYINT, UUID, VARCHAR } from "@duckdb/node-api";
import { DuckDBUUIDValue, type DuckDBType, type DuckDBValue } from "@duckdb/node-api";
import { LLM_COLUMNS, SPAN_COLUMN, type ColumnBatch, type ColumnReader } from "@nexent/monitor-core";

/** A row of a batch that goes into the file of a day. */
export interface StagedRow {
  readonly batch: ColumnBatch;
  readonly row: number;
  readonly day: number;
  /** Resource of the row in that file. */
  readonly resourceId: number;
}

/** One column of the stage table: its type, and its value for a row. */
export interface StageColumn {
  readonly type: DuckDBType;
  readonly valueOf: (staged: StagedRow) => DuckDBValue;
}

const reader = ({ batch }: StagedRow, id: number): ColumnReader => batch.column(id);

function text(id: number): StageColumn {
  return { type: VARCHAR, valueOf: (staged) => reader(staged, id).text(staged.row) ?? null };
}
function nanos(id: number): StageColumn {
  return { type: BIGINT, valueOf: (staged) => reader(staged, id).u64(staged.row) ?? null };
}
function spanId(id: number): StageColumn {
  return { type: UBIGINT, valueOf: (staged) => bigEndian(reader(staged, id).bytes(staged.row)) };
}
function u8(id: number): StageColumn {
  return { type: UTINYINT, valueOf: (staged) => reader(staged, id).u8(staged.row) ?? null };
}

/** In the order of the stage table, which is that of `SPAN_COLUMNS` with the day behind. */
export const STAGE_COLUMNS: readonly StageColumn[] = [
  nanos(SPAN_COLUMN.startUnixNanos),
  nanos(SPAN_COLUMN.durationNanos),
  { type: UUID, valueOf: (staged) => uuid(reader(staged, SPAN_COLUMN.traceId).bytes(staged.row)) },
  spanId(SPAN_COLUMN.spanId),
  spanId(SPAN_COLUMN.parentSpanId),
  { type: UINTEGER, valueOf: (staged) => staged.resourceId },
  {
    type: VARCHAR,
    valueOf: ({ batch, row }) => batch.resources[batch.column(SPAN_COLUMN.resource).u32(row) ?? 0]?.service ?? null,
  },
  text(SPAN_COLUMN.name),
  text(SPAN_COLUMN.statusMessage),
  text(SPAN_COLUMN.scope),
  text(SPAN_COLUMN.traceState),
  u8(SPAN_COLUMN.kind),
  u8(SPAN_COLUMN.status),
  { type: UINTEGER, valueOf: (staged) => reader(staged, SPAN_COLUMN.flags).u32(staged.row) ?? null },
  { type: BOOLEAN, valueOf: (staged) => reader(staged, SPAN_COLUMN.isLlm).has(staged.row) },
  text(SPAN_COLUMN.attributes),
  text(SPAN_COLUMN.events),
  text(SPAN_COLUMN.links),
  ...LLM_COLUMNS.map(llmColumn),
  { type: INTEGER, valueOf: ({ day }) => day },
];

function llmColumn({ id, kind }: (typeof LLM_COLUMNS)[number]): StageColumn {
  switch (kind) {
    case "text":
      return text(id);
    case "boolean":
      return { type: BOOLEAN, valueOf: (staged) => flagOf(reader(staged, id).u8(staged.row)) };
    case "number":
      return { type: DOUBLE, valueOf: (staged) => reader(staged, id).f64(staged.row) ?? null };
    case "count":
      return { type: BIGINT, valueOf: (staged) => countOf(reader(staged, id).f64(staged.row)) };
  }
}

function flagOf(value: number | undefined): boolean | null {
  return value === undefined ? null : value === 1;
}

function countOf(value: number | undefined): bigint | null {
  return value === undefined ? null : BigInt(value);
}

function bigEndian(bytes: Uint8Array | undefined): bigint | null {
  if (bytes === undefined) return null;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, false);
}

function uuid(bytes: Uint8Array | undefined): DuckDBUUIDValue | null {
  if (bytes === undefined) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return DuckDBUUIDValue.fromUint128((view.getBigUint64(0, false) << 64n) | view.getBigUint64(8, false));
}
