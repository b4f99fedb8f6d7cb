import type { IncomingMessage, ServerResponse } from "node:http";
import {
  ERROR_CODES,
  LIMITS,
  MonitorError,
  parseRequestTarget,
  PORTS,
  type ErrorDefinition,
} from "@nexent/monitor-core";
import type { Clock } from "../clock.ts";
import { countJson, decodeTracesJson } from "../codecs/otlp-json.ts";
import { countProtobuf, decodeTracesProtobuf } from "../codecs/otlp-protobuf.ts";
import type { OtlpEncoding } from "../codecs/otlp-answers.ts";
import type { Signal } from "../codecs/telemetry-batch.ts";
import { createHostRules } from "../host-origin.ts";
import type { Ingest, IngestAnswer } from "../ingest/ingest.ts";
import { createListener } from "../listener.ts";
import type { Log } from "../log.ts";
import type { PipelineEvents, RefuseReason } from "../pipeline-events.ts";
import { leaseOf, readBody, type BodyLease, type BodyResult } from "./body.ts";
import { createInFlight } from "./in-flight.ts";
import { createTokenCheck } from "../token-check.ts";
import { discardBody, sendError, sendPlain, sendSuccess, type ErrorAnswer } from "./otlp-answer.ts";
import type { Receiver } from "./receiver.ts";

export interface OtlpHttpOptions {
  readonly host: string;
  readonly ingest: Ingest;
  readonly events: PipelineEvents;
  readonly clock: Clock;
  readonly log: Log;
  readonly allowedHosts: readonly string[];
  readonly ingestToken: string | undefined;
  /** Whether the store can take spans now; behind `/ready`. */
  readonly isReady: () => boolean;
}

const SIGNALS = new Map<string, Signal>([
  ["/v1/traces", "traces"],
  ["/v1/metrics", "metrics"],
  ["/v1/logs", "logs"],
]);
const ALLOW = "POST, OPTIONS";
/** Waits of refused senders are spread over this span, so that they do not come back together. */
const RETRY_MIN_MS = 1_000;
const RETRY_SPREAD_MS = 4_000;

/** A refusal: what the sender is told, and what is counted. */
interface Refusal extends ErrorAnswer {
  readonly reason: RefuseReason;
  readonly detail: string;
}

function refusal(status: number, reason: RefuseReason, message: string, detail = message): Refusal {
  return { status, reason, message, detail };
}

/**
 * OTLP over HTTP: `POST /v1/traces` in protobuf and JSON, plain or gzip. Limits come first, bytes second. Metrics and
 * logs are answered honestly: success, and every item counted as rejected, since this release stores traces only.
 */
