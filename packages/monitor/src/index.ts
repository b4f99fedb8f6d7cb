import type { Attributes } from "./backend/backend.ts";
import type { MonitorOptions } from "./config/config.ts";
import { manager } from "./manager.ts";
import type { MonitorStatus } from "./runtime.ts";

export { monitorLlmCall, type LlmCallOptions, type ModelName } from "./llm-decorator.ts";
export { createTokenTracker, type TokenTracker, type TrackerOptions } from "./token-tracker.ts";
export { traceLlmRequest, type LlmRequest } from "./trace-request.ts";
export type { Classify } from "./stream-observer.ts";
export type { Decorator } from "./wrap.ts";
export type { Attributes } from "./backend/backend.ts";
export type { MonitorOptions } from "./config/config.ts";
export type { MonitorState, MonitorStatus } from "./runtime.ts";

/** A span that is active now. */
export interface SpanHandle {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  addEvent(name: string, attributes?: Attributes): void;
  setAttributes(attributes: Attributes): void;
}

/** Whether OpenTelemetry is loaded and usable. A live binding: it is decided at the first use. */
export let MONITORING_AVAILABLE = false;

function noteAvailability(): void {
  MONITORING_AVAILABLE = manager.runtime()?.started.available ?? false;
}

/** Starts monitoring with these options; they win over the environment. Call it at start: loading takes some 0.2 s. */
export function configure(options: MonitorOptions = {}): MonitorStatus {
  const status = manager.configure(options);
  noteAvailability();
  return status;
}

/** The state, and why it is not `active`. */
export function status(): MonitorStatus {
  noteAvailability();
  return manager.status();
}

/** Flushes and stops within `timeoutMs` (default 2000). Never rejects; may be called twice. */
export async function shutdown(options: { readonly timeoutMs?: number } = {}): Promise<void> {
  await manager.shutdown(options.timeoutMs);
}

/** Text of `/metrics` (format 0.0.4); only the state family while monitoring is off. */
export function metricsText(): string {
  return manager.metricsText();
}

/** Adds an event to the active span; without one, nothing happens. */
export function addSpanEvent(name: string, attributes?: Attributes): void {
  manager.activeSpan()?.addEvent(name, attributes);
}

/** Sets attributes on the active span; without one, nothing happens. */
export function setSpanAttributes(attributes: Attributes): void {
  manager.activeSpan()?.setAttributes(attributes);
}

/** The active span, if there is one. */
export function getCurrentSpan(): SpanHandle | undefined {
  const span = manager.activeSpan();
  if (span === undefined) return undefined;
  return {
    traceId: span.context?.traceId,
    spanId: span.context?.spanId,
    addEvent: (name, attributes) => span.addEvent(name, attributes),
    setAttributes: (attributes) => span.setAttributes(attributes),
  };
}

/** The functions above as one object. */
export interface MonitoringManager {
  readonly configure: typeof configure;
  readonly status: typeof status;
  readonly shutdown: typeof shutdown;
  readonly metricsText: typeof metricsText;
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
  addSpanEvent,
  setSpanAttributes,
  getCurrentSpan,
};

/** The same object as {@link monitoringManager}. */
export function getMonitoringManager(): MonitoringManager {
  return monitoringManager;
}
