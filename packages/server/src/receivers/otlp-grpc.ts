import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { LIMITS, PORTS } from "@nexent/monitor-core";
import { encodeExportResponse, encodeRetryStatus, rpcCodeOf, type PartialSuccess } from "../codecs/otlp-answers.ts";
import type { Signal } from "../codecs/telemetry-batch.ts";
import { createHostRules } from "../host-origin.ts";
import { leaseOf } from "./body.ts";
import { createGrpcListener, type GrpcCall } from "./grpc-listener.ts";
import { frameMessage, readMessage } from "./grpc-message.ts";
import { createTokenCheck } from "../token-check.ts";
import { createOtlpIntake, type OtlpOutcome } from "./otlp-intake.ts";
import type { Receiver, ReceiverOptions } from "./receiver.ts";
import { bodyRefusal, faultRefusal, hostRefusal, memoryRefusal, refusal, type Refusal } from "./refusal.ts";

const PACKAGE = "/opentelemetry.proto.collector";
const METHODS = new Map<string, Signal>([
  [`${PACKAGE}.trace.v1.TraceService/Export`, "traces"],
  [`${PACKAGE}.metrics.v1.MetricsService/Export`, "metrics"],
  [`${PACKAGE}.logs.v1.LogsService/Export`, "logs"],
]);
const ENCODINGS = ["identity", "gzip"];
const ANSWER_HEADERS = {
  ":status": 200,
  "content-type": "application/grpc",
  "grpc-accept-encoding": ENCODINGS.join(","),
};

/**
 * OTLP over gRPC: unary `Export` calls, plain or gzip, on Node's own HTTP/2 (ADR 0028). The same limits, budget and token
 * as over HTTP; bytes are counted as they come, whatever length a message claims.
 */
export function createOtlpGrpcReceiver(options: ReceiverOptions): Receiver {
  const intake = createOtlpIntake(options.ingest, options.events);
  const token = createTokenCheck(options.ingestToken, options.isNamedToken);
  const listener = createGrpcListener({
    host: options.host,
    portVariable: PORTS.otlpGrpc.variable,
    clock: options.clock,
    onCall: (call) => void handle(call),
    onBadPeer: (detail) => options.events.requestRefused("framing", detail),
  });
  const hostRules = createHostRules({
    port: () => listener.port,
    allowedHosts: options.allowedHosts,
    allowedOrigins: [],
  });

  async function handle(call: GrpcCall): Promise<void> {
    try {
      const refused = refuseByHeaders(call);
      if (refused !== undefined) return refuse(call.stream, refused);
      const signal = METHODS.get(call.headers[":path"] ?? "") ?? "traces";
      const outcome = await receive(call, signal);
      if (outcome === undefined) return;
      if (outcome.kind === "refused") refuse(call.stream, outcome.refusal);
      else succeed(call.stream, signal, outcome.partial);
    } catch (error) {
      options.log.error("ingest_failed", { message: error instanceof Error ? error.message : String(error) });
      refuse(call.stream, faultRefusal());
    }
  }

  function refuseByHeaders({ headers, rawHeaders }: GrpcCall): Refusal | undefined {
    const host = headers[":authority"] ?? headers.host;
    const foreign = hostRefusal(hostRules.check({ headers: { ...headers, host }, rawHeaders: [...rawHeaders] }));
    if (foreign !== undefined) return foreign;
    const type = headers["content-type"] ?? "none";
    if (!/^application\/grpc(\+proto)?\s*(;|$)/i.test(type)) {
      return refusal(415, "content_type", "send application/grpc", { detail: type.slice(0, 100) });
    }
    if (!METHODS.has(headers[":path"] ?? "")) return refusal(404, "not_found", "there is no such method");
    if (!token.allows(headers)) return refusal(401, "token", "a valid ingest token is needed");
    const encoding = String(headers["grpc-encoding"] ?? "identity");
    if (ENCODINGS.includes(encoding)) return undefined;
    return refusal(415, "content_encoding", "send grpc-encoding identity or gzip", { detail: encoding.slice(0, 100) });
  }

  /** Undefined when the client is gone. */
  async function receive({ stream, headers }: GrpcCall, signal: Signal): Promise<OtlpOutcome | undefined> {
    if (!options.hasMemory()) return { kind: "refused", refusal: memoryRefusal() };
    const lease = leaseOf(options.inFlight);
    try {
      const body = await readMessage(stream, {
        gzip: headers["grpc-encoding"] === "gzip",
        maxWireBytes: LIMITS.ingestWireBytes,
        maxBytes: LIMITS.ingestDecompressedBytes,
        timeoutMs: LIMITS.ingestRequestTimeoutMs,
        clock: options.clock,
        lease,
      });
      if (body.kind === "gone") return undefined;
      if (body.kind !== "body") return { kind: "refused", refusal: bodyRefusal(body) };
      options.events.bodyReceived(body.wireBytes);
      return await intake.receive(signal, "protobuf", body.bytes);
    } finally {
      lease.release();
    }
  }

  function refuse(stream: ServerHttp2Stream, refused: Refusal): void {
    options.events.requestRefused(refused.reason, refused.detail);
    if (stream.closed || stream.destroyed || stream.headersSent) return;
    stream.respond(refusalHeaders(refused), { endStream: true });
    // The answer is complete; what the client still sends is of no use.
    stream.resume();
    stream.close(constants.NGHTTP2_NO_ERROR);
  }

  return {
    name: "otlp_grpc",
    get port() {
      return listener.port;
    },
    start: async (port) => void (await listener.start(port)),
    stop: (graceMs) => listener.stop(graceMs),
  };
}

/** Status alone for what is no gRPC call; a foreign host learns nothing at all. */
function refusalHeaders(refused: Refusal): OutgoingHttpHeaders {
  if (refused.status === 421 || refused.reason === "content_type") return { ":status": refused.status };
  const code = rpcCodeOf(refused.status);
  return {
    ...ANSWER_HEADERS,
    "grpc-status": String(code),
    "grpc-message": percentEncoded(refused.message),
    ...(refused.retryAfterMs === undefined
      ? {}
      : { "grpc-status-details-bin": base64Of(encodeRetryStatus(code, refused.message, refused.retryAfterMs)) }),
  };
}

/** What gRPC asks for in this header: printable ASCII as it is, every other byte and `%` as `%XX`. */
function percentEncoded(text: string): string {
  return Buffer.from(text)
    .toString("latin1")
    .replace(/[^\x20-\x24\x26-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function succeed(stream: ServerHttp2Stream, signal: Signal, partial: PartialSuccess | undefined): void {
  if (stream.closed || stream.destroyed) return;
  stream.respond(ANSWER_HEADERS, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(frameMessage(encodeExportResponse("protobuf", signal, partial)));
}
