import {
  LIMITS,
  SPAN_KINDS,
  STATUS_CODES,
  type AttributeValue,
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
import { addFingerprint } from "./fingerprint.ts";
import { addErrorType, addOurNames, firstChunkOf } from "./our-names.ts";
import { brokenTime, isId, isNoId, type RejectReason } from "./reject.ts";
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

/** Everybody's names become ours; limits, ids and times are checked span by span. Pure. */
export function normalise(batch: TelemetryBatch, nowMs: number): Normalised {
  const spans: SpanRecord[] = [];
  const rejected = new Map<RejectReason, number>();
  const counts = emptyCounts();
  counts.dropped += batch.droppedItems ?? 0;
  for (const wireResource of batch.resources) {
    const resource = resourceOf(wireResource, counts);
    for (const scope of wireResource.scopes) {
      const scopeName = cleanText(scope.name, LIMITS.valueBytes, counts);
      for (const wire of scope.spans) {
        const reason = brokenSpan(wire, nowMs);
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
  if (attributes.get("service.name") !== service) attributes.set("service.name", service);
  return { service, attributes };
}

function brokenSpan(wire: TelemetrySpan, nowMs: number): RejectReason | undefined {
  if (!isId(wire.traceId, TRACE_ID_BYTES)) return "trace_id";
  if (!isId(wire.spanId, SPAN_ID_BYTES)) return "span_id";
  if (!isNoId(wire.parentSpanId) && !isId(wire.parentSpanId, SPAN_ID_BYTES)) return "parent_id";
  return brokenTime(wire.startUnixNanos, wire.endUnixNanos, nowMs);
}

function spanOf(wire: TelemetrySpan, resource: Resource, scope: string, counts: SanitiseCounts): SpanRecord {
  const events = eventsOf(wire.events, counts);
  return {
    traceId: wire.traceId,
    spanId: wire.spanId,
    ...(isNoId(wire.parentSpanId) ? {} : { parentSpanId: wire.parentSpanId }),
    ...(wire.traceState === "" ? {} : { traceState: cleanText(wire.traceState, LIMITS.valueBytes, counts) }),
    flags: wire.flags >>> 0,
    name: cleanText(wire.name, LIMITS.valueBytes, counts),
    kind: SPAN_KINDS[wire.kind] ?? "unspecified",
    startUnixNanos: wire.startUnixNanos,
    ...(wire.endUnixNanos === 0n ? {} : { durationNanos: wire.endUnixNanos - wire.startUnixNanos }),
    status: STATUS_CODES[wire.statusCode] ?? "unset",
    ...(wire.statusMessage === "" ? {} : { statusMessage: cleanText(wire.statusMessage, LIMITS.valueBytes, counts) }),
    ...(scope === "" ? {} : { scope }),
    resource,
    attributes: attributesOf(wire, events, counts),
    events,
    links: linksOf(wire.links, counts),
  };
}

/** @param events those of the span, clean already. */
function attributesOf(
  wire: TelemetrySpan,
  events: readonly SpanEvent[],
  counts: SanitiseCounts,
): Map<string, AttributeValue> {
  const attributes = cleanAttributes(wire.attributes, counts);
  addOurNames(attributes, firstChunkOf(wire.events, wire.startUnixNanos));
  if (STATUS_CODES[wire.statusCode] === "error") addErrorType(attributes, events);
  addFingerprint(attributes, wire.endUnixNanos === 0n ? undefined : wire.endUnixNanos - wire.startUnixNanos);
  return attributes;
}

function eventsOf(events: readonly TelemetryEvent[], counts: SanitiseCounts): readonly SpanEvent[] {
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
