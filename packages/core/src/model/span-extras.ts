/** Events and links of a span as one JSON text each, exact, and back. No events give the empty string. */
import { MonitorError } from "../errors.ts";
import { decodeAttributes, encodeAttributes } from "./attribute-text.ts";
import type { SpanEvent, SpanLink } from "./span-record.ts";

/** `[[name, nanos, attribute text], ...]` */
export function encodeEvents(events: readonly SpanEvent[]): string {
  if (events.length === 0) return "";
  return JSON.stringify(
    events.map((event) => [event.name, String(event.timeUnixNanos), encodeAttributes(event.attributes)]),
  );
}

/** @throws {PAYLOAD_MALFORMED} */
export function decodeEvents(text: string): readonly SpanEvent[] {
  return rowsOf(text).map(([name, nanos, attributes]) => {
    if (!/^\d{1,20}$/.test(nanos)) throw malformed("an event without a time");
    return { name, timeUnixNanos: BigInt(nanos), attributes: decodeAttributes(attributes) };
  });
}

/** `[[trace id, span id, attribute text], ...]` */
export function encodeLinks(links: readonly SpanLink[]): string {
  if (links.length === 0) return "";
  return JSON.stringify(links.map((link) => [link.traceId, link.spanId, encodeAttributes(link.attributes)]));
}

/** @throws {PAYLOAD_MALFORMED} */
export function decodeLinks(text: string): readonly SpanLink[] {
  return rowsOf(text).map(([traceId, spanId, attributes]) => ({
    traceId,
    spanId,
    attributes: decodeAttributes(attributes),
  }));
}

function rowsOf(text: string): readonly (readonly [string, string, string])[] {
  if (text === "") return [];
  const rows = parse(text);
  if (!Array.isArray(rows)) throw malformed("no list");
  return rows.map((row: unknown) => {
    if (!Array.isArray(row) || row.length !== 3) throw malformed("a row that is not of three parts");
    const [first, second, third] = row as readonly unknown[];
    if (typeof first !== "string" || typeof second !== "string" || typeof third !== "string")
      throw malformed("a part that is no text");
    return [first, second, third] as const;
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed("broken JSON", cause);
  }
}

function malformed(what: string, cause?: unknown): MonitorError {
  return new MonitorError("PAYLOAD_MALFORMED", `events or links: ${what}`, { cause });
}
