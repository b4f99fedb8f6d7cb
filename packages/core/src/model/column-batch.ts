/**
 * Spans as columns: the payload of the journal and the hand-over to the index. Byte picture: `store/FORMAT.md`.
 * Every value comes back exactly; text that is not well-formed Unicode outside of attributes comes back with U+FFFD.
 */
import { LLM_COLUMNS, storableLlmFields } from "../names/columns.ts";
import type { LlmFields } from "../llm-call.ts";
import { encodeAttributes, type ColumnValues } from "./attribute-text.ts";
import { BATCH_HEADER_BYTES, COLUMN_SHAPES, SPAN_COLUMN } from "./column-layout.ts";
import { createColumnBuilder, type ColumnBuilder } from "./column-builder.ts";
import { createGrowingBytes } from "./growing-bytes.ts";
import { hexToBytes } from "./hex.ts";
import { encodeEvents, encodeLinks } from "./span-extras.ts";
import { SPAN_KINDS, STATUS_CODES, type AttributeValue, type Resource, type SpanRecord } from "./span-record.ts";

/** One row of a batch: a span, and its promoted fields if it is an LLM call. */
export interface ColumnRow {
  readonly span: SpanRecord;
  readonly llm?: LlmFields;
}

/** Collects rows into columns. Not reusable after `encode`. */
export interface ColumnBatchBuilder {
  readonly rowCount: number;
  /** `llm` is undefined for a span that is no LLM call; fields that no column can hold are left out. */
  append(span: SpanRecord, llm: LlmFields | undefined): void;
  /** @param writtenUnixMillis when the batch was written, wall clock. */
  encode(writtenUnixMillis: number): Uint8Array;
}

/** Encodes rows as one batch. @param writtenUnixMillis when the batch was written, wall clock. */
export function encodeColumnBatch(rows: Iterable<ColumnRow>, writtenUnixMillis: number): Uint8Array {
  const builder = createColumnBatchBuilder();
  for (const row of rows) builder.append(row.span, row.llm);
  return builder.encode(writtenUnixMillis);
}

/** An empty builder. Ids must be lower-case hex of full length and times 0..2^64-1, else `append` throws. */
export function createColumnBatchBuilder(): ColumnBatchBuilder {
  const columns = new Map<number, ColumnBuilder>();
  const resources = createResourceTable();
  let rowCount = 0;

  function column(id: number): ColumnBuilder {
    let builder = columns.get(id);
    if (builder === undefined) {
      builder = createColumnBuilder(id, COLUMN_SHAPES.get(id)?.shape ?? "text");
      columns.set(id, builder);
    }
    return builder;
  }
  function optionalText(id: number, row: number, value: string | undefined): void {
    if (value !== undefined) column(id).text(row, value);
  }

  function appendSpan(row: number, span: SpanRecord, inColumns: ColumnValues): void {
    column(SPAN_COLUMN.traceId).fixed(row).bytes(idBytes(span.traceId, 16));
    column(SPAN_COLUMN.spanId).fixed(row).bytes(idBytes(span.spanId, 8));
    if (span.parentSpanId !== undefined)
      column(SPAN_COLUMN.parentSpanId).fixed(row).bytes(idBytes(span.parentSpanId, 8));
    column(SPAN_COLUMN.startUnixNanos).fixed(row).u64(span.startUnixNanos);
    if (span.durationNanos !== undefined) column(SPAN_COLUMN.durationNanos).fixed(row).u64(span.durationNanos);
    column(SPAN_COLUMN.resource).fixed(row).u32(resources.indexOf(span.resource));
    column(SPAN_COLUMN.flags).fixed(row).u32(span.flags);
    column(SPAN_COLUMN.kind).fixed(row).u8(SPAN_KINDS.indexOf(span.kind));
    column(SPAN_COLUMN.status).fixed(row).u8(STATUS_CODES.indexOf(span.status));
    column(SPAN_COLUMN.name).text(row, span.name);
    optionalText(SPAN_COLUMN.statusMessage, row, span.statusMessage);
    optionalText(SPAN_COLUMN.scope, row, span.scope);
    optionalText(SPAN_COLUMN.traceState, row, span.traceState);
    if (span.attributes.size > 0)
      column(SPAN_COLUMN.attributes).text(row, encodeAttributes(span.attributes, inColumns));
    if (span.events.length > 0) column(SPAN_COLUMN.events).text(row, encodeEvents(span.events));
    if (span.links.length > 0) column(SPAN_COLUMN.links).text(row, encodeLinks(span.links));
  }

  function appendLlm(row: number, llm: LlmFields): void {
    column(SPAN_COLUMN.isLlm).fixed(row).u8(1);
    for (const { field, id } of LLM_COLUMNS) {
      const value = llm[field];
      if (typeof value === "string") column(id).text(row, value);
      else if (typeof value === "boolean")
        column(id)
          .fixed(row)
          .u8(value ? 1 : 0);
      else if (value !== undefined) column(id).fixed(row).f64(value);
    }
  }

  return {
    get rowCount() {
      return rowCount;
    },
    append(span, llm) {
      const storable = llm === undefined ? undefined : storableLlmFields(llm);
      appendSpan(rowCount, span, columnValues(storable));
      if (storable !== undefined) appendLlm(rowCount, storable);
      rowCount++;
    },
    encode(writtenUnixMillis) {
      const body = createGrowingBytes(4096);
      let written = 0;
      for (const builder of columns.values()) if (builder.writeTo(body, rowCount)) written++;
      const target = createGrowingBytes(BATCH_HEADER_BYTES + resources.bytes().length + body.length);
      for (const value of [rowCount, written, resources.count(), 0]) target.u32(value);
      target.f64(writtenUnixMillis);
      target.bytes(resources.bytes());
      target.bytes(body.view());
      return target.view();
    },
  };
}

/** Attribute values that a promoted column restores. */
export function columnValues(llm: LlmFields | undefined): ColumnValues {
  const values = new Map<string, AttributeValue>();
  if (llm === undefined) return values;
  for (const column of LLM_COLUMNS) {
    if (!("attribute" in column)) continue;
    const value = llm[column.field];
    if (value !== undefined) values.set(column.attribute, value);
  }
  return values;
}

function idBytes(hex: string, length: number): Uint8Array {
  const bytes = hexToBytes(hex);
  if (bytes?.length !== length) throw new RangeError(`an id of ${length} bytes must be ${length * 2} hex digits`);
  return bytes;
}

/** Resources of a batch, each once: service and attribute text, both with a u32 length in front. */
function createResourceTable() {
  const encoded = createGrowingBytes();
  const indexByContent = new Map<string, number>();
  const indexByIdentity = new Map<Resource, number>();

  function add(resource: Resource): number {
    const attributes = encodeAttributes(resource.attributes);
    const content = `${resource.service}\u0000${attributes}`;
    const known = indexByContent.get(content);
    if (known !== undefined) return known;
    const index = indexByContent.size;
    indexByContent.set(content, index);
    for (const text of [resource.service, attributes]) {
      const part = createGrowingBytes(64);
      part.text(text);
      encoded.u32(part.length);
      encoded.bytes(part.view());
    }
    return index;
  }

  return {
    // Spans of one batch mostly share the resource object, which makes this one look-up per span.
    indexOf(resource: Resource): number {
      let index = indexByIdentity.get(resource);
      if (index === undefined) {
        index = add(resource);
        indexByIdentity.set(resource, index);
      }
      return index;
    },
    count: () => indexByContent.size,
    bytes: () => encoded.view(),
  };
}
