import {
  LIMITS,
  SPAN_KINDS,
  STATUS_CODES,
  type AttributeMap,
  type Resource,
  type SpanEvent,
  type SpanLink,
  type SpanRecord,
} from "@nexent/monitor-core";
import type {
  TelemetryBatch,
  TelemetryEvent,
  TelemetryLink,
  TelemetryResource,
  TelemetrySpan,
} from "../codecs/telemetry-batch.ts";
import { addFingerprint, mayLackFingerprint } from "./fingerprint.ts";
import { addErrorType, addOurNames, firstChunkOf, mayLackNames } from "./our-names.ts";
import { brokenTime, isId, isNoId, timeBoundsAt, type RejectReason, type TimeBounds } from "./reject.ts";
import { cleanAttributes, cleanText, emptyCounts, type SanitiseCounts } from "./sanitise.ts";
import { serviceOf } from "./service-name.ts";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const MAX_INT64 = 2n ** 63n - 1n;

/** A batch in our names, what was turned away, and what had to be changed. */
export interface Normalised {
  readonly spans: readonly SpanRecord[];
  readonly rejected: Map<RejectReason, number>;
  readonly counts: Readonly<SanitiseCounts>;
}

/** Everybody's names become ours; limits, ids and times are checked span by span. Pure; what needs no change is shared. */
export function normalise(batch: TelemetryBatch, nowMs: number): Normalised {
  const spans: SpanRecord[] = [];
  const rejected = new Map<RejectReason, number>();
  const counts = emptyCounts();
  counts.dropped += batch.droppedItems ?? 0;
  const bounds = timeBoundsAt(nowMs);
  for (const wireResource of batch.resources) {
    const resource = resourceOf(wireResource, counts);
    for (const scope of wireResource.scopes) {
      const scopeName = cleanText(scope.name, LIMITS.valueBytes, counts);
      for (const wire of scope.spans) {
        const reason = brokenSpan(wire, bounds);
        if (reason === undefined) spans.push(spanOf(wire, resource, scopeName, counts));
        else rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
      }
    }
  }
  return { spans, rejected, counts };
}

function resourceOf(wire: TelemetryResource, counts: SanitiseCounts): Resource {
  const attributes = cleanAttributes(wire.attributes, counts);
  const service = serviceOf(attributes);
  if (attributes.get("service.name") === service) return { service, attributes };
  return { service, attributes: new Map(attributes).set("service.name", service) };
}

function brokenSpan(wire: TelemetrySpan, bounds: TimeBounds): RejectReason | undefined {
  if (!isId(wire.traceId, TRACE_ID_BYTES)) return "trace_id";
  if (!isId(wire.spanId, SPAN_ID_BYTES)) return "span_id";
  if (!isNoId(wire.parentSpanId) && !isId(wire.parentSpanId, SPAN_ID_BYTES)) return "parent_id";
  return brokenTime(wire.startUnixNanos, wire.endUnixNanos, bounds);
}

type Draft = { -readonly [Field in keyof SpanRecord]: SpanRecord[Field] };

function spanOf(wire: TelemetrySpan, resource: Resource, scope: string, counts: SanitiseCounts): SpanRecord {
  const events = eventsOf(wire.events, counts);
  const span: Draft = {
    traceId: wire.traceId,
    spanId: wire.spanId,
    flags: wire.flags >>> 0,
    name: cleanText(wire.name, LIMITS.valueBytes, counts),
    kind: SPAN_KINDS[wire.kind] ?? "unspecified",
    startUnixNanos: wire.startUnixNanos,
    status: STATUS_CODES[wire.statusCode] ?? "unset",
    resource,
    attributes: attributesOf(wire, events, counts),
    events,
    links: linksOf(wire.links, counts),
  };
  if (!isNoId(wire.parentSpanId)) span.parentSpanId = wire.parentSpanId;
  if (wire.endUnixNanos !== 0n) span.durationNanos = wire.endUnixNanos - wire.startUnixNanos;
  if (wire.traceState !== "") span.traceState = cleanText(wire.traceState, LIMITS.valueBytes, counts);
  if (wire.statusMessage !== "") span.statusMessage = cleanText(wire.statusMessage, LIMITS.valueBytes, counts);
  if (scope !== "") span.scope = scope;
  return span;
}

/** @param events those of the span, clean already. */
function attributesOf(wire: TelemetrySpan, events: readonly SpanEvent[], counts: SanitiseCounts): AttributeMap {
  const clean = cleanAttributes(wire.attributes, counts);
  const firstChunkSeconds = firstChunkOf(wire.events, wire.startUnixNanos);
  if (!mayLackNames(clean, firstChunkSeconds) && !mayLackFingerprint(clean)) return clean;
  const attributes = new Map(clean);
  addOurNames(attributes, firstChunkSeconds);
  if (STATUS_CODES[wire.statusCode] === "error") addErrorType(attributes, events);
  addFingerprint(attributes, wire.endUnixNanos === 0n ? undefined : wire.endUnixNanos - wire.startUnixNanos);
  return attributes;
}

const NOTHING: readonly never[] = [];

function eventsOf(events: readonly TelemetryEvent[], counts: SanitiseCounts): readonly SpanEvent[] {
  if (events.length === 0) return NOTHING;
  const kept = events
    .filter(({ timeUnixNanos: time }) => time >= 0n && time <= MAX_INT64)
    .slice(0, LIMITS.eventsPerSpan);
  counts.dropped += events.length - kept.length;
  return kept.map((event) => ({
    name: cleanText(event.name, LIMITS.valueBytes, counts),
    timeUnixNanos: event.timeUnixNanos,
    attributes: cleanAttributes(event.attributes, counts),
  }));
}

function linksOf(links: readonly TelemetryLink[], counts: SanitiseCounts): readonly SpanLink[] {
  if (links.length === 0) return NOTHING;
  const kept = links
    .filter((link) => isId(link.traceId, TRACE_ID_BYTES) && isId(link.spanId, SPAN_ID_BYTES))
    .slice(0, LIMITS.linksPerSpan);
  counts.dropped += links.length - kept.length;
  return kept.map((link) => ({
    traceId: link.traceId,
    spanId: link.spanId,
    attributes: cleanAttributes(link.attributes, counts),
  }));
}