export function createOtlpHttpReceiver(options: OtlpHttpOptions): Receiver {
  const inFlight = createInFlight(LIMITS.ingestInFlightBytes);
  const tokenAllows = createTokenCheck(options.ingestToken);
  const listener = createListener({
    host: options.host,
    portVariable: PORTS.otlpHttp.variable,
    keepAliveMs: LIMITS.keepAliveIngestMs,
    requestTimeoutMs: LIMITS.ingestRequestTimeoutMs,
    maxConnections: LIMITS.ingestConnections,
    handler: (request, response) => void handle(request, response),
  });
  const hostRules = createHostRules({
    port: () => listener.port,
    allowedHosts: options.allowedHosts,
    allowedOrigins: [],
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request) ?? "json";
    try {
      await route(request, response, encoding);
    } catch (error) {
      // A programming error of ours: the sender may come back, the process stays.
      options.log.error("ingest_failed", { message: error instanceof Error ? error.message : String(error) });
      refuse(request, response, encoding, {
        ...refusal(503, "unavailable", "the request could not be handled"),
        retryAfterMs: retryAfterMs(),
      });
    }
  }

  async function route(request: IncomingMessage, response: ServerResponse, encoding: OtlpEncoding): Promise<void> {
    const verdict = hostRules.check(request);
    if (!verdict.allowed) {
      const reason = verdict.status === 400 ? "framing" : verdict.status === 421 ? "host" : "origin";
      return refuse(request, response, encoding, refusal(verdict.status, reason, verdict.reason));
    }
    const target = parseRequestTarget(request.url);
    if (target === undefined)
      return refuse(request, response, encoding, refusal(400, "framing", "not a request target"));
    if (target.path === "/health") return sendPlain(response, 200, "ok");
    if (target.path === "/ready") return sendReady(response);
    const signal = SIGNALS.get(target.path);
    if (signal === undefined) {
      const known = [...SIGNALS.keys()].join(", ");
      return refuse(
        request,
        response,
        encoding,
        refusal(404, "not_found", `not found; OTLP is taken at ${known}`, "path"),
      );
    }
    if (request.method === "OPTIONS") return sendPlain(response, 204, "", { allow: ALLOW });
    const early = refuseByHeaders(request);
    if (early !== undefined) return refuse(request, response, encoding, early);
    await receive(request, response, signal);
  }

  function sendReady(response: ServerResponse): void {
    if (options.isReady()) sendPlain(response, 200, "ready");
    else sendPlain(response, 503, "unavailable");
  }

  /** Everything that can be refused before a byte of the body is read. */
  function refuseByHeaders(request: IncomingMessage): Refusal | undefined {
    if (request.method !== "POST")
      return { ...refusal(405, "method", "only POST is taken here", request.method), allow: ALLOW };
    if (!tokenAllows(request.headers)) return refusal(401, "token", "a valid ingest token is needed");
    if (encodingOf(request) === undefined) {
      const type = request.headers["content-type"] ?? "none";
      return refusal(415, "content_type", "send application/x-protobuf or application/json", type.slice(0, 100));
    }
    if (gzipOf(request) === undefined) {
      const coding = request.headers["content-encoding"] ?? "";
      return refusal(415, "content_encoding", "send no content-encoding, or gzip once", coding.slice(0, 100));
    }
    return undefined;
  }

  async function receive(request: IncomingMessage, response: ServerResponse, signal: Signal): Promise<void> {
    const encoding = encodingOf(request) ?? "json";
    const lease = leaseOf(inFlight);
    try {
      const body = await bodyOf(request, encoding, lease);
      if (body.kind === "gone") return;
      if (body.kind !== "body") return refuse(request, response, encoding, bodyRefusal(body));
      options.events.bodyReceived(body.wireBytes);
      if (signal === "traces") await receiveTraces(request, response, encoding, body.bytes);
      else receiveOther(response, encoding, signal, body.bytes);
    } catch (error) {
      if (!(error instanceof MonitorError)) throw error;
      refuse(request, response, encoding, errorRefusal(error));
    } finally {
      lease.release();
    }
  }

  function bodyOf(request: IncomingMessage, encoding: OtlpEncoding, lease: BodyLease): Promise<BodyResult> {
    return readBody(request, {
      gzip: gzipOf(request) ?? false,
      maxBytes: encoding === "json" ? LIMITS.ingestJsonBytes : LIMITS.ingestDecompressedBytes,
      clock: options.clock,
      lease,
    });
  }

  async function receiveTraces(
    request: IncomingMessage,
    response: ServerResponse,
    encoding: OtlpEncoding,
    bytes: Uint8Array,
  ): Promise<void> {
    const batch = encoding === "json" ? decodeTracesJson(bytes) : decodeTracesProtobuf(bytes);
    const answer = await options.ingest.traces(batch);
    const refused = answerRefusal(answer);
    if (refused !== undefined) refuse(request, response, encoding, refused);
    else if (answer.status === "partial") {
      sendSuccess(response, encoding, "traces", { rejected: answer.rejected, message: answer.reason });
    } else sendSuccess(response, encoding, "traces");
  }

  function receiveOther(
    response: ServerResponse,
    encoding: OtlpEncoding,
    signal: Exclude<Signal, "traces">,
    bytes: Uint8Array,
  ): void {
    const items = encoding === "json" ? countJson(signal, bytes) : countProtobuf(signal, bytes);
    options.events.itemsNotStored(signal, items);
    if (items === 0) return sendSuccess(response, encoding, signal);
    const what = signal === "metrics" ? "data points" : "log records";
    sendSuccess(response, encoding, signal, {
      rejected: items,
      message: `this release stores traces only; ${what} are not kept`,
    });
  }

  function refuse(request: IncomingMessage, response: ServerResponse, encoding: OtlpEncoding, answer: Refusal): void {
    options.events.requestRefused(answer.reason, answer.detail);
    if (!request.complete) response.setHeader("connection", "close");
    // A foreign host learns nothing at all.
    if (answer.status === 421) sendPlain(response, 421);
    else sendError(response, encoding, answer);
    discardBody(request, response);
  }

  return {
    name: "otlp_http",
    get port() {
      return listener.port;
    },
    start: async (port) => void (await listener.start(port)),
    stop: (graceMs) => listener.stop(graceMs),
  };
}

/** Encoding by content type, parameters ignored. */
function encodingOf(request: IncomingMessage): OtlpEncoding | undefined {
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf") return "protobuf";
  return type === "application/json" ? "json" : undefined;
}

/** Whether the body is gzip; `undefined` for any other or a second encoding. */
function gzipOf(request: IncomingMessage): boolean | undefined {
  const coding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return false;
  return coding === "gzip" ? true : undefined;
}

function retryAfterMs(): number {
  return RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS;
}

function bodyRefusal(body: Exclude<BodyResult, { kind: "body" | "gone" }>): Refusal {
  if (body.kind === "too_large") return refusal(413, "too_large", body.detail);
  if (body.kind === "malformed") return refusal(400, "malformed", body.detail);
  if (body.kind === "too_slow") return refusal(408, "too_slow", "the body came too slowly");
  return { ...refusal(429, "overloaded", "too many bytes in flight; send slower"), retryAfterMs: retryAfterMs() };
}

function answerRefusal(answer: IngestAnswer): Refusal | undefined {
  if (answer.status === "overloaded") {
    return { ...refusal(429, "overloaded", "the store is behind; send slower"), retryAfterMs: answer.retryAfterMs };
  }
  if (answer.status === "unavailable") {
    return {
      ...refusal(503, "unavailable", answer.error.message, answer.error.code),
      retryAfterMs: answer.retryAfterMs,
    };
  }
  return undefined;
}

function errorRefusal(error: MonitorError): Refusal {
  const definition: ErrorDefinition = ERROR_CODES[error.code];
  const status = definition.httpStatus ?? 503;
  if (status === 413) return refusal(413, "too_large", error.message);
  if (status === 400) return refusal(400, "malformed", error.message);
  return { ...refusal(503, "unavailable", error.message, error.code), retryAfterMs: retryAfterMs() };
}
