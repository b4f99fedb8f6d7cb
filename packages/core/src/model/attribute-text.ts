/**
 * Attributes as one line of text, and back, exactly: the form in which the journal keeps them and the index splits them
 * into a map. Keys and values alternate, separated by U+0002. A string stands as it is; every other value begins with
 * U+0001 and a letter: `i` whole number, `d` double, `b` boolean, `x` bytes, `j` nested (JSON), `s` a string that could
 * be taken for something else (JSON), `c` the value stands in the promoted column of this key.
 */
import { MonitorError } from "../errors.ts";
import { bytesToHex, hexToBytes } from "./hex.ts";
import type { AttributeMap, AttributeValue } from "./span-record.ts";

export const SEPARATOR = "\u0002";
export const MARK = "\u0001";
export const IN_COLUMN = "\u0001c";
/** Separator, mark, NUL (which some engines cut at), and lone surrogates (which UTF-8 cannot carry). */
// oxlint-disable-next-line no-control-regex -- these control characters are the format
const NEEDS_QUOTES = /[\u0000-\u0002]|\p{Surrogate}/u;
const MAX_NESTING = 64;

/** Values of promoted columns by attribute key. */
export type ColumnValues = ReadonlyMap<string, AttributeValue>;

/** Text of a map; the empty map gives the empty string. A value equal to its column's is written as `c`. */
export function encodeAttributes(attributes: AttributeMap, inColumns?: ColumnValues): string {
  let text = "";
  for (const [key, value] of attributes) {
    if (text !== "") text += SEPARATOR;
    const held = inColumns !== undefined && typeof value !== "object" && inColumns.get(key) === value;
    text += encodeAttributeKey(key) + SEPARATOR + (held ? IN_COLUMN : encodeAttributeValue(value));
  }
  return text;
}

/** A key as text. */
export function encodeAttributeKey(key: string): string {
  // An empty key at the very front would read as the empty map.
  return key === "" ? `${MARK}s""` : encodeString(key);
}

/** @throws {PAYLOAD_MALFORMED} when the text is not one that `encodeAttributes` writes. */
export function decodeAttributes(text: string, inColumns?: ColumnValues): AttributeMap {
  if (text === "") return new Map();
  const parts = text.split(SEPARATOR);
  return decodeAttributeParts(
    parts.filter((_, at) => at % 2 === 0),
    parts.filter((_, at) => at % 2 === 1),
    inColumns,
  );
}

/** As `decodeAttributes`, from keys and values that are split already. @throws {PAYLOAD_MALFORMED} */
export function decodeAttributeParts(
  keys: readonly string[],
  values: readonly string[],
  inColumns?: ColumnValues,
): AttributeMap {
  if (keys.length !== values.length) throw malformed("a key without a value");
  const map = new Map<string, AttributeValue>();
  for (const [at, key] of keys.entries()) {
    const name = decodeAttributeValue(key);
    if (typeof name !== "string") throw malformed("a key that is no string");
    map.set(name, valueOf(name, values[at] ?? "", inColumns));
  }
  if (map.size !== keys.length) throw malformed("a key stands twice");
  return map;
}

function valueOf(key: string, text: string, inColumns: ColumnValues | undefined): AttributeValue {
  if (text !== IN_COLUMN) return decodeAttributeValue(text);
  const value = inColumns?.get(key);
  if (value === undefined) throw malformed("a column that holds no value");
  return value;
}

/** One value as text. */
export function encodeAttributeValue(value: AttributeValue): string {
  if (typeof value === "string") return encodeString(value);
  if (typeof value === "boolean") return `${MARK}b${value ? "1" : "0"}`;
  if (typeof value === "bigint") return `${MARK}i${value}`;
  if (typeof value === "number") return encodeNumber(value);
  if (value instanceof Uint8Array) return `${MARK}x${bytesToHex(value)}`;
  return `${MARK}j${JSON.stringify(toJson(value))}`;
}

/** Inverse of `encodeAttributeValue`. @throws {PAYLOAD_MALFORMED} */
export function decodeAttributeValue(text: string): AttributeValue {
  if (!text.startsWith(MARK)) return text;
  const body = text.slice(2);
  switch (text[1]) {
    case "s":
      return decodeQuoted(body);
    case "i":
      return decodeInteger(body);
    case "d":
      return body === "-0" ? -0 : Number(body);
    case "b":
      return body === "1";
    case "x":
      return decodeBytes(body);
    case "j":
      return fromJson(parseJson(body), 0);
    default:
      throw malformed("an unknown value letter");
  }
}

function encodeString(value: string): string {
  return NEEDS_QUOTES.test(value) ? `${MARK}s${JSON.stringify(value)}` : value;
}

function decodeQuoted(body: string): string {
  const value = parseJson(body);
  if (typeof value !== "string") throw malformed("a quoted value that is no string");
  return value;
}

function encodeNumber(value: number): string {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return `${MARK}i${value}`;
  return `${MARK}d${Object.is(value, -0) ? "-0" : value}`;
}

/** Whole numbers up to 2^53 are numbers, others bigint, as `AttributeValue` says. */
function decodeInteger(body: string): number | bigint {
  if (!/^-?\d{1,40}$/.test(body)) throw malformed("a whole number that is none");
  const value = Number(body);
  return Number.isSafeInteger(value) ? value : BigInt(body);
}

function decodeBytes(body: string): Uint8Array {
  const bytes = hexToBytes(body);
  if (bytes === undefined) throw malformed("bytes that are no hex");
  return bytes;
}

/** Nested values: JSON where JSON is exact, else an object with one letter. */
function toJson(value: AttributeValue): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { d: encodeNumber(value).slice(2) };
  if (typeof value === "bigint") return { i: String(value) };
  if (value instanceof Uint8Array) return { x: bytesToHex(value) };
  if (value instanceof Map) return { m: [...(value as AttributeMap)].flatMap(([key, item]) => [key, toJson(item)]) };
  return (value as readonly AttributeValue[]).map(toJson);
}

function fromJson(json: unknown, depth: number): AttributeValue {
  if (depth > MAX_NESTING) throw malformed("values nest too deep");
  if (json === null || typeof json === "string" || typeof json === "boolean" || typeof json === "number") return json;
  if (Array.isArray(json)) return json.map((item) => fromJson(item, depth + 1));
  const [letter, body] = Object.entries(json as object)[0] ?? [];
  if (letter === "m" && Array.isArray(body)) return mapFromJson(body, depth + 1);
  if (typeof body !== "string") throw malformed("an unknown nested value");
  if (letter === "d") return decodeAttributeValue(`${MARK}d${body}`);
  if (letter === "i") return decodeInteger(body);
  if (letter === "x") return decodeBytes(body);
  throw malformed("an unknown nested value");
}

function mapFromJson(items: readonly unknown[], depth: number): AttributeMap {
  const map = new Map<string, AttributeValue>();
  for (let at = 0; at < items.length; at += 2) {
    const key = items[at];
    if (typeof key !== "string" || at + 1 >= items.length) throw malformed("a nested key that is no string");
    map.set(key, fromJson(items[at + 1], depth));
  }
  return map;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed("broken JSON", cause);
  }
}

function malformed(what: string, cause?: unknown): MonitorError {
  return new MonitorError("PAYLOAD_MALFORMED", `attribute text: ${what}`, { cause });
}
