/** Requests of `node:http`, also those that Express, Fastify and others hand on: watched until the response closes. */
import type { HttpWatch } from "../recording/http-span.ts";
import { openWatch, watchOf, type PathRules, type RequestHead } from "./http-adapter.ts";
import { manager } from "../manager.ts";
import { metricsHandler } from "../metrics/metrics-endpoint.ts";
import { safeProperty } from "../redact.ts";
import type { Runtime } from "../runtime.ts";

/** What is read of `IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string;
  readonly url?: string;
  readonly httpVersion?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly emit: (this: unknown, event: string | symbol, ...values: unknown[]) => boolean;
}

/** What is read of `ServerResponse`. */
export interface NodeResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly destroyed?: boolean;
  once(event: "close", listener: () => void): unknown;
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body?: string | Uint8Array): unknown;
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

/** Whether something is a request of `node:http`, or enough like one. */
export function isNodeRequest(value: unknown): value is NodeRequest {
  return isFunction(safeProperty(value, "emit")) && typeof safeProperty(value, "headers") === "object";
}

/** Whether something is a response of `node:http`, or enough like one. */
export function isNodeResponse(value: unknown): value is NodeResponse {
  return ["once", "writeHead", "end"].every((name) => isFunction(safeProperty(value, name)));
}

function single(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function headOf(request: NodeRequest): RequestHead {
  const { method = "GET", url = "", httpVersion, headers } = request;
  // Express cuts the mount path off `url`, where an application is mounted in another one.
  const original = safeProperty(request, "originalUrl");
  return {
    method,
    target: typeof original === "string" ? original : url,
    scheme: safeProperty(safeProperty(request, "socket"), "encrypted") === true ? "https" : "http",
    version: httpVersion,
    host: single(headers["host"]) ?? single(headers[":authority"]),
    traceparent: single(headers["traceparent"]),
    tracestate: single(headers["tracestate"]),
  };
}

/** Listeners on the request run in its span too: an emitter calls them in the context of the socket, not of the handler. */
function carrySpan(request: NodeRequest, inside: <T>(run: () => T) => T): void {
  const { emit } = request;
  const value = (event: string | symbol, ...values: unknown[]): boolean =>
    inside(() => emit.call(request, event, ...values));
  Reflect.defineProperty(request, "emit", { value, configurable: true, writable: true });
}

/** A request that is about to be handled. */
export interface NodeExchange {
  readonly request: NodeRequest;
  readonly response: NodeResponse;
  readonly rules: PathRules;
  readonly handle: () => unknown;
  /** Told of the watch before the handler runs, also of one that another adapter has opened. */
  readonly started?: (watch: HttpWatch) => void;
  /** Told just before the watch ends. */
  readonly ending?: (watch: HttpWatch) => void;
}

function watchExchange(runtime: Runtime, { request, response, started, ending }: NodeExchange): HttpWatch | undefined {
  const watch = openWatch(runtime, request, headOf(request));
  if (watch === undefined) return undefined;
  // `close`, not `finish`: a response that is broken off ends as well.
  response.once("close", () => {
    ending?.(watch);
    watch.end(response.headersSent ? response.statusCode : undefined);
  });
  started?.(watch);
  return watch;
}

/**
 * Serves a request: the metrics on their path, else `handle` inside the request's span. A request that another adapter
 * observes already is handled as it is.
 */
export function serveObserved(exchange: NodeExchange): unknown {
  const { request, response, rules, handle, started } = exchange;
  if (rules.isMetrics(request.method, request.url)) return metricsHandler()(request, response);
  const runtime = manager.runtime();
  if (runtime === undefined) return handle();
  const known = watchOf(request);
  if (known !== undefined) started?.(known);
  if (known !== undefined || rules.isIgnored(request.url)) return handle();
  const watch = watchExchange(runtime, exchange);
  if (watch === undefined) return handle();
  const { backend } = runtime.started;
  const inside = <T>(run: () => T): T => backend.withSpan(watch.span, run);
  carrySpan(request, inside);
  try {
    return inside(handle);
  } catch (error) {
    watch.failed(error);
    throw error;
  }
}
