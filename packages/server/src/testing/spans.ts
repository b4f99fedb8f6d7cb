import type { AttributeValue } from "@nexent/monitor-core";
import type { TelemetryBatch, TelemetrySpan } from "../codecs/telemetry-batch.ts";

/** A plain LLM call as a sender would describe it; every part can be replaced. */
export function telemetrySpan(over: Partial<TelemetrySpan> = {}): TelemetrySpan {
  const startUnixNanos = over.startUnixNanos ?? BigInt(Date.now() - 2_000) * 1_000_000n;
  return {
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    parentSpanId: "",
    traceState: "",
    flags: 1,
    name: "chat gpt-4o",
    kind: 3,
    startUnixNanos,
    endUnixNanos: startUnixNanos + 1_180_000_000n,
    attributes: callAttributes(),
    events: [],
    links: [],
    statusCode: 0,
    statusMessage: "",
    ...over,
  };
}

/** Attributes of a finished streamed call, replaced or extended by `over`. */
export function callAttributes(over: Readonly<Record<string, AttributeValue>> = {}): Map<string, AttributeValue> {
  return new Map<string, AttributeValue>(
    Object.entries({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "llm.outcome": "ok",
      "llm.stream": true,
      ...over,
    }),
  );
}

/** One request of one process. */
export function telemetryBatch(spans: readonly TelemetrySpan[], service = "checkout"): TelemetryBatch {
  return { resources: [{ attributes: new Map([["service.name", service]]), scopes: [{ name: "test", spans }] }] };
}

/** Ids that differ by a number. */
export function idsOf(index: number): { readonly traceId: string; readonly spanId: string } {
  return {
    traceId: (index + 1).toString(16).padStart(32, "a"),
    spanId: (index + 1).toString(16).padStart(16, "b"),
  };
}
