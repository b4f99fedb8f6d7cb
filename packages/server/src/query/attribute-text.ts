import type { RequestDetail } from "@nexent/monitor-api";
import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";

type AttributeRow = RequestDetail["attributes"][number];

/** Attributes as text with their type, in the order they came. */
export function attributeRows(attributes: AttributeMap): AttributeRow[] {
  return [...attributes].map(([key, value]) => ({ key, value: textOf(value), type: typeOf(value) }));
}

function typeOf(value: AttributeValue): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "double";
  if (typeof value !== "object") return typeof value === "boolean" ? "bool" : "string";
  if (value instanceof Uint8Array) return "bytes";
  return Array.isArray(value) ? "array" : "map";
}

function textOf(value: AttributeValue): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? JSON.stringify(plain(value)) : String(value);
}

/** A value as JSON can hold it: bytes as base64, large integers as text. */
function plain(value: AttributeValue): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return (value as readonly AttributeValue[]).map(plain);
  if (value instanceof Map) {
    return Object.fromEntries([...(value as AttributeMap)].map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}
