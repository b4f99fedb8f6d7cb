import type { IncomingMessage, ServerResponse } from "node:http";
import { LIMITS, PORTS } from "@nexent/monitor-core";
import {
  CONTENT_TYPES,
  encodeExportResponse,
  encodeStatus,
  rpcCodeOf,
  type OtlpEncoding,
} from "../codecs/otlp-answers.ts";
import type { Signal } from "../codecs/telemetry-batch.ts";
import { send } from "./http-answer.ts";
import { createHttpReceiver, mediaTypeOf, retryHeader, type HttpExchange } from "./http-receiver.ts";
import { createOtlpIntake } from "./otlp-intake.ts";
import type { Receiver, ReceiverOptions } from "./receiver.ts";
import { refusal, type Refusal } from "./refusal.ts";

const SIGNALS = new Map<string, Signal>([
  ["/v1/traces", "traces"],
  ["/v1/metrics", "metrics"],
  ["/v1/logs", "logs"],
]);

/** OTLP over HTTP, in protobuf and JSON, plain or gzip; every answer is in the encoding of its request. */
export function createOtlpHttpReceiver(options: ReceiverOptions): Receiver {
  const intake = createOtlpIntake(options.ingest, options.events);

  async function receive(exchange: HttpExchange, bytes: Uint8Array): Promise<Refusal | undefined> {
    const encoding = encodingOf(exchange.request) ?? "json";
    const signal = SIGNALS.get(exchange.path) ?? "traces";
    const outcome = await intake.receive(signal, encoding, bytes);
    if (outcome.kind === "refused") return outcome.refusal;
    send(exchange.response, 200, encodeExportResponse(encoding, signal, outcome.partial), {
      "content-type": CONTENT_TYPES[encoding],
    });
    return undefined;
  }

  return createHttpReceiver(
    {
      name: "otlp_http",
      port: PORTS.otlpHttp,
      paths: [...SIGNALS.keys()],
      what: "OTLP is taken",
      refuseType,
      bodyLimits: (request) => ({
        wireBytes: LIMITS.ingestWireBytes,
        bytes: encodingOf(request) === "json" ? LIMITS.ingestJsonBytes : LIMITS.ingestDecompressedBytes,
      }),
      receive,
      sendRefusal,
    },
    options,
  );
}

/** Encoding by content type, parameters ignored. */
function encodingOf(request: IncomingMessage): OtlpEncoding | undefined {
  const type = mediaTypeOf(request);
  if (type === CONTENT_TYPES.protobuf) return "protobuf";
  return type === CONTENT_TYPES.json ? "json" : undefined;
}

function refuseType(request: IncomingMessage): Refusal | undefined {
  if (encodingOf(request) !== undefined) return undefined;
  const detail = (request.headers["content-type"] ?? "none").slice(0, 100);
  return refusal(415, "content_type", "send application/x-protobuf or application/json", { detail });
}

/** A `google.rpc.Status` in the request's encoding. */
function sendRefusal(request: IncomingMessage, response: ServerResponse, refused: Refusal): void {
  const encoding = encodingOf(request) ?? "json";
  send(response, refused.status, encodeStatus(encoding, rpcCodeOf(refused.status), refused.message), {
    "content-type": CONTENT_TYPES[encoding],
    ...retryHeader(refused),
    ...(refused.allow === undefined ? {} : { allow: refused.allow }),
  });
}
