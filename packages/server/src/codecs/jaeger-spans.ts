import { JAEGER_TAG, SPAN_KINDS, STATUS_CODES, type AttributeMap, type AttributeValue } from "@nexent/monitor-core";
import type { TelemetryEvent, TelemetryLink, TelemetryResource, TelemetrySpan } from "./telemetry-batch.ts";

/** A span as Jaeger's thrift carries it. Ids are hex, times microseconds. */
export interface JaegerWireSpan {
  readonly traceIdLow: string;
  readonly traceIdHigh: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly flags: number;
  readonly startMicros: bigint;
  readonly durationMicros: bigint;
  readonly tags: Map<string, AttributeValue>;
  readonly logs: readonly JaegerLog[];
  readonly references: readonly JaegerReference[];
}

export interface JaegerLog {
  readonly timeMicros: bigint;
  readonly fields: Map<string, AttributeValue>;
}

export interface JaegerReference {
  readonly isChildOf: boolean;
  readonly traceId: string;
  readonly spanId: string;
}

/** A span and the scope that its tags name. */
interface ScopedSpan {
  readonly scope: string;
  readonly span: TelemetrySpan;
}

const NANOS_PER_MICRO = 1_000n;
const NO_PARENT = "0".repeat(16);
/** The flag that OpenTelemetry knows too; the others (debug, firehose) would mean something else there. */
const SAMPLED = 1;
/** Older name of the scope, still written by some exporters. */
const OLD_SCOPE_NAME = "otel.library.name";

/** One Jaeger batch as one resource, its spans grouped by scope. */
export function jaegerResource(attributes: AttributeMap, spans: readonly ScopedSpan[]): TelemetryResource {
  const scopes = new Map<string, TelemetrySpan[]>();
  for (const { scope, span } of spans) {
    const group = scopes.get(scope);
    if (group === undefined) scopes.set(scope, [span]);
    else group.push(span);
  }
  return { attributes, scopes: [...scopes].map(([name, group]) => ({ name, spans: group })) };
}

/**
 * A Jaeger span in the shape of OpenTelemetry: what travels in tags because Jaeger has no field for it goes back where it
 * came from; everything else stays an attribute. The tags are taken over. The inverse of the SDK's encoder, and of the mapping other exporters use.
 */
export function jaegerSpan(wire: JaegerWireSpan): ScopedSpan {
  const traceId = wire.traceIdHigh + wire.traceIdLow;
  const parentSpanId = parentOf(wire, traceId);
  const { tags } = wire;
  const scope = takeText(tags, JAEGER_TAG.scopeName) ?? takeText(tags, OLD_SCOPE_NAME) ?? "";
  const kind = takeText(tags, JAEGER_TAG.kind)?.toLowerCase() ?? "";
  const traceState = takeText(tags, JAEGER_TAG.traceState) ?? "";
  const status = takeStatus(tags);
  const startUnixNanos = wire.startMicros * NANOS_PER_MICRO;
  const span: TelemetrySpan = {
    traceId,
    spanId: wire.spanId,
    parentSpanId,
    traceState,
    flags: wire.flags & SAMPLED,
    name: wire.name,
    kind: Math.max(
      0,
      SPAN_KINDS.findIndex((name) => name === kind),
    ),
    startUnixNanos,
    endUnixNanos: startUnixNanos + wire.durationMicros * NANOS_PER_MICRO,
    attributes: tags,
    events: wire.logs.map(eventOf),
    links: linksOf(wire.references, traceId, parentSpanId),
    ...status,
  };
  return { scope, span };
}

/** Old clients name the parent in a reference only. */
function parentOf(wire: JaegerWireSpan, traceId: string): string {
  if (wire.parentSpanId !== NO_PARENT) return wire.parentSpanId;
  return wire.references.find((ref) => ref.isChildOf && ref.traceId === traceId)?.spanId ?? "";
}

/** Every reference but the one that repeats the parent. */
function linksOf(references: readonly JaegerReference[], traceId: string, parentSpanId: string): TelemetryLink[] {
  return references
    .filter((ref) => !(ref.isChildOf && ref.traceId === traceId && ref.spanId === parentSpanId))
    .map((ref) => ({ traceId: ref.traceId, spanId: ref.spanId, attributes: new Map() }));
}

function takeStatus(tags: Map<string, AttributeValue>): Pick<TelemetrySpan, "statusCode" | "statusMessage"> {
  const code = takeText(tags, JAEGER_TAG.statusCode)?.toLowerCase();
  const isError = takeError(tags) || code === "error";
  const name = isError ? "error" : code === "ok" ? "ok" : "unset";
  const statusMessage = takeText(tags, JAEGER_TAG.statusDescription) ?? "";
  return { statusCode: STATUS_CODES.indexOf(name), statusMessage };
}

/** `error=true`, as a flag or as the text that old clients write; anything else under that name is an attribute. */
function takeError(tags: Map<string, AttributeValue>): boolean {
  const value = tags.get(JAEGER_TAG.error);
  if (typeof value !== "boolean" && value !== "true" && value !== "false") return false;
  tags.delete(JAEGER_TAG.error);
  return value === true || value === "true";
}

function takeText(tags: Map<string, AttributeValue>, key: string): string | undefined {
  const value = tags.get(key);
  if (typeof value !== "string") return undefined;
  tags.delete(key);
  return value;
}

function eventOf({ timeMicros, fields }: JaegerLog): TelemetryEvent {
  const name = takeText(fields, JAEGER_TAG.event) ?? "";
  return { timeUnixNanos: timeMicros * NANOS_PER_MICRO, name, attributes: fields };
}
