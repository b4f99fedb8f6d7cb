/** `@nexent/monitor/recorder`: for programs that observe calls themselves, such as the gateway. */
export { createRecorder } from "./recorder.ts";
export { createBackend, type BackendOptions, type StartedBackend } from "./backend/create-backend.ts";
export type { Attributes, BackendHealth, BackendSpan, SpanBackend, SpanContext, SpanStart } from "./backend/backend.ts";
export { readMonitorConfig, type MonitorConfig } from "./config/config.ts";
export { createHttpWatcher, type HttpWatch, type HttpWatcher } from "./http-span.ts";
export { createLogLimiter } from "./diagnostics.ts";
export { startMetricsExport, type MetricsExporter } from "./metrics-export.ts";
export { sendExposition } from "./metrics-answer.ts";
export { recordAnswer } from "./record-answer.ts";
export { traceContextHeaders } from "./trace-context.ts";
export type {
  CallEnd,
  LlmCall,
  Recorder,
  RecorderOptions,
  RecorderSettings,
  Recording,
  StartOptions,
} from "./recording.ts";
