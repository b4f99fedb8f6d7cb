import { LIMITS, llmFieldsOf, storableLlmFields, type SpanRecord } from "@nexent/monitor-core";
import type { CallRow, StoredSpan } from "./contract.ts";
import { nanosToSeconds } from "./number-columns.ts";

/** A span with the promoted fields of its attributes, as every store keeps it. */
export function toStoredSpan(span: SpanRecord): StoredSpan {
  const llm = llmFieldsOf(span);
  return llm === undefined ? { span } : { span, llm: storableLlmFields(llm) };
}

/** Identity of a span in maps: trace id and span id. */
export function spanKey(traceId: string, spanId: string): string {
  return traceId + spanId;
}

/** Identities of some spans, in their order. */
export function keysOf(spans: readonly StoredSpan[]): readonly string[] {
  return spans.map(({ span }) => spanKey(span.traceId, span.spanId));
}

/** Order of `trace()`: by start, ties by span id. */
export function compareSpans(a: StoredSpan, b: StoredSpan): number {
  if (a.span.startUnixNanos !== b.span.startUnixNanos) return a.span.startUnixNanos < b.span.startUnixNanos ? -1 : 1;
  return a.span.spanId < b.span.spanId ? -1 : Number(a.span.spanId > b.span.spanId);
}

/** The first traces that hold no more spans together than one trace may have; empty ones are left out. */
export function wholeTraces(traces: readonly (readonly StoredSpan[])[]): readonly (readonly StoredSpan[])[] {
  const kept: (readonly StoredSpan[])[] = [];
  let spans = 0;
  for (const trace of traces) {
    if (trace.length === 0) continue;
    spans += trace.length;
    if (kept.length > 0 && spans > LIMITS.spansPerTrace) break;
    kept.push(trace);
  }
  return kept;
}

/** The row of a call list; `undefined` for a span that is no finished LLM call. */
export function toCallRow({ span, llm }: StoredSpan): CallRow | undefined {
  if (llm === undefined || span.durationNanos === undefined) return undefined;
  // The tape is for the detail view; rows stay small.
  const { tokenTape: _tape, ...fields } = llm;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    service: span.resource.service,
    startUnixNanos: span.startUnixNanos,
    durationSeconds: nanosToSeconds(span.durationNanos),
    status: span.status,
    ...(span.statusMessage === undefined ? {} : { statusMessage: span.statusMessage }),
    llm: fields,
  };
}
