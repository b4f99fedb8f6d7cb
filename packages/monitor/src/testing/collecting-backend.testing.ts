import { AsyncLocalStorage } from "node:async_hooks";
import type { KeepReason } from "../sampling/keep-reason.ts";
import type { Attributes, BackendSpan, SpanBackend, SpanStart } from "../backend/backend.ts";

/** A span as a test sees it. */
export interface CollectedSpan {
  readonly start: SpanStart;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Record<string, unknown>;
  /** As it is called now; it may have been renamed. */
  name: string;
  readonly events: { readonly name: string; readonly attributes?: Attributes; readonly atUnixMicros?: number }[];
  ended: boolean;
  /** Why the span asked to be kept, if it did. */
  demanded?: KeepReason;
  error?: string | true;
  endUnixMicros?: number;
}

interface Active {
  readonly span: BackendSpan;
  readonly owner: object | undefined;
}

/** A backend that keeps its spans in memory and follows calls like the real one. */
export function createCollectingBackend(
  options: { readonly sampled?: boolean; readonly tailKeep?: boolean } = {},
): SpanBackend & { readonly spans: CollectedSpan[] } {
  const { sampled = true, tailKeep = false } = options;
  const spans: CollectedSpan[] = [];
  const storage = new AsyncLocalStorage<Active>();

  function startSpan(start: SpanStart): BackendSpan {
    const spanId = (spans.length + 1).toString(16).padStart(16, "0");
    const parentSpanId = start.parent?.spanId ?? storage.getStore()?.span.context?.spanId;
    const attributes: Record<string, unknown> = { ...start.attributes };
    const { name } = start;
    const collected: CollectedSpan = { start, name, spanId, parentSpanId, attributes, events: [], ended: false };
    if (sampled) spans.push(collected);
    return {
      context: { traceId: "a".repeat(32), spanId, traceFlags: sampled ? 1 : 0 },
      recording: sampled,
      setAttribute: (key, value) => void (attributes[key] = value),
      setAttributes: (more) => void Object.assign(attributes, more),
      updateName: (next) => void (collected.name = next),
      addEvent: (name, eventAttributes, atUnixMicros) =>
        void collected.events.push({
          name,
          ...(eventAttributes !== undefined && { attributes: eventAttributes }),
          ...(atUnixMicros !== undefined && { atUnixMicros }),
        }),
      keep(reason) {
        collected.demanded = reason;
        return sampled || tailKeep;
      },
      end(end = {}) {
        collected.ended = true;
        if (end.error !== undefined) collected.error = end.error;
        if (end.endUnixMicros !== undefined) collected.endUnixMicros = end.endUnixMicros;
      },
    };
  }

  return {
    spans,
    name: "otel",
    startSpan,
    withSpan: (span, fn, owner) => storage.run({ span, owner }, fn),
    contextIsUsed: () => true,
    activeSpan: () => storage.getStore()?.span,
    activeOwner: () => storage.getStore()?.owner,
    health: { exported: 0, dropped: 0, exportFailures: 0 },
    flush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}
