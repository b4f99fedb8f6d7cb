import { SPAN_KINDS } from "@nexent/monitor-core";
import { hasAttribute } from "../attribute-match.ts";
import type { ServiceLink, SpanFilter, SpanName, StoredSpan, TimeRange, TraceMatch } from "../contract.ts";
import { compareServiceLinks, compareSpanNames, compareTraceMatches } from "../answer-order.ts";
import { spanKey } from "../stored-span.ts";
import { inRange } from "./filter.ts";

/** Traces of the spans that match, newest first. */
export function matchTraces(spans: Iterable<StoredSpan>, filter: SpanFilter): TraceMatch[] {
  const newest = new Map<string, bigint>();
  for (const stored of endedIn(spans, filter.range)) {
    if (!matchesSpan(stored, filter)) continue;
    const { traceId, startUnixNanos } = stored.span;
    const known = newest.get(traceId);
    if (known === undefined || startUnixNanos > known) newest.set(traceId, startUnixNanos);
  }
  return [...newest].map(([traceId, startUnixNanos]) => ({ traceId, startUnixNanos })).sort(compareTraceMatches);
}

/** Names with their spans. */
export function countSpanNames(spans: Iterable<StoredSpan>, range: TimeRange): SpanName[] {
  const groups = new Map<string, { service: string; name: string; kind: SpanName["kind"]; spans: number }>();
  for (const { span } of endedIn(spans, range)) {
    const { name, kind } = span;
    const { service } = span.resource;
    const key = JSON.stringify([service, name, SPAN_KINDS.indexOf(kind)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { service, name, kind, spans: 1 });
    else group.spans++;
  }
  return [...groups.values()].sort(compareSpanNames);
}

/** Children by the services of both ends. */
export function countServiceLinks(spans: ReadonlyMap<string, StoredSpan>, range: TimeRange): ServiceLink[] {
  const links = new Map<string, { parent: string; child: string; spans: number }>();
  for (const { span } of endedIn(spans.values(), range)) {
    const above = span.parentSpanId === undefined ? undefined : spans.get(spanKey(span.traceId, span.parentSpanId));
    if (above === undefined || above.span.durationNanos === undefined || !inRange(above, range)) continue;
    const [parent, child] = [above.span.resource.service, span.resource.service];
    if (parent === child) continue;
    const key = JSON.stringify([parent, child]);
    const link = links.get(key);
    if (link === undefined) links.set(key, { parent, child, spans: 1 });
    else link.spans++;
  }
  return [...links.values()].sort(compareServiceLinks);
}

function* endedIn(spans: Iterable<StoredSpan>, range: TimeRange): Iterable<StoredSpan> {
  for (const stored of spans) if (stored.span.durationNanos !== undefined && inRange(stored, range)) yield stored;
}

function matchesSpan({ span }: StoredSpan, filter: SpanFilter): boolean {
  const duration = span.durationNanos ?? 0n;
  return (
    isWanted(span.resource.service, filter.service) &&
    isWanted(span.name, filter.name) &&
    isWanted(span.kind, filter.kind) &&
    isWanted(span.status, filter.status) &&
    duration >= (filter.minDurationNanos ?? 0n) &&
    (filter.maxDurationNanos === undefined || duration <= filter.maxDurationNanos) &&
    (filter.attributes ?? []).every((condition) => hasAttribute(span, condition))
  );
}

function isWanted(value: string, wanted: string | undefined): boolean {
  return wanted === undefined || value === wanted;
}
