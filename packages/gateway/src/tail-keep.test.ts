import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Monitoring } from "./monitoring.ts";
import { startMonitoring } from "./start-monitoring.ts";
import {
  chunkEvent,
  DONE_EVENT,
  sse,
  startFaultUpstream,
  usageEvent,
  type FaultUpstream,
} from "./testing/fault-upstream.testing.ts";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";

const BODY = '{"model":"m","stream":true,"messages":[{"role":"user","content":"why is the sky blue?"}]}';
const WHOLE = [chunkEvent({ content: "a" }), chunkEvent({}, {}, "stop"), usageEvent(7, 1), DONE_EVENT];

let upstream: FaultUpstream;
/** Takes OTLP exports. */
let receiver: FaultUpstream;
let monitoring: Monitoring;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startFaultUpstream();
  receiver = await startFaultUpstream();
  const env = {
    ENABLE_TELEMETRY: "true",
    TELEMETRY_SAMPLE_RATE: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.origin,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "60000",
    // Has no effect in the gateway.
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "SPAN_AND_EVENT",
  };
  const started = startMonitoring({ env, version: "1.2.3", warn: () => undefined });
  if (started.monitoring === undefined) throw new Error("telemetry is off");
  monitoring = started.monitoring;
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin, monitoring });
});

afterEach(async () => {
  await gateway.gateway.close(0);
  monitoring.recorder.close();
  await monitoring.backend.shutdown(100);
  await receiver.close();
  await upstream.close();
});

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

interface SentExport {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[] }[];
}

/** Asks once, with a traceparent that was not sampled, and gives the spans that were exported for it. */
async function spansOfOneRequest(): Promise<SentSpan[]> {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-00`;
  await fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: BODY, headers: { traceparent } });
  await until(() => gateway.gateway.openRequests === 0);
  await monitoring.backend.flush(2000);
  return receiver.requests.flatMap(({ body }) => {
    const sent: SentExport = JSON.parse(body.toString());
    return sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });
}

function metric(name: string): string[] {
  return monitoring.registry
    .expose("openmetrics")
    .split("\n")
    .filter((line) => line.startsWith(name));
}

describe("with nothing head-sampled the gateway", () => {
  it("exports a failed request with its SERVER span, and points an exemplar at it", async () => {
    upstream.play((_request, response) => {
      sse(response, [chunkEvent({ content: "a" })]);
      setTimeout(() => response.destroy(), 20);
    });
    const spans = await spansOfOneRequest();
    expect(spans.map(({ name }) => name).sort()).toEqual(["POST /v1/chat/completions", "chat m"]);
    expect(JSON.stringify(spans)).not.toMatch(/sky|(?:input|output)\.messages|operation\.details/);
    for (const { traceId, attributes } of spans) {
      expect(traceId).toBe("a".repeat(32));
      expect(attributes.find(({ key }) => key === "sampling.reason")?.value.stringValue).toBe("error");
    }
    expect(metric("nexent_monitor_traces_kept_total")).toEqual(['nexent_monitor_traces_kept_total{reason="error"} 1']);
    expect(metric("llm_error_count_total")[0]).toContain(`# {trace_id="${"a".repeat(32)}"`);
  });

  it("counts a request that went well and forgets its spans", async () => {
    upstream.play((_request, response) => {
      sse(response, WHOLE);
      response.end();
    });
    expect(await spansOfOneRequest()).toEqual([]);
    expect(metric("llm_requests_total")).toHaveLength(1);
    expect(metric("nexent_monitor_trace_buffer_traces ")).toEqual(["nexent_monitor_trace_buffer_traces 0"]);
  });
});
