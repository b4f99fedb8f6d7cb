/** Decides which ended spans are exported. */
import type * as OtelApi from "@opentelemetry/api";
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { ATTR, isInferenceOperation, LIMITS } from "@nexent/monitor-core";
import { withoutThreshold } from "../../sampling/consistent-probability.ts";
import { keepReasonOf, type KeepReason } from "../../sampling/keep-reason.ts";
import { createTraceBuffer, type TraceBufferOptions } from "../../sampling/trace-buffer.ts";
import { sizeOf } from "./encoding.ts";
import type { Api } from "./packages.ts";

type ReadableSpan = OtelTrace.ReadableSpan;

/** Takes the spans that are to be exported. */
export type SpanSink = (span: ReadableSpan) => void;

/** Bounds and threshold of the tail decision (measurement contract 6). */
export interface TailOptions extends Pick<
  TraceBufferOptions<ReadableSpan>,
  "maxTraces" | "maxSpans" | "maxAgeMs" | "onEvicted" | "onWaiting"
> {
  /** A longer local root or LLM span is slow. */
  readonly slowRequestSeconds: () => number;
  readonly onKept?: (reason: KeepReason | "head") => void;
}

/** The processor of our own provider. */
export interface TailKeepProcessor extends OtelTrace.SpanProcessor {
  /** `span`, still open, demands that its trace is kept. */
  demand(span: OtelApi.Span, reason: KeepReason): void;
  /** Decides every trace that waits. */
  close(): void;
}

/** Whether nothing of this process stands above the span. */
function isLocalRoot({ parentSpanContext }: ReadableSpan): boolean {
  return parentSpanContext === undefined || parentSpanContext.isRemote === true;
}

function isLlmSpan({ attributes }: ReadableSpan): boolean {
  const operation = attributes[ATTR.genAiOperationName];
  return typeof operation === "string" && isInferenceOperation(operation);
}

/** A kept span as it is exported: sampled, with its reason; with which probability it came here nobody knows. */
function keptSpan(api: Api, span: ReadableSpan, reason: KeepReason): ReadableSpan {
  const { traceState, ...context } = span.spanContext();
  const own = traceState?.get("ot");
  const rest = own === undefined ? "" : withoutThreshold(own);
  const state = own === undefined ? traceState : rest === "" ? traceState?.unset("ot") : traceState?.set("ot", rest);
  const kept = {
    ...context,
    traceFlags: context.traceFlags | api.TraceFlags.SAMPLED,
    ...(state !== undefined && { traceState: state }),
  };
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => kept,
    ...(span.parentSpanContext !== undefined && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes: { ...span.attributes, [ATTR.samplingReason]: reason },
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
  };
}

/**
 * Hands every head-sampled span to `sink` when it ends, and the spans of other traces when one of them turns out to be
 * worth keeping: a span that demanded it, or a local root or LLM span that failed or took too long.
 */
export function createSpanProcessor(api: Api, sink: SpanSink, tail: TailOptions): TailKeepProcessor {
  const demanded = new WeakMap<object, KeepReason>();
  const { slowRequestSeconds, onKept, ...bounds } = tail;
  const buffer = createTraceBuffer<ReadableSpan>({
    ...bounds,
    maxBytes: LIMITS.tailBufferBytes,
    sizeOf,
    keep: (span, reason) => sink(keptSpan(api, span, reason)),
    ...(onKept && { onKept }),
  });
  const isSampled = (span: ReadableSpan): boolean => (span.spanContext().traceFlags & api.TraceFlags.SAMPLED) !== 0;
  const reasonOf = (span: ReadableSpan): KeepReason | undefined => {
    const own = demanded.get(span);
    if (own !== undefined || !(isLocalRoot(span) || isLlmSpan(span))) return own;
    const [seconds, nanos] = span.duration;
    return keepReasonOf({
      failed: span.status.code === api.SpanStatusCode.ERROR,
      slow: seconds + nanos / 1e9 > slowRequestSeconds(),
    });
  };
  return {
    onStart(span) {
      if (isSampled(span) || !(isLocalRoot(span) || isLlmSpan(span))) return;
      const { traceId, spanId } = span.spanContext();
      buffer.open(traceId, spanId);
    },
    onEnd(span) {
      if (isSampled(span)) {
        if (isLocalRoot(span)) onKept?.("head");
        return sink(span);
      }
      const { traceId, spanId } = span.spanContext();
      buffer.end({ traceId, spanId, span, reason: reasonOf(span) });
    },
    demand: (span, reason) => void demanded.set(span, reason),
    close: () => buffer.close(),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
