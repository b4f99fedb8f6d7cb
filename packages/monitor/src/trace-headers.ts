import { manager } from "./manager.ts";

/**
 * W3C trace context of the active span, for a request the application sends itself: `traceparent`, and `tracestate`
 * where there is one. Empty without an active span.
 * @example
 * await fetch(url, { headers: { ...traceHeaders(), accept: "application/json" } });
 */
export function traceHeaders(): Record<string, string> {
  const context = manager.activeSpan()?.context;
  if (context === undefined) return {};
  const { traceId, spanId, traceFlags, traceState } = context;
  const flags = (traceFlags & 0xff).toString(16).padStart(2, "0");
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    ...(traceState !== undefined && traceState !== "" && { tracestate: traceState }),
  };
}
