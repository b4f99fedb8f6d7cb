/**
 * Spans as columns: the payload of the journal and the hand-over to the index. Byte picture: `store/FORMAT.md`.
 * Every value comes back exactly; text that is not well-formed Unicode outside of attributes comes back with U+FFFD.
 */
import { isStorable, LLM_COLUMNS } from "../names/columns.ts";
import type { LlmFields } from "../llm-call.ts";
import { writeAttributes } from "./attribute-bytes.ts";
import { encodeAttributes, type ColumnValues } from "./attribute-text.ts";
import { BATCH_HEADER_BYTES, COLUMN_SHAPES, SPAN_COLUMN, WRITTEN_OFFSET } from "./column-layout.ts";
import { ColumnBuilder } from "./column-builder.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { encodeEvents, encodeLinks } from "./span-extras.ts";
import { SPAN_KINDS, STATUS_CODES, type AttributeValue, type Resource, type SpanRecord } from "./span-record.ts";

const MAX_COLUMN_ID = Math.max(...COLUMN_SHAPES.keys());

/** One row of a batch: a span, and its promoted fields if it is an LLM call. */
export interface ColumnRow {
  readonly span: SpanRecord;
  readonly llm?: LlmFields;
}

/** Fields of an LLM call; undefined and absent mean the same. */
export type LlmColumns = { readonly [Field in keyof LlmFields]?: LlmFields[Field] | undefined };

/** Collects rows into columns. Once the rows are encoded it may be used again after `clear`, which keeps its memory. */
export interface ColumnBatchBuilder {
  readonly rowCount: number;
  /** `llm` is undefined for a span that is no LLM call; fields that no column can hold are left out. */
  append(span: SpanRecord, llm: LlmColumns | undefined): void;
  /** In memory of its own. @param writtenUnixMillis when the batch was written, wall clock. */
  encode(writtenUnixMillis: number): Uint8Array<ArrayBuffer>;
  /** Forgets every row, half-appended ones included. */
  clear(): void;
}

/** Encodes rows as one batch. @param writtenUnixMillis when the batch was written, wall clock. */
export function encodeColumnBatch(rows: Iterable<ColumnRow>, writtenUnixMillis: number): Uint8Array {
  const builder = createColumnBatchBuilder();
  for (const row of rows) builder.append(row.span, row.llm);
  return builder.encode(writtenUnixMillis);
}

/** Says anew when an encoded batch was written, wall clock, ms. */
export function stampColumnBatch(bytes: Uint8Array, writtenUnixMillis: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(WRITTEN_OFFSET, writtenUnixMillis, true);
}

/** An empty builder. Ids must be lower-case hex of full length and times 0..2^64-1, else `append` throws. */
export function createColumnBatchBuilder(): ColumnBatchBuilder {
  return new Builder();
}

class Builder implements ColumnBatchBuilder {
  /** By column number. */
  readonly #columns: (ColumnBuilder | undefined)[] = Array.from({ length: MAX_COLUMN_ID + 1 }, () => undefined);
  #resources = createResourceTable();
  #rowCount = 0;

  get rowCount(): number {
    return this.#rowCount;
  }

  append(span: SpanRecord, llm: LlmColumns | undefined): void {
    this.#appendSpan(span);
    this.#appendExtras(span, llm);
    if (llm !== undefined) this.#appendLlm(llm);
    this.#rowCount++;
  }

  #column(id: number): ColumnBuilder {
    return this.#columns[id] ?? this.#newColumn(id);
  }

  #newColumn(id: number): ColumnBuilder {
    const column = new ColumnBuilder(id, COLUMN_SHAPES.get(id)?.shape ?? "text");
    this.#columns[id] = column;
    return column;
  }

  #fixed(id: number): GrowingBytes {
    return this.#column(id).fixed(this.#rowCount);
  }

  #optionalText(id: number, value: string | undefined): void {
    if (value !== undefined) this.#column(id).text(this.#rowCount, value);
  }

  #appendSpan(span: SpanRecord): void {
    this.#fixed(SPAN_COLUMN.traceId).id(span.traceId, 16);
    this.#fixed(SPAN_COLUMN.spanId).id(span.spanId, 8);
    if (span.parentSpanId !== undefined) this.#fixed(SPAN_COLUMN.parentSpanId).id(span.parentSpanId, 8);
    this.#fixed(SPAN_COLUMN.startUnixNanos).u64(span.startUnixNanos);
    if (span.durationNanos !== undefined) this.#fixed(SPAN_COLUMN.durationNanos).u64(span.durationNanos);
    this.#fixed(SPAN_COLUMN.resource).u32(this.#resources.indexOf(span.resource));
    this.#fixed(SPAN_COLUMN.flags).u32(span.flags);
    this.#fixed(SPAN_COLUMN.kind).u8(SPAN_KINDS.indexOf(span.kind));
    this.#fixed(SPAN_COLUMN.status).u8(STATUS_CODES.indexOf(span.status));
    this.#column(SPAN_COLUMN.name).text(this.#rowCount, span.name);
    this.#optionalText(SPAN_COLUMN.statusMessage, span.statusMessage);
    this.#optionalText(SPAN_COLUMN.scope, span.scope);
    this.#optionalText(SPAN_COLUMN.traceState, span.traceState);
  }

  #appendExtras(span: SpanRecord, llm: LlmColumns | undefined): void {
    if (span.attributes.size > 0) {
      const column = this.#column(SPAN_COLUMN.attributes);
      writeAttributes(column.beginText(this.#rowCount), span.attributes, llm);
      column.endText();
    }
    if (span.events.length > 0) this.#column(SPAN_COLUMN.events).text(this.#rowCount, encodeEvents(span.events));
    if (span.links.length > 0) this.#column(SPAN_COLUMN.links).text(this.#rowCount, encodeLinks(span.links));
  }

  #appendLlm(llm: LlmColumns): void {
    this.#fixed(SPAN_COLUMN.isLlm).u8(1);
    for (const { field, id, kind } of LLM_COLUMNS) {
      const value = llm[field];
      if (value === undefined || !isStorable(kind, value)) continue;
      if (typeof value === "string") this.#column(id).text(this.#rowCount, value);
      else if (typeof value === "boolean") this.#fixed(id).u8(value ? 1 : 0);
      else this.#fixed(id).f64(value);
    }
  }

  encode(writtenUnixMillis: number): Uint8Array<ArrayBuffer> {
    let columns = 0;
    let bytes = BATCH_HEADER_BYTES + this.#resources.bytes().length;
    for (const column of this.#columns) {
      const columnBytes = column?.encodedBytes(this.#rowCount) ?? 0;
      if (columnBytes > 0) columns++;
      bytes += columnBytes;
    }
    const target = new GrowingBytes(bytes);
    for (const value of [this.#rowCount, columns, this.#resources.count(), 0]) target.u32(value);
    target.f64(writtenUnixMillis);
    target.bytes(this.#resources.bytes());
    for (const column of this.#columns)
      if (column !== undefined && column.encodedBytes(this.#rowCount) > 0) column.writeTo(target, this.#rowCount);
    return target.view();
  }

  clear(): void {
    for (const column of this.#columns) column?.clear();
    this.#resources = createResourceTable();
    this.#rowCount = 0;
  }
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

/** Resources of a batch, each once: service and attribute text, both with a u32 length in front. */
function createResourceTable() {
  const encoded = new GrowingBytes();
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
      const part = new GrowingBytes(64);
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
