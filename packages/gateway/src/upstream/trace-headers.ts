/** What an upstream is told of a trace (gateway contract 8). */
import { traceContextHeaders, type SpanContext } from "@nexent/monitor/recorder";
import type { TracingPolicy } from "./upstream.ts";

/** Header names (lower case) that stay behind, and headers set in their place as name and value in turn. */
export interface TraceHeaders {
  readonly omit: readonly string[];
  readonly add: readonly string[];
}

const UNCHANGED: TraceHeaders = { omit: [], add: [] };
const STRIPPED: TraceHeaders = { omit: ["traceparent", "tracestate", "baggage"], add: [] };

/**
 * The trace headers of a policy. `propagate` needs a span of ours; without one (telemetry off) the client's own headers
 * are still the truth and pass.
 */
export function traceHeaders(policy: TracingPolicy, context: SpanContext | undefined): TraceHeaders {
  if (policy === "strip") return STRIPPED;
  if (policy === "pass" || context === undefined) return UNCHANGED;
  return { omit: ["traceparent", "tracestate"], add: Object.entries(traceContextHeaders(context)).flat() };
}
