/** `@nexent/monitor/recorder`: for programs that observe calls themselves, such as the gateway. */
export { createRecorder } from "./recording/recorder.ts";
export { createBackend, type BackendOptions, type StartedBackend } from "./backend/create-backend.ts";
export type { Attributes, BackendHealth, BackendSpan, SpanBackend, SpanContext, SpanStart } from "./backend/backend.ts";
export { readMonitorConfig, type MonitorConfig } from "./config/config.ts";
export { createHttpWatcher, type HttpWatch, type HttpWatcher } from "./recording/http-span.ts";
export { createLogLimiter } from "./diagnostics.ts";
export { startMetricsExport, type MetricsExporter } from "./metrics/metrics-export.ts";
export { sendExposition } from "./metrics/metrics-answer.ts";
export { recordAnswer } from "./recording/record-answer.ts";
export { traceContextHeaders } from "./recording/trace-context.ts";
export type {
  CallEnd,
  LlmCall,
  Recorder,
  RecorderOptions,
  RecorderSettings,
  Recording,
  StartOptions,
} from "./recording/recording.ts";
