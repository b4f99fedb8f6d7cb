import { LIMITS, type AttributeMap, type AttributeValue, type SpanRecord } from "@nexent/monitor-core";

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const MAX_NANOS = 2n ** 63n - 1n;
const MAX_FLAGS = 2 ** 32 - 1;

/**
 * Why a span must not be stored, or `undefined` if it may. A rejected record is final: sending it again changes nothing.
 */
export function brokenRule(span: SpanRecord): string | undefined {
  if (!TRACE_ID.test(span.traceId)) return "trace id is not 32 lower-case hex digits";
  if (!SPAN_ID.test(span.spanId)) return "span id is not 16 lower-case hex digits";
  if (span.parentSpanId !== undefined && !SPAN_ID.test(span.parentSpanId))
    return "parent id is not 16 lower-case hex digits";
  if (!isNanos(span.startUnixNanos)) return "start is outside 0..2^63-1 ns";
  if (span.durationNanos !== undefined && !isNanos(span.durationNanos)) return "duration is outside 0..2^63-1 ns";
  if (!Number.isInteger(span.flags) || span.flags < 0 || span.flags > MAX_FLAGS) return "flags are not 32 bits";
  if (span.events.some((event) => !isEventNanos(event.timeUnixNanos))) return "event time is outside 0..2^64-1 ns";
  if (span.links.some((link) => !TRACE_ID.test(link.traceId) || !SPAN_ID.test(link.spanId)))
    return "link without valid ids";
  return tooDeep(span) ? `attribute values nest deeper than ${LIMITS.valueNesting}` : undefined;
}

function isNanos(value: bigint): boolean {
  return value >= 0n && value <= MAX_NANOS;
}

function isEventNanos(value: bigint): boolean {
  return value >= 0n && value < 2n ** 64n;
}

function tooDeep({ attributes, resource, events, links }: SpanRecord): boolean {
  if (mapTooDeep(attributes, LIMITS.valueNesting) || resourceTooDeep(resource.attributes)) return true;
  for (const event of events) if (mapTooDeep(event.attributes, LIMITS.valueNesting)) return true;
  for (const link of links) if (mapTooDeep(link.attributes, LIMITS.valueNesting)) return true;
  return false;
}

/** Spans of one batch mostly share their resource, so the last one is remembered. */
let lastResource: { readonly attributes: AttributeMap; readonly isTooDeep: boolean } | undefined;

function resourceTooDeep(attributes: AttributeMap): boolean {
  if (lastResource?.attributes !== attributes)
    lastResource = { attributes, isTooDeep: mapTooDeep(attributes, LIMITS.valueNesting) };
  return lastResource.isTooDeep;
}

function mapTooDeep(map: AttributeMap, levels: number): boolean {
  for (const value of map.values()) if (valueTooDeep(value, levels)) return true;
  return false;
}

function valueTooDeep(value: AttributeValue, levels: number): boolean {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  if (levels === 0) return true;
  if (value instanceof Map) return mapTooDeep(value, levels - 1);
  return (value as readonly AttributeValue[]).some((item) => valueTooDeep(item, levels - 1));
}
