/** Decides which ended spans are exported. */
import type * as OtelTrace from "@opentelemetry/sdk-trace";
import type { Api } from "./packages.ts";

/** Takes the spans that are to be exported. */
export type SpanSink = (span: OtelTrace.ReadableSpan) => void;

/** Hands every sampled span to `sink` when it ends. It keeps nothing itself, so there is nothing to flush. */
export function createSpanProcessor(api: Api, sink: SpanSink): OtelTrace.SpanProcessor {
  return {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & api.TraceFlags.SAMPLED) !== 0) sink(span);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
