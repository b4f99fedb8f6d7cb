import type { SpanContext } from "../backend/backend.ts";

/** A span context as W3C headers: `traceparent`, and `tracestate` where there is one. */
export function traceContextHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): Record<string, string> {
  const flags = (traceFlags & 0xff).toString(16).padStart(2, "0");
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(traceState !== undefined && traceState !== "" && { tracestate: traceState }),
  };
}
