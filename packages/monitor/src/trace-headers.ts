import { manager } from "./manager.ts";
import { traceContextHeaders } from "./recording/trace-context.ts";

/**
 * W3C trace context of the active span, for a request the application sends itself: `traceparent`, and `tracestate`
 * where there is one. Empty without an active span.
 * @example
 * await fetch(url, { headers: { ...traceHeaders(), accept: "application/json" } });
 */
export function traceHeaders(): Record<string, string> {
  const context = manager.activeSpan()?.context;
  return context === undefined ? {} : traceContextHeaders(context);
}
