import { LLM_COLUMNS } from "../names/columns.ts";
import { MonitorError } from "../errors.ts";
import type { LlmFields } from "../llm-call.ts";
import { decodeUtf8 } from "./utf8-bytes.ts";
import { decodeAttributes } from "./attribute-text.ts";
import { columnValues, type ColumnRow } from "./column-batch.ts";
import {
  BATCH_HEADER_BYTES,
  COLUMN_HEADER_BYTES,
  COLUMN_IS_FULL,
  COLUMN_SHAPES,
  SPAN_COLUMN,
  TEXT_SHAPE,
  WRITTEN_OFFSET,
} from "./column-layout.ts";
import { createColumnReader, EMPTY_COLUMN, type ColumnReader } from "./column-reader.ts";
import { decodeEvents, decodeLinks } from "./span-extras.ts";
import { SPAN_KINDS, STATUS_CODES, type Resource, type SpanRecord } from "./span-record.ts";

/** Resource of a batch as it lies there; `attributesText` is read by `decodeAttributes`. */
export interface ResourceRow {
  readonly service: string;
  readonly attributesText: string;
}

/** A decoded batch; its readers look into the bytes it was made from, which must not change. */
export interface ColumnBatch {
  readonly rowCount: number;
  /** When the batch was written, wall clock, ms. */
  readonly writtenUnixMillis: number;
  readonly byteLength: number;
  readonly resources: readonly ResourceRow[];
  /** Reader of a column by its number (`SPAN_COLUMN`, `LLM_COLUMNS`); a reader without values if it is absent. */
  column(id: number): ColumnReader;
  /** @throws {PAYLOAD_MALFORMED} when attributes, events or links of the row are damaged. */
  row(index: number): ColumnRow;
  rows(): Iterable<ColumnRow>;
}

/**
 * Reads what `encodeColumnBatch` wrote, checking every length before it is used.
 * @throws {PAYLOAD_MALFORMED} when the bytes are no column batch; never reads past them.
 */
export function decodeColumnBatch(bytes: Uint8Array): ColumnBatch {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < BATCH_HEADER_BYTES) throw malformed("shorter than its header");
  const rowCount = view.getUint32(0, true);
  // Every row needs its ids, so a count that the bytes cannot hold is damage and must not allocate.
  if (rowCount > bytes.length) throw malformed("more rows than bytes");
  const table = readResources(bytes, view, view.getUint32(8, true));
  const columns = readColumns(bytes, view, table.end, view.getUint32(4, true), rowCount);
  checkRequired(columns, rowCount);
  const resources = table.resources.map(createResourceReader);
  checkReferences(columns, rowCount, resources.length);
  const column = (id: number): ColumnReader => columns.get(id) ?? EMPTY_COLUMN;
  const row = (index: number): ColumnRow => readRow(column, resources, index);
  return {
    rowCount,
    writtenUnixMillis: view.getFloat64(WRITTEN_OFFSET, true),
    byteLength: bytes.length,
    resources: table.resources,
    column,
    row,
    *rows() {
      for (let index = 0; index < rowCount; index++) yield row(index);
    },
  };
}

function readResources(bytes: Uint8Array, view: DataView, count: number) {
  const resources: ResourceRow[] = [];
  let at = BATCH_HEADER_BYTES;
  function readText(): string {
    if (at + 4 > bytes.length) throw malformed("a resource past the end");
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) throw malformed("a resource past the end");
    const text = decodeUtf8(bytes.subarray(at + 4, end));
    at = end;
    return text;
  }
  for (let index = 0; index < count; index++) resources.push({ service: readText(), attributesText: readText() });
  return { resources, end: at };
}

function readColumns(bytes: Uint8Array, view: DataView, start: number, count: number, rowCount: number) {
  const columns = new Map<number, ColumnReader>();
  let at = start;
  for (let index = 0; index < count; index++) {
    if (at + COLUMN_HEADER_BYTES > bytes.length) throw malformed("a column past the end");
    const id = view.getUint16(at, true);
    const shape = COLUMN_SHAPES.get(id)?.shape;
    const shapeByte = view.getUint8(at + 2);
    if (shape === undefined || shapeByte !== (shape === "text" ? TEXT_SHAPE : shape))
      throw malformed("an unknown column");
    const full = (view.getUint8(at + 3) & COLUMN_IS_FULL) !== 0;
    const end = at + COLUMN_HEADER_BYTES + view.getUint32(at + 4, true);
    if (end > bytes.length || columns.has(id)) throw malformed("a column past the end or twice");
    columns.set(id, createColumnReader(bytes.subarray(at + COLUMN_HEADER_BYTES, end), shape, rowCount, full));
    at = end;
  }
  if (at !== bytes.length) throw malformed("bytes after the last column");
  return columns;
}

