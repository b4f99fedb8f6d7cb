/** `@nexent/monitor`: what an application imports. */
import { addSpanEvent, getCurrentSpan, setSpanAttributes } from "./current-span.ts";
import { monitorEndpoint } from "./decorators/endpoint-decorator.ts";
import { configure, metricsText, MONITORING_AVAILABLE, shutdown, status } from "./life-cycle.ts";
import { monitorLlmCall } from "./decorators/llm-decorator.ts";
import { metricsHandler, metricsResponse } from "./metrics/metrics-endpoint.ts";
import { startMetricsServer } from "./metrics/metrics-server.ts";
import { observeStream } from "./observe-stream.ts";
import { recordLlmMetrics } from "./record-llm-metrics.ts";
import { createTokenTracker } from "./token-tracker.ts";
import { traceHeaders } from "./trace-headers.ts";
import { traceLlmRequest } from "./trace-request.ts";

export { configure, metricsText, MONITORING_AVAILABLE, shutdown, status } from "./life-cycle.ts";
export { monitorEndpoint, type EndpointOptions } from "./decorators/endpoint-decorator.ts";
export { monitorLlmCall, type LlmCallOptions, type ModelName } from "./decorators/llm-decorator.ts";
export { traceLlmRequest, type LlmRequest } from "./trace-request.ts";
export { createTokenTracker, type TokenTracker, type TrackerOptions } from "./token-tracker.ts";
export { observeStream, type ObserveOptions } from "./observe-stream.ts";
export { recordLlmMetrics, type LlmLabels, type LlmMetric } from "./record-llm-metrics.ts";
export { addSpanEvent, getCurrentSpan, setSpanAttributes, type SpanHandle } from "./current-span.ts";
export { traceHeaders } from "./trace-headers.ts";
export { metricsHandler, metricsResponse } from "./metrics/metrics-endpoint.ts";
export { startMetricsServer, type MetricsServer, type MetricsServerOptions } from "./metrics/metrics-server.ts";
export type { IncomingMessageLike, ServerResponseLike } from "./metrics/metrics-answer.ts";
export type { Classify } from "./follow/stream-observer.ts";
export type { RedactContent } from "./config/content-capture.ts";
export type { Tokenizer } from "./config/tokenizer.ts";
export type { Decorator } from "./decorators/wrap.ts";
export type { Attributes } from "./backend/backend.ts";
export type { MonitorOptions } from "./config/config.ts";
export type { MonitorState, MonitorStatus } from "./runtime.ts";

/** The functions of this package as one object. The `setup…` functions are at export paths of their own. */
export interface MonitoringManager {
  readonly configure: typeof configure;
  readonly status: typeof status;
  readonly shutdown: typeof shutdown;
  /** Whether OpenTelemetry is loaded and usable now. */
  readonly available: boolean;
  readonly monitorEndpoint: typeof monitorEndpoint;
  readonly monitorLlmCall: typeof monitorLlmCall;
  readonly traceLlmRequest: typeof traceLlmRequest;
  readonly createTokenTracker: typeof createTokenTracker;
  readonly observeStream: typeof observeStream;
  readonly recordLlmMetrics: typeof recordLlmMetrics;
  readonly addSpanEvent: typeof addSpanEvent;
  readonly setSpanAttributes: typeof setSpanAttributes;
  readonly getCurrentSpan: typeof getCurrentSpan;
  readonly traceHeaders: typeof traceHeaders;
  readonly metricsText: typeof metricsText;
  readonly metricsHandler: typeof metricsHandler;
  readonly metricsResponse: typeof metricsResponse;
  readonly startMetricsServer: typeof startMetricsServer;
}

/** The singleton manager. */
export const monitoringManager: MonitoringManager = {
  configure,
  status,
  shutdown,
  get available() {
    return MONITORING_AVAILABLE;
  },
  monitorEndpoint,
  monitorLlmCall,
  traceLlmRequest,
  createTokenTracker,
  observeStream,
  recordLlmMetrics,
  addSpanEvent,
  setSpanAttributes,
  getCurrentSpan,
  traceHeaders,
  metricsText,
  metricsHandler,
  metricsResponse,
  startMetricsServer,
};

/** The same object as {@link monitoringManager}. */
export function getMonitoringManager(): MonitoringManager {
  return monitoringManager;
}
