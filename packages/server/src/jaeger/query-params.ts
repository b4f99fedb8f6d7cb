import type { AttributeCondition } from "@nexent/monitor-store";
import { badParameter } from "./api-fault.ts";
import { parseGoDuration } from "./duration.ts";

const NANOS_PER_MICRO = 1_000n;
const MAX_DIGITS = 19;

/** A whole number of microseconds since the Unix epoch, as v1 writes times; in nanoseconds. @throws {ApiFault} */
export function microsOf(name: string, text: string | undefined): bigint | undefined {
  const value = wholeOf(name, text);
  return value === undefined ? undefined : value * NANOS_PER_MICRO;
}

/** A whole number of milliseconds, in nanoseconds. @throws {ApiFault} */
export function millisOf(name: string, text: string | undefined): bigint | undefined {
  const value = wholeOf(name, text);
  return value === undefined ? undefined : value * 1_000_000n;
}

function wholeOf(name: string, text: string | undefined): bigint | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d+$/.test(text) || text.length > MAX_DIGITS) throw badParameter(name, "a whole number is needed");
  return BigInt(text);
}

/** An RFC 3339 time with up to nanoseconds. @throws {ApiFault} */
export function rfc3339Of(name: string, text: string | undefined): bigint | undefined {
  if (text === undefined || text === "") return undefined;
  const [, seconds, fraction = "", zone] =
    /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const millis = seconds === undefined ? Number.NaN : Date.parse(`${seconds}${zone ?? ""}`.toUpperCase());
  if (Number.isNaN(millis)) throw badParameter(name, "an RFC 3339 time is needed, as 2026-01-02T03:04:05Z");
  return BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** A Go duration in nanoseconds. @throws {ApiFault} */
export function durationOf(name: string, text: string | undefined): bigint | undefined {
  if (text === undefined || text === "") return undefined;
  const nanos = parseGoDuration(text);
  if (nanos === undefined) throw badParameter(name, "a duration is needed, as 100ms or 1.2s");
  return nanos;
}

/** A count of at least 1. @throws {ApiFault} */
export function countOf(name: string, text: string | undefined): number | undefined {
  const value = wholeOf(name, text);
  if (value === 0n) throw badParameter(name, "at least 1 is needed");
  return value === undefined ? undefined : Number(value);
}

/** A boolean; absent is false. @throws {ApiFault} */
export function flagOf(name: string, text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "false") return false;
  if (text !== "true") throw badParameter(name, "true or false is needed");
  return true;
}

/** Lower-case trace id of full length; Jaeger leaves leading zeros out. @throws {ApiFault} */
export function traceIdOf(name: string, text: string): string {
  if (!/^[0-9a-f]{1,32}$/i.test(text)) throw badParameter(name, "a trace id has 1 to 32 hex digits");
  return text.toLowerCase().padStart(32, "0");
}

/** Attributes of a JSON object with string values. @throws {ApiFault} */
export function attributesOf(name: string, text: string): readonly AttributeCondition[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw badParameter(name, "a JSON object is needed");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw badParameter(name, "a JSON object is needed");
  }
  return Object.entries(json).map(([key, value]) => {
    if (typeof value !== "string") throw badParameter(name, `the value of '${key.slice(0, 100)}' must be a string`);
    return { key, value };
  });
}

/** An attribute written as `key:value`. @throws {ApiFault} */
export function attributeOf(name: string, text: string): AttributeCondition {
  const colon = text.indexOf(":");
  if (colon < 1) throw badParameter(name, "key:value is needed");
  return { key: text.slice(0, colon), value: text.slice(colon + 1) };
}
