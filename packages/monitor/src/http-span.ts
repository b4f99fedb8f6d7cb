/** SERVER span and `http.server.request.duration` of one routed request. */
import { ATTR, METRICS, type MetricRegistry } from "@nexent/monitor-core";
import type { SpanBackend, SpanContext } from "@nexent/monitor/recorder";

/** Watches one request from its parsed head to the closed response. */
export interface HttpWatch {
  /** Parent for the LLM span; undefined without a span backend. */
  readonly context: SpanContext | undefined;
  /** `status` is undefined when the client left before a head was sent. */
  end(status: number | undefined): void;
}

/** Opens watches. */
export interface HttpWatcher {
  start(method: string, pattern: string, traceparent: string | undefined, tracestate: string | undefined): HttpWatch;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const TRACE_STATE_CHARACTERS = 512;

/** The context a valid W3C `traceparent` names; undefined for anything else. */
export function parseTraceparent(value: string | undefined, tracestate?: string): SpanContext | undefined {
  const match = value === undefined ? null : TRACEPARENT.exec(value.trim());
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const usable = tracestate !== undefined && tracestate !== "" && tracestate.length <= TRACE_STATE_CHARACTERS;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), ...(usable && { traceState: tracestate }) };
}

/** What watches need. */
export interface HttpWatcherDependencies {
  readonly backend: SpanBackend;
  readonly registry: MetricRegistry;
  /** Unix milliseconds with fraction. */
  readonly wallMs: () => number;
}

/** A watcher that writes to `backend` and `registry`. */
export function createHttpWatcher(deps: HttpWatcherDependencies): HttpWatcher {
  return {
    start(method, pattern, traceparent, tracestate) {
      const startMs = performance.now();
      const startUnixMicros = Math.round(deps.wallMs() * 1000);
      const parent = parseTraceparent(traceparent, tracestate);
      const span = deps.backend.startSpan({
        name: `${method} ${pattern}`,
        kind: "server",
        startUnixMicros,
        attributes: { [ATTR.httpRequestMethod]: method, [ATTR.httpRoute]: pattern },
        ...(parent !== undefined && { parent }),
      });
      return {
        // Without a backend the caller's own context is still the right parent.
        context: span.context ?? parent,
        end(status) {
          const seconds = (performance.now() - startMs) / 1000;
          const labels = {
            http_request_method: method,
            http_route: pattern,
            http_response_status_code: status === undefined ? "" : String(status),
          };
          deps.registry.histogram(METRICS.httpServerRequestDuration, labels).observe(seconds);
          if (status !== undefined) span.setAttributes({ [ATTR.httpResponseStatusCode]: status });
          span.end({
            endUnixMicros: startUnixMicros + Math.round(seconds * 1e6),
            ...(status !== undefined && status >= 500 && { error: true as const }),
          });
        },
      };
    },
  };
}
