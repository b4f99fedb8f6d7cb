import { encodeAttributeValue, type AttributeMap, type AttributeValue, type SpanRecord } from "@nexent/monitor-core";
import type { AttributeCondition } from "./contract.ts";

/** The text by which a search finds a value; undefined for values that have no plain text (bytes, lists, maps). */
function textOf(value: AttributeValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint"
    ? String(value)
    : undefined;
}

/** Whether a map has this key with a value of this text. */
export function hasAttributeText(attributes: AttributeMap, { key, value }: AttributeCondition): boolean {
  return textOf(attributes.get(key)) === value;
}

/** Whether an attribute of the span or of its resource has this key and this value. */
export function hasAttribute({ attributes, resource }: SpanRecord, condition: AttributeCondition): boolean {
  return hasAttributeText(attributes, condition) || hasAttributeText(resource.attributes, condition);
}

/** Every stored form of a value with this text: the inverse of {@link textOf}, in attribute text of the journal. */
export function storedForms(text: string): readonly string[] {
  const forms = [encodeAttributeValue(text)];
  if (text === "true" || text === "false") forms.push(encodeAttributeValue(text === "true"));
  const number = Number(text);
  if (String(number) === text) forms.push(encodeAttributeValue(number));
  if (text === "0") forms.push(encodeAttributeValue(-0));
  if (/^-?[1-9]\d{0,39}$/.test(text) && !Number.isSafeInteger(number)) forms.push(encodeAttributeValue(BigInt(text)));
  return forms;
}
