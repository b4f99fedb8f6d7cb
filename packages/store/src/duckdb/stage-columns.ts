import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  INTEGER,
  UBIGINT,
  UINTEGER,
  UTINYINT,
  UUID,
  VARCHAR,
  type DuckDBType,
} from "@duckdb/node-api";
import { LLM_COLUMNS, SPAN_COLUMN, type ColumnBatch, type ColumnReader, type ResourceRow } from "@nexent/monitor-core";
import type { StageCells } from "./stage-cells.ts";

/** A row of a batch that goes into the file of a day. */
export interface StagedRow {
  readonly batch: ColumnBatch;
  readonly row: number;
  readonly day: number;
  /** Resource of the row in that file. */
  readonly resourceId: number;
}

/** One column of the stage table. */
export interface StageColumn {
  readonly type: DuckDBType;
  /** Bytes of a value in the engine. */
  readonly width: number;
  /** Column of the batch that `put` reads. */
  readonly id: number;
  /** Writes the value of a row into a cell; false if the row has none. */
  readonly put: (cells: StageCells, cell: number, reader: ColumnReader, staged: StagedRow) => boolean;
}

/** A column whose bytes are the same in the batch and in the engine. */
function same(id: number, type: DuckDBType, width: number): StageColumn {
  return { type, width, id, put: (cells, cell, reader, { row }) => reader.copyTo(row, cells.bytes, cell * width) };
}

function text(id: number): StageColumn {
  return {
    type: VARCHAR,
    width: 16,
    id,
    put(cells, cell, reader, { row }) {
      const bytes = reader.bytes(row);
      if (bytes === undefined) return false;
      cells.text(cell, bytes);
      return true;
    },
  };
}

function spanId(id: number): StageColumn {
  return {
    type: UBIGINT,
    width: 8,
    id,
    put(cells, cell, reader, { row }) {
      if (!reader.copyTo(row, cells.bytes, cell * 8)) return false;
      cells.reverse(cell, 8);
      return true;
    },
  };
}

const traceId: StageColumn = {
  type: UUID,
  width: 16,
  id: SPAN_COLUMN.traceId,
  put(cells, cell, reader, { row }) {
    if (!reader.copyTo(row, cells.bytes, cell * 16)) return false;
    cells.reverse(cell, 16);
    // The engine keeps the highest bit turned over, so that signed numbers have the order of the text.
    cells.bytes[cell * 16 + 15] = (cells.bytes[cell * 16 + 15] ?? 0) ^ 0x80;
    return true;
  },
};

const service: StageColumn = {
  type: VARCHAR,
  width: 16,
  id: SPAN_COLUMN.resource,
  put(cells, cell, reader, { batch, row }) {
    const resource = batch.resources[reader.u32(row) ?? 0];
    if (resource === undefined) return false;
    cells.text(cell, serviceBytes(resource));
    return true;
  },
};

const resourceId: StageColumn = {
  type: UINTEGER,
  width: 4,
  id: SPAN_COLUMN.resource,
  put(cells, cell, _reader, staged) {
    cells.u32(cell, staged.resourceId);
    return true;
  },
};

const isLlm: StageColumn = {
  type: BOOLEAN,
  width: 1,
  id: SPAN_COLUMN.isLlm,
  put(cells, cell, reader, { row }) {
    cells.bytes[cell] = reader.has(row) ? 1 : 0;
    return true;
  },
};

const day: StageColumn = {
  type: INTEGER,
  width: 4,
  id: SPAN_COLUMN.startUnixNanos,
  put(cells, cell, _reader, staged) {
    cells.u32(cell, staged.day);
    return true;
  },
};

/** In the order of the stage table, which is that of `SPAN_COLUMNS` with the day behind. */
export const STAGE_COLUMNS: readonly StageColumn[] = [
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
  text(SPAN_COLUMN.attributes),
  text(SPAN_COLUMN.events),
  text(SPAN_COLUMN.links),
  ...LLM_COLUMNS.map(llmColumn),
  day,
];

function llmColumn({ id, kind }: (typeof LLM_COLUMNS)[number]): StageColumn {
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
function count(id: number): StageColumn {
  return {
    type: BIGINT,
    width: 8,
    id,
    put(cells, cell, reader, { row }) {
      const value = reader.f64(row);
      if (value === undefined) return false;
      cells.count(cell, value);
      return true;
    },
  };
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
