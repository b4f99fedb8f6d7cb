import { isInt64 } from "./any-value.ts";
import { malformed } from "./malformed.ts";

/** A JSON object of unknown content. Keys are only read by name, so `__proto__` does no harm. */
export type JsonObject = Readonly<Record<string, unknown>>;

const UINT64_MAX = 2n ** 64n - 1n;
const UINT32_MAX = 2n ** 32n - 1n;
/** Longest decimal text of a 64-bit integer, sign included. */
const INTEGER_CHARS = 20;

/** @throws {PAYLOAD_MALFORMED} unless the value is a JSON object. */
export function objectOf(value: unknown, field: string): JsonObject {
  if (!isObject(value)) throw malformed(`${field} must be an object`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An absent or `null` list is empty. @throws {PAYLOAD_MALFORMED} unless it is an array. */
export function listOf(object: JsonObject, field: string): readonly unknown[] {
  const value = own(object, field);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`${field} must be an array`);
  return value;
}

/** An own property; inherited names such as `constructor` are not fields. */
export function own(object: JsonObject, field: string): unknown {
  return Object.hasOwn(object, field) ? object[field] : undefined;
}

/** An absent or `null` text is empty. @throws {PAYLOAD_MALFORMED} unless it is a string. */
export function textOf(object: JsonObject, field: string): string {
  const value = own(object, field) ?? "";
  if (typeof value !== "string") throw malformed(`${field} must be a string`);
  return value;
}

/** An id in hexadecimal of any case, as OTLP JSON writes ids (not base64). */
export function hexTextOf(object: JsonObject, field: string): string {
  return textOf(object, field).toLowerCase();
}

/** A 64-bit integer as string or number; absent is 0. @throws {PAYLOAD_MALFORMED} */
function integerOf(value: unknown, field: string): bigint {
  const found = value ?? 0;
  if (typeof found === "number" && Number.isInteger(found)) return BigInt(found);
  if (typeof found === "string" && found.length <= INTEGER_CHARS && /^-?[0-9]+$/.test(found)) return BigInt(found);
  throw malformed(`${field} must be an integer, as a number or as a string`);
}

/** A signed 64-bit field. @throws {PAYLOAD_MALFORMED} */
export function int64Of(value: unknown, field: string): bigint {
  const found = integerOf(value, field);
  if (!isInt64(found)) throw malformed(`${field} is out of the 64-bit range`);
  return found;
}

/** An unsigned 64-bit field. @throws {PAYLOAD_MALFORMED} */
export function uint64Of(object: JsonObject, field: string): bigint {
  const found = integerOf(own(object, field), field);
  if (found < 0n || found > UINT64_MAX) throw malformed(`${field} is out of the 64-bit range`);
  return found;
}

/** A 32-bit field: flags, or an enumeration, which OTLP JSON writes as a number. @throws {PAYLOAD_MALFORMED} */
export function int32Of(object: JsonObject, field: string): number {
  const found = integerOf(own(object, field), field);
  if (found < -(2n ** 31n) || found > UINT32_MAX) throw malformed(`${field} is out of the 32-bit range`);
  return Number(found);
}

/** A double as number, numeric string, `"NaN"` or `"Infinity"`. @throws {PAYLOAD_MALFORMED} */
export function doubleOf(value: unknown, field: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && value.trim() !== "") {
    const found = Number(value);
    if (!Number.isNaN(found) || value === "NaN") return found;
  }
  throw malformed(`${field} must be a number`);
}

/** Bytes in base64 or base64url. @throws {PAYLOAD_MALFORMED} */
export function bytesOf(value: unknown, field: string): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw malformed(`${field} must be base64`);
  return new Uint8Array(Buffer.from(value, "base64"));
}
