import { LLM_COLUMNS } from "../names/columns.ts";

/** How the values of a column lie in a batch: this many bytes each, or text of any length. */
export type ColumnShape = 1 | 4 | 8 | 16 | "text";

/** Columns of every span, by their number in the journal; never reused, never changed. */
export const SPAN_COLUMN = {
  traceId: 1,
  spanId: 2,
  parentSpanId: 3,
  startUnixNanos: 4,
  durationNanos: 5,
  resource: 6,
  flags: 7,
  kind: 8,
  status: 9,
  name: 10,
  statusMessage: 11,
  scope: 12,
  traceState: 13,
  attributes: 14,
  events: 15,
  links: 16,
  /** Present for a span that is an LLM call, even one of which nothing else is known. */
  isLlm: 17,
} as const;

const SPAN_SHAPES: readonly (readonly [id: number, shape: ColumnShape, required: boolean])[] = [
  [SPAN_COLUMN.traceId, 16, true],
  [SPAN_COLUMN.spanId, 8, true],
  [SPAN_COLUMN.parentSpanId, 8, false],
  [SPAN_COLUMN.startUnixNanos, 8, true],
  [SPAN_COLUMN.durationNanos, 8, false],
  [SPAN_COLUMN.resource, 4, true],
  [SPAN_COLUMN.flags, 4, true],
  [SPAN_COLUMN.kind, 1, true],
  [SPAN_COLUMN.status, 1, true],
  [SPAN_COLUMN.name, "text", true],
  [SPAN_COLUMN.statusMessage, "text", false],
  [SPAN_COLUMN.scope, "text", false],
  [SPAN_COLUMN.traceState, "text", false],
  [SPAN_COLUMN.attributes, "text", false],
  [SPAN_COLUMN.events, "text", false],
  [SPAN_COLUMN.links, "text", false],
  [SPAN_COLUMN.isLlm, 1, false],
];

const LLM_SHAPES = { text: "text", boolean: 1, number: 8, count: 8 } as const;

/** Shape of every column a batch may hold, and whether each row must have a value, by column number. */
export const COLUMN_SHAPES: ReadonlyMap<number, { readonly shape: ColumnShape; readonly required: boolean }> = new Map([
  ...SPAN_SHAPES.map(([id, shape, required]) => [id, { shape, required }] as const),
  ...LLM_COLUMNS.map(({ id, kind }) => [id, { shape: LLM_SHAPES[kind], required: false }] as const),
]);

/** Fixed part in front of the resource table: rows u32, columns u32, resources u32, reserved u32, written f64 (ms). */
export const BATCH_HEADER_BYTES = 24;
/** Where the time of writing stands in it. */
export const WRITTEN_OFFSET = 16;
/** In front of each column: id u16, shape u8, flags u8 (bit 0: every row has a value), bytes u32. */
export const COLUMN_HEADER_BYTES = 8;
export const COLUMN_IS_FULL = 1;
/** `shape` byte of a text column; fixed columns write their width. */
export const TEXT_SHAPE = 0xff;
