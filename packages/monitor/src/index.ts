/** `@nexent/monitor`: what an application imports. */
import { addSpanEvent, getCurrentSpan, setSpanAttributes } from "./current-span.ts";
import { configure, metricsText, shutdown, status } from "./life-cycle.ts";
import { monitorLlmCall } from "./llm-decorator.ts";
import { createTokenTracker } from "./token-tracker.ts";
import { traceLlmRequest } from "./trace-request.ts";

export { configure, metricsText, MONITORING_AVAILABLE, shutdown, status } from "./life-cycle.ts";
export { addSpanEvent, getCurrentSpan, setSpanAttributes, type SpanHandle } from "./current-span.ts";
export { traceHeaders } from "./trace-headers.ts";
export { metricsHandler, metricsResponse } from "./metrics-endpoint.ts";
export { startMetricsServer, type MetricsServer, type MetricsServerOptions } from "./metrics-server.ts";
export type { IncomingMessageLike, ServerResponseLike } from "./metrics-answer.ts";
export { monitorLlmCall, type LlmCallOptions, type ModelName } from "./llm-decorator.ts";
export { createTokenTracker, type TokenTracker, type TrackerOptions } from "./token-tracker.ts";
export { traceLlmRequest, type LlmRequest } from "./trace-request.ts";
export type { Classify } from "./stream-observer.ts";
export type { Decorator } from "./wrap.ts";
export type { Attributes } from "./backend/backend.ts";
export type { MonitorOptions } from "./config/config.ts";
export type { MonitorState, MonitorStatus } from "./runtime.ts";

/** The functions of this package as one object. */
export interface MonitoringManager {
  readonly configure: typeof configure;
  readonly status: typeof status;
  readonly shutdown: typeof shutdown;
  readonly metricsText: typeof metricsText;
  readonly monitorLlmCall: typeof monitorLlmCall;
  readonly traceLlmRequest: typeof traceLlmRequest;
  readonly createTokenTracker: typeof createTokenTracker;
  readonly addSpanEvent: typeof addSpanEvent;
  readonly setSpanAttributes: typeof setSpanAttributes;
  readonly getCurrentSpan: typeof getCurrentSpan;
}

/** The singleton manager. */
export const monitoringManager: MonitoringManager = {
  configure,
  status,
  shutdown,
  metricsText,
  monitorLlmCall,
  traceLlmRequest,
  createTokenTracker,
  addSpanEvent,
  setSpanAttributes,
  getCurrentSpan,
};

/** The same object as {@link monitoringManager}. */
export function getMonitoringManager(): MonitoringManager {
  return monitoringManager;
}
