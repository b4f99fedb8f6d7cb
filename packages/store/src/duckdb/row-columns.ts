import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  MAP,
  UBIGINT,
  UINTEGER,
  UTINYINT,
  UUID,
  VARCHAR,
  type DuckDBType,
} from "@duckdb/node-api";
import type duckdb from "@duckdb/node-bindings";
import { LLM_COLUMNS, SPAN_COLUMN, type ColumnReader, type ResourceRow } from "@nexent/monitor-core";
import { fillAttributes } from "./attribute-vector.ts";
import type { RowSelection, RowSlice } from "./row-selection.ts";
import { WIDE_CELL_BYTES, type VectorCells } from "./vector-cells.ts";

/** Rows of a batch on their way into the file of a day. */
export interface IndexRows extends RowSelection {
  /** By the number of a resource in the batch: its number in the file. */
  readonly resourceIds: readonly number[];
}

/** One column of the table of spans. */
export interface RowColumn {
  readonly type: DuckDBType;
  /** Fills a vector of the engine; `cells` is memory that every column uses. */
  readonly fill: (vector: duckdb.Vector, slice: RowSlice<IndexRows>, cells: VectorCells) => void;
}

/** Writes the value of a row into a cell; false if the row has none. */
type Put = (cells: VectorCells, cell: number, reader: ColumnReader, row: number, rows: IndexRows) => boolean;

/** A column of one cell for each row. @param id column of the batch. @param width bytes of a value in the engine. */
function cellColumn(id: number, type: DuckDBType, width: number, put: Put): RowColumn {
  return {
    type,
    fill(vector, slice, cells) {
      cells.begin(slice.rowCount);
      eachRow(slice, id, (cell, reader, row, rows) => {
        if (!put(cells, cell, reader, row, rows)) cells.absent(cell);
      });
      cells.copyTo(vector, slice.rowCount, width);
    },
  };
}

/** Rows with their reader of a column. */
function eachRow(
  { parts }: RowSlice<IndexRows>,
  id: number,
  visit: (cell: number, reader: ColumnReader, row: number, rows: IndexRows) => void,
): void {
  for (const { selection, from, to, cell } of parts) {
    const reader = selection.batch.column(id);
    for (let at = from; at < to; at++) visit(cell + at - from, reader, selection.rows[at] ?? 0, selection);
  }
}

/** A column whose bytes are the same in the batch and in the engine. */
function same(id: number, type: DuckDBType, width: number): RowColumn {
  return cellColumn(id, type, width, (cells, cell, reader, row) => reader.copyTo(row, cells.bytes, cell * width));
}

function text(id: number): RowColumn {
  return cellColumn(id, VARCHAR, WIDE_CELL_BYTES, (cells, cell, reader, row) => {
    const start = reader.startOf(row);
    if (start < 0) return false;
    cells.text(cell, reader.values, start, reader.endOf(row));
    return true;
  });
}

function spanId(id: number): RowColumn {
  return cellColumn(id, UBIGINT, 8, (cells, cell, reader, row) => {
    if (!reader.copyTo(row, cells.bytes, cell * 8)) return false;
    cells.reverse(cell, 8);
    return true;
  });
}

const traceId = cellColumn(SPAN_COLUMN.traceId, UUID, 16, (cells, cell, reader, row) => {
  if (!reader.copyTo(row, cells.bytes, cell * 16)) return false;
  cells.reverse(cell, 16);
  // The engine keeps the highest bit turned over, so that signed numbers have the order of the text.
  const highest = cell * 16 + 15;
  cells.bytes[highest] = (cells.bytes[highest] ?? 0) ^ 0x80;
  return true;
});

const service = cellColumn(SPAN_COLUMN.resource, VARCHAR, WIDE_CELL_BYTES, (cells, cell, reader, row, { batch }) => {
  const resource = batch.resources[reader.u32(row) ?? 0];
  if (resource === undefined) return false;
  const bytes = serviceBytes(resource);
  cells.text(cell, bytes, 0, bytes.length);
  return true;
});

const resourceId = cellColumn(SPAN_COLUMN.resource, UINTEGER, 4, (cells, cell, reader, row, { resourceIds }) => {
  cells.u32(cell, resourceIds[reader.u32(row) ?? 0] ?? 0);
  return true;
});

const isLlm = cellColumn(SPAN_COLUMN.isLlm, BOOLEAN, 1, (cells, cell, reader, row) => {
  cells.bytes[cell] = reader.has(row) ? 1 : 0;
  return true;
});

const attributes: RowColumn = {
  type: MAP(VARCHAR, VARCHAR),
  fill(vector, slice, cells) {
    fillAttributes(vector, slice.rowCount, cells, (visit) => {
      eachRow(slice, SPAN_COLUMN.attributes, (cell, reader, row) => {
        visit(cell, reader.values, reader.startOf(row), reader.endOf(row));
      });
    });
  },
};

/** In the order of `SPAN_COLUMNS`. */
export const ROW_COLUMNS: readonly RowColumn[] = [
  same(SPAN_COLUMN.startUnixNanos, BIGINT, 8),
  same(SPAN_COLUMN.durationNanos, BIGINT, 8),
  traceId,
  spanId(SPAN_COLUMN.spanId),
  spanId(SPAN_COLUMN.parentSpanId),
  resourceId,
  service,
  text(SPAN_COLUMN.name),
  text(SPAN_COLUMN.statusMessage),
  text(SPAN_COLUMN.scope),
  text(SPAN_COLUMN.traceState),
  same(SPAN_COLUMN.kind, UTINYINT, 1),
  same(SPAN_COLUMN.status, UTINYINT, 1),
  same(SPAN_COLUMN.flags, UINTEGER, 4),
  isLlm,
  attributes,
  text(SPAN_COLUMN.events),
  text(SPAN_COLUMN.links),
  ...LLM_COLUMNS.map(llmColumn),
];

function llmColumn({ id, kind }: (typeof LLM_COLUMNS)[number]): RowColumn {
  switch (kind) {
    case "text":
      return text(id);
    case "boolean":
      return same(id, BOOLEAN, 1);
    case "number":
      return same(id, DOUBLE, 8);
    case "count":
      return count(id);
  }
}

/** The journal keeps counts as doubles. */
function count(id: number): RowColumn {
  return cellColumn(id, BIGINT, 8, (cells, cell, reader, row) => {
    const value = reader.f64(row);
    if (value === undefined) return false;
    cells.u64(cell, value);
    return true;
  });
}

const encodedServices = new WeakMap<ResourceRow, Uint8Array>();

function serviceBytes(resource: ResourceRow): Uint8Array {
  let bytes = encodedServices.get(resource);
  if (bytes === undefined) {
    bytes = Buffer.from(resource.service);
    encodedServices.set(resource, bytes);
  }
  return bytes;
}
