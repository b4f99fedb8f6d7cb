import type { IncomingMessage, ServerResponse } from "node:http";
import { LIMITS, parseRequestTarget, type Port } from "@nexent/monitor-core";
import { createHostRules } from "../host-origin.ts";
import { createListener } from "../listener.ts";
import { leaseOf, readBody } from "./body.ts";
import { discardBody, sendPlain } from "./http-answer.ts";
import { createTokenCheck } from "../token-check.ts";
import type { Receiver, ReceiverOptions } from "./receiver.ts";
import {
  bodyRefusal,
  errorRefusal,
  faultRefusal,
  hostRefusal,
  memoryRefusal,
  refusal,
  type Refusal,
} from "./refusal.ts";

/** What a protocol over HTTP adds to the common way of a request. */
export interface HttpProtocol {
  readonly name: Receiver["name"];
  readonly port: Port;
  /** Paths that take telemetry. */
  readonly paths: readonly string[];
  /** What the paths take, for a sender that asked for another one. */
  readonly what: string;
  /** Why the content type is not taken; undefined when it is. */
  refuseType(request: IncomingMessage): Refusal | undefined;
  /** Limits of one body. */
  bodyLimits(request: IncomingMessage): { readonly wireBytes: number; readonly bytes: number };
  /** Takes a whole body and answers it, or says why not. */
  receive(exchange: HttpExchange, bytes: Uint8Array): Promise<Refusal | undefined>;
  /** Answers with a refusal in the shape of the protocol. */
  sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void;
}

/** One request on its way. */
export interface HttpExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

const ALLOW = "POST, OPTIONS";

/**
 * A receiver over HTTP: host rules, paths, method, token, type and encoding are judged before a byte of the body is read;
 * the body is counted as it comes. `/health` and `/ready` answer on every one.
 */
export function createHttpReceiver(protocol: HttpProtocol, options: ReceiverOptions): Receiver {
  const token = createTokenCheck(options.ingestToken, options.isNamedToken);
  const listener = createListener({
    host: options.host,
    portVariable: protocol.port.variable,
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
    try {
      const refused = await route(request, response);
      if (refused !== undefined) refuse(request, response, refused);
    } catch (error) {
      options.log.error("ingest_failed", { message: error instanceof Error ? error.message : String(error) });
      refuse(request, response, faultRefusal());
    }
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<Refusal | undefined> {
    const foreign = hostRefusal(hostRules.check(request));
    if (foreign !== undefined) return foreign;
    const path = parseRequestTarget(request.url)?.path;
    if (path === undefined) return refusal(400, "framing", "not a request target");
    if (answersProbe(path, response)) return undefined;
    if (!protocol.paths.includes(path)) {
      return refusal(404, "not_found", `not found; ${protocol.what} at ${protocol.paths.join(", ")}`, {
        detail: "path",
      });
    }
    if (request.method === "OPTIONS") {
      sendPlain(response, 204, "", { allow: ALLOW });
      return undefined;
    }
    return refuseByHeaders(request) ?? (await receive({ request, response, path }));
  }

  /** Whether the path is one of those that tell how the server is; they are answered here. */
  function answersProbe(path: string, response: ServerResponse): boolean {
    if (path === "/health") sendPlain(response, 200, "ok");
    else if (path !== "/ready") return false;
    else if (options.isReady()) sendPlain(response, 200, "ready");
    else sendPlain(response, 503, "unavailable");
    return true;
  }

  /** Everything that can be refused before a byte of the body is read. */
  function refuseByHeaders(request: IncomingMessage): Refusal | undefined {
    const { method = "" } = request;
    if (method !== "POST") return refusal(405, "method", "only POST is taken here", { detail: method, allow: ALLOW });
    if (!token.allows(request.headers)) return refusal(401, "token", "a valid ingest token is needed");
    const type = protocol.refuseType(request);
    if (type !== undefined) return type;
    if (isGzip(request) !== undefined) return undefined;
    const detail = (request.headers["content-encoding"] ?? "").slice(0, 100);
    return refusal(415, "content_encoding", "send no content-encoding, or gzip once", { detail });
  }

  async function receive(exchange: HttpExchange): Promise<Refusal | undefined> {
    const { request } = exchange;
    if (!options.hasMemory()) return memoryRefusal();
    const lease = leaseOf(options.inFlight);
    try {
      const { wireBytes, bytes } = protocol.bodyLimits(request);
      const gzip = isGzip(request) ?? false;
      const body = await readBody(request, {
        maxWireBytes: wireBytes,
        maxBytes: bytes,
        gzip,
        clock: options.clock,
        lease,
      });
      if (body.kind === "gone") return undefined;
      if (body.kind !== "body") return bodyRefusal(body);
      options.events.bodyReceived(body.wireBytes);
      return await protocol.receive(exchange, body.bytes);
    } catch (error) {
      return errorRefusal(error);
    } finally {
      lease.release();
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, refused: Refusal): void {
    options.events.requestRefused(refused.reason, refused.detail);
    if (!request.complete && !response.headersSent) response.setHeader("connection", "close");
    // A foreign host learns nothing at all.
    if (refused.status === 421) sendPlain(response, 421);
    else protocol.sendRefusal(request, response, refused);
    discardBody(request, response);
  }

  return {
    name: protocol.name,
    get port() {
      return listener.port;
    },
    start: async (port) => void (await listener.start(port)),
    stop: (graceMs) => listener.stop(graceMs),
  };
}

/** Media type of a request in lower case, parameters left out; empty when there is none. */
export function mediaTypeOf(request: IncomingMessage): string {
  return request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** `retry-after` in whole seconds, when the refusal is not final. */
export function retryHeader({ retryAfterMs }: Refusal): Readonly<Record<string, string>> {
  return retryAfterMs === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) };
}

/** Whether the body is gzip; `undefined` for any other or a second encoding. */
function isGzip(request: IncomingMessage): boolean | undefined {
  const coding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (coding === "" || coding === "identity") return false;
  return coding === "gzip" ? true : undefined;
}
