import type { Attributes } from "./backend/backend.ts";
import { manager } from "./manager.ts";

/** A span that is active now. */
export interface SpanHandle {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  addEvent(name: string, attributes?: Attributes): void;
  setAttributes(attributes: Attributes): void;
}

/**
 * Adds an event to the active span; without one, nothing happens.
 * @example
 * addSpanEvent("cache.miss", { "cache.key_count": 3 });
 */
export function addSpanEvent(name: string, attributes?: Attributes): void {
  manager.activeSpan()?.addEvent(name, attributes);
}

/**
 * Sets attributes on the active span; without one, nothing happens.
 * @example
 * setSpanAttributes({ "app.tenant": "blue" });
 */
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
