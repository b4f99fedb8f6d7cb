import { encodeAttributes, encodeEvents, encodeLinks, type SpanRecord } from "@nexent/monitor-core";
import type { StoredSpan } from "./contract.ts";

/** Whether two spans say exactly the same, the order of their attributes included. */
export function isSameSpan({ span: a }: StoredSpan, { span: b }: StoredSpan): boolean {
  return isSameText(a, b) && SCALARS.every((key) => a[key] === b[key]);
}

const SCALARS = [
  "traceId",
  "spanId",
  "parentSpanId",
  "flags",
  "kind",
  "startUnixNanos",
  "durationNanos",
  "status",
] as const;

function isSameText(a: SpanRecord, b: SpanRecord): boolean {
  const [left, right] = [textsOf(a), textsOf(b)];
  return left.every(
    (text, at) => text === right[at] || (text !== undefined && storedText(text) === storedText(right[at] ?? "")),
  );
}

function textsOf(span: SpanRecord): readonly (string | undefined)[] {
  return [
    span.name,
    span.statusMessage,
    span.scope,
    span.traceState,
    span.resource.service,
    encodeAttributes(span.resource.attributes),
    encodeAttributes(span.attributes),
    encodeEvents(span.events),
    encodeLinks(span.links),
  ];
}

/** A lone surrogate cannot be stored and comes back as U+FFFD. */
function storedText(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** What to do with a span whose identity is stored already. */
export type RepeatVerdict = "replace" | "duplicate" | "conflict";

/**
 * A span with an end replaces one without; a copy without an end of a span that has one is an earlier view of it;
 * otherwise the first stays, and a different one is a conflict.
 */
export function judgeRepeat(stored: StoredSpan, next: StoredSpan): RepeatVerdict {
  const storedEnded = stored.span.durationNanos !== undefined;
  const nextEnded = next.span.durationNanos !== undefined;
  if (!storedEnded && nextEnded) return "replace";
  if (storedEnded && !nextEnded) return "duplicate";
  return isSameSpan(stored, next) ? "duplicate" : "conflict";
}
