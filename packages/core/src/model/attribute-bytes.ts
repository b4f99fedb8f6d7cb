/** Attributes as the bytes of their text (`attribute-text.ts`), written straight into the column. */
import type { LlmFields } from "../llm-call.ts";
import { LLM_COLUMNS } from "../names/columns.ts";
import { encodeAttributeKey, encodeAttributeValue, IN_COLUMN, MARK, SEPARATOR } from "./attribute-text.ts";
import { GrowingBytes, SHORT_TEXT_UNITS } from "./growing-bytes.ts";
import type { LlmColumns } from "./column-batch.ts";
import type { AttributeMap, AttributeValue } from "./span-record.ts";

/** A key as it is written, separator included, and the field whose column may hold its value. */
interface KeyForm {
  readonly bytes: Uint8Array;
  readonly field: keyof LlmFields | undefined;
}

const SEPARATOR_CODE = SEPARATOR.charCodeAt(0);
const MARK_CODE = MARK.charCodeAt(0);
const INTEGER_CODE = "i".charCodeAt(0);
const DOUBLE_CODE = "d".charCodeAt(0);
const MAX_INT32 = 2 ** 31 - 1;

const FIELD_OF_ATTRIBUTE: ReadonlyMap<string, keyof LlmFields> = new Map(
  LLM_COLUMNS.flatMap((column) => ("attribute" in column ? [[column.attribute, column.field] as const] : [])),
);

/** Keys repeat in every span: their forms are kept, a bounded number of them. */
const MAX_KEPT_KEYS = 4096;
const MAX_KEPT_KEY_UNITS = 256;
const keptForms = new Map<string, KeyForm>();

/** Appends the text of a map; of the empty map nothing. A value equal to its column's is written as `c`. */
export function writeAttributes(target: GrowingBytes, attributes: AttributeMap, llm: LlmColumns | undefined): void {
  let isFirst = true;
  for (const [key, value] of attributes) {
    if (!isFirst) target.u8(SEPARATOR_CODE);
    isFirst = false;
    const { bytes, field } = keptForms.get(key) ?? keepForm(key);
    target.bytes(bytes);
    // Only texts are held in columns.
    if (field !== undefined && typeof value === "string" && llm?.[field] === value) target.ascii(IN_COLUMN);
    else writeValue(target, value);
  }
}

function keepForm(key: string): KeyForm {
  const bytes = new GrowingBytes();
  bytes.text(encodeAttributeKey(key));
  bytes.u8(SEPARATOR_CODE);
  const form = { bytes: bytes.view().slice(), field: FIELD_OF_ATTRIBUTE.get(key) };
  if (key.length > MAX_KEPT_KEY_UNITS) return form;
  if (keptForms.size >= MAX_KEPT_KEYS) keptForms.clear();
  keptForms.set(key, form);
  return form;
}

/** The usual values are written as they are; the rest by way of its text. */
function writeValue(target: GrowingBytes, value: AttributeValue): void {
  if (typeof value === "string") writeString(target, value);
  else if (typeof value === "number") writeNumber(target, value);
  else target.text(encodeAttributeValue(value));
}

function writeString(target: GrowingBytes, value: string): void {
  // What is above the separator and below 0x80 needs no quotes.
  if (value.length > SHORT_TEXT_UNITS || !target.ascii(value, SEPARATOR_CODE + 1))
    target.text(encodeAttributeValue(value));
}

function writeNumber(target: GrowingBytes, value: number): void {
  if (Object.is(value, -0)) return target.text(encodeAttributeValue(value));
  target.u8(MARK_CODE);
  target.u8(Number.isSafeInteger(value) ? INTEGER_CODE : DOUBLE_CODE);
  if (Number.isInteger(value) && value >= 0 && value <= MAX_INT32) target.digits(value);
  else target.ascii(String(value));
}