function checkRequired(columns: ReadonlyMap<number, ColumnReader>, rowCount: number): void {
  for (const [id, { required }] of COLUMN_SHAPES) {
    if (!required) continue;
    const reader = columns.get(id) ?? EMPTY_COLUMN;
    for (let row = 0; row < rowCount; row++) if (!reader.has(row)) throw malformed("a row without a required column");
  }
}

/** Numbers that point into tables must point inside. */
function checkReferences(columns: ReadonlyMap<number, ColumnReader>, rowCount: number, resourceCount: number): void {
  const bounds = [
    [SPAN_COLUMN.kind, SPAN_KINDS.length],
    [SPAN_COLUMN.status, STATUS_CODES.length],
  ] as const;
  for (const [id, bound] of bounds) {
    for (let row = 0; row < rowCount; row++)
      if ((columns.get(id)?.u8(row) ?? 0) >= bound) throw malformed("an unknown code");
  }
  const reference = columns.get(SPAN_COLUMN.resource);
  for (let row = 0; row < rowCount; row++) {
    if ((reference?.u32(row) ?? 0) >= resourceCount) throw malformed("a resource that is not in the table");
  }
}

/** Decodes a resource when it is first asked for. */
function createResourceReader(row: ResourceRow): () => Resource {
  let resource: Resource | undefined;
  return () => (resource ??= { service: row.service, attributes: decodeAttributes(row.attributesText) });
}

function readRow(column: (id: number) => ColumnReader, resources: readonly (() => Resource)[], row: number): ColumnRow {
  const llm = readLlm(column, row);
  const resource = resources[column(SPAN_COLUMN.resource).u32(row) ?? 0];
  if (resource === undefined) throw new RangeError(`no row ${row}`);
  const text = (id: number): string | undefined => column(id).text(row);
  const span: SpanRecord = {
    traceId: column(SPAN_COLUMN.traceId).hex(row) ?? "",
    spanId: column(SPAN_COLUMN.spanId).hex(row) ?? "",
    ...present("parentSpanId", column(SPAN_COLUMN.parentSpanId).hex(row)),
    ...present("traceState", text(SPAN_COLUMN.traceState)),
    flags: column(SPAN_COLUMN.flags).u32(row) ?? 0,
    name: text(SPAN_COLUMN.name) ?? "",
    kind: SPAN_KINDS[column(SPAN_COLUMN.kind).u8(row) ?? 0] ?? "unspecified",
    startUnixNanos: column(SPAN_COLUMN.startUnixNanos).u64(row) ?? 0n,
    ...present("durationNanos", column(SPAN_COLUMN.durationNanos).u64(row)),
    status: STATUS_CODES[column(SPAN_COLUMN.status).u8(row) ?? 0] ?? "unset",
    ...present("statusMessage", text(SPAN_COLUMN.statusMessage)),
    ...present("scope", text(SPAN_COLUMN.scope)),
    resource: resource(),
    attributes: decodeAttributes(text(SPAN_COLUMN.attributes) ?? "", columnValues(llm)),
    events: decodeEvents(text(SPAN_COLUMN.events) ?? ""),
    links: decodeLinks(text(SPAN_COLUMN.links) ?? ""),
  };
  return llm === undefined ? { span } : { span, llm };
}

function readLlm(column: (id: number) => ColumnReader, row: number): LlmFields | undefined {
  if (!column(SPAN_COLUMN.isLlm).has(row)) return undefined;
  const fields: Record<string, unknown> = {};
  for (const { field, id, kind } of LLM_COLUMNS) {
    const reader = column(id);
    if (!reader.has(row)) continue;
    if (kind === "text") fields[field] = reader.text(row);
    else fields[field] = kind === "boolean" ? reader.u8(row) === 1 : reader.f64(row);
  }
  return fields;
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

function malformed(what: string): MonitorError {
  return new MonitorError("PAYLOAD_MALFORMED", `column batch: ${what}`);
}
