import type { IncomingMessage, ServerResponse } from "node:http";
import { LIMITS, PORTS } from "@nexent/monitor-core";
import { sendPlain } from "./http-answer.ts";
import { createHttpReceiver, mediaTypeOf, retryHeader, type HttpExchange } from "./http-receiver.ts";
import type { Receiver, ReceiverOptions } from "./receiver.ts";
import { answerRefusal, refusal, type Refusal } from "./refusal.ts";

/** Both names of the binary protocol, as Jaeger's collector takes them. */
const TYPES: readonly string[] = ["application/x-thrift", "application/vnd.apache.thrift.binary"];

/**
 * Jaeger thrift over HTTP, where the SDK and Jaeger's own clients send: `POST /api/traces`, any query. It answers as
 * Jaeger does, 202 and 400; overload is 429 or 503 with `Retry-After`, which Jaeger's 500 would hide.
 */
export function createJaegerThriftReceiver(options: ReceiverOptions): Receiver {
  async function receive({ response }: HttpExchange, bytes: Uint8Array): Promise<Refusal | undefined> {
    const answer = await options.ingest.traces({ form: "jaeger_thrift", bytes });
    const refused = answerRefusal(answer);
    if (refused !== undefined) return refused;
    if (answer.status !== "partial") sendPlain(response, 202);
    // Thrift has no partial success: the text says what was not kept, and 400 only when nothing was.
    else sendPlain(response, answer.accepted > 0 ? 202 : 400, answer.reason);
    return undefined;
  }

  return createHttpReceiver(
    {
      name: "jaeger_thrift",
      port: PORTS.jaegerThrift,
      paths: ["/api/traces"],
      what: "Jaeger thrift is taken",
      refuseType,
      bodyLimits: () => ({ wireBytes: LIMITS.thriftBytes, bytes: LIMITS.thriftBytes }),
      receive,
      sendRefusal,
    },
    options,
  );
}

function refuseType(request: IncomingMessage): Refusal | undefined {
  if (TYPES.includes(mediaTypeOf(request))) return undefined;
  const detail = (request.headers["content-type"] ?? "none").slice(0, 100);
  return refusal(400, "content_type", `send ${TYPES[0] ?? ""}; OTLP is taken on port ${PORTS.otlpHttp.port}`, {
    detail,
  });
}

function sendRefusal(_request: IncomingMessage, response: ServerResponse, refused: Refusal): void {
  sendPlain(response, refused.status, refused.message, {
    ...retryHeader(refused),
    ...(refused.allow === undefined ? {} : { allow: refused.allow }),
  });
}
