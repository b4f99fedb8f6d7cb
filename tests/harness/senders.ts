/** Senders of Jaeger thrift and of OTLP over gRPC, beside the OTLP over HTTP of `load.ts`. */
import { encodeJaegerBatch } from "@nexent/monitor-core";
import { callGrpc, framed, openGrpc } from "../../packages/server/src/testing/grpc-client.ts";
import { encodeProtobuf } from "../../packages/server/src/testing/otlp-encode.ts";
import { telemetryBatch, telemetrySpan } from "../../packages/server/src/testing/spans.ts";
import { refusalOf, type Send } from "./load.ts";
import type { GeneratedSpan } from "./otlp.ts";

const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

function attributesOf({ outputTokens }: GeneratedSpan) {
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "generated",
    "gen_ai.usage.output_tokens": outputTokens,
    "llm.outcome": "ok",
  };
}

/** Jaeger thrift to `<url>/api/traces`. */
export function thriftSender(url: string): Send {
  return async (spans) => {
    const headers = { "content-type": "application/x-thrift" };
    const answer = await fetch(`${url}/api/traces`, { method: "POST", headers, body: thriftBody(spans) });
    await answer.arrayBuffer();
    return answer.status === 202 ? "kept" : refusalOf(answer);
  };
}

function thriftBody(spans: readonly GeneratedSpan[]): Uint8Array<ArrayBuffer> {
  const seconds = Math.floor(Date.now() / 1000) - 5;
  const body = encodeJaegerBatch(
    { "service.name": "thrift" },
    spans.map((span) => ({
      name: "chat generated",
      kind: 2,
      spanContext: () => ({ traceId: span.traceId, spanId: span.spanId, traceFlags: 1 }),
      startTime: [seconds, 0],
      endTime: [seconds + 1, 0],
      status: { code: 0 },
      attributes: attributesOf(span),
      events: [],
      links: [],
      instrumentationScope: { name: "test" },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    })),
  );
  return new Uint8Array(body);
}

/** OTLP over gRPC; a connection that ended is replaced. */
export function grpcSender(port: number): Send {
  let session = openGrpc(port);
  return async (spans) => {
    if (session.closed || session.destroyed) session = openGrpc(port);
    session.unref();
    const batch = telemetryBatch(
      spans.map((span) =>
        telemetrySpan({
          traceId: span.traceId,
          spanId: span.spanId,
          attributes: new Map(Object.entries(attributesOf(span))),
        }),
      ),
      "grpc",
    );
    const answer = await callGrpc(session, TRACES, framed(encodeProtobuf(batch)));
    // Without a status there was no answer: the connection died with the server.
    if (answer.status === undefined) throw new Error("no answer");
    return answer.status === "0" ? "kept" : { status: Number(answer.status) };
  };
}
