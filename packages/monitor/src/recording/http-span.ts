/** SERVER span and `http.server.request.duration` of one HTTP request: the same for the adapters and the gateway. */
import { ATTR, errorTypeOfStatus, METRICS, type ErrorType, type MetricRegistry } from "@nexent/monitor-core";
import type { Attributes, BackendSpan, SpanBackend, SpanContext } from "../backend/backend.ts";
import { describeThrown } from "../redact.ts";

/** A request whose head has been read. */
export interface HttpStart {
  readonly method: string;
  /** Pattern of the route, where it is known before the handler runs. Never the raw URL. */
  readonly route?: string;
  /** W3C trace context as the caller sent it. */
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** Watches one request from its parsed head to the closed response. */
export interface HttpWatch {
  readonly span: BackendSpan;
  /** Parent for spans that are started by hand; undefined without a span backend and without a caller's context. */
  readonly context: SpanContext | undefined;
  /** Routing found the pattern; the last one wins. */
  matched(route: string): void;
  /** The handler threw; the first error is kept. */
  failed(error: unknown): void;
  /** `status` is undefined when the client left before a head was sent. First end wins. */
  end(status: number | undefined): void;
}

/** Attributes that grow one by one. */
export type HttpAttributes = Record<string, string | number>;

/** Opens watches. */
export interface HttpWatcher {
  /** @param attributes what else is known of the request; taken over. */
  start(request: HttpStart, attributes?: HttpAttributes): HttpWatch;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const TRACE_STATE_CHARACTERS = 512;
/** Patterns are written by programmers; a longer one is a raw URL in disguise. */
const ROUTE_CHARACTERS = 256;

/** Methods of HTTP that are a label; any other is `_OTHER`, so that nobody can create series by inventing one. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"]);
const OTHER_METHOD = "_OTHER";

/** The context a valid W3C `traceparent` names; undefined for anything else. */
export function parseTraceparent(value: string | undefined, tracestate?: string): SpanContext | undefined {
  const match = value === undefined ? null : TRACEPARENT.exec(value.trim());
  const [, traceId, spanId, flags] = match ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const usable = tracestate !== undefined && tracestate !== "" && tracestate.length <= TRACE_STATE_CHARACTERS;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), ...(usable && { traceState: tracestate }) };
}

/** What watches need. */
export interface HttpWatcherDependencies {
  readonly backend: SpanBackend;
  readonly registry: MetricRegistry;
  /** Unix milliseconds with fraction; default `Date.now`. */
  readonly wallMs?: () => number;
  /** Whether a span that is active already is a better parent than the headers: a host that traces HTTP itself. */
  readonly prefersActive?: boolean;
}

class OpenWatch implements HttpWatch {
  readonly span: BackendSpan;
  readonly #parent: SpanContext | undefined;
  readonly #registry: MetricRegistry;
  readonly #startMs = performance.now();
  readonly #startUnixMicros: number;
  readonly #method: string;
  #route: string | undefined;
  #thrown: { readonly error: unknown } | undefined;
  #ended = false;

  constructor(deps: HttpWatcherDependencies, start: HttpStart, attributes: HttpAttributes) {
    const { method, route, traceparent, tracestate } = start;
    const { backend, registry, wallMs = Date.now, prefersActive = false } = deps;
    const known = METHODS.has(method);
    this.#registry = registry;
    this.#startUnixMicros = Math.round(wallMs() * 1000);
    this.#method = known ? method : OTHER_METHOD;
    this.#route = route;
    const inherits = prefersActive && backend.activeSpan() !== undefined;
    const parent = inherits ? undefined : parseTraceparent(traceparent, tracestate);
    attributes[ATTR.httpRequestMethod] = this.#method;
    if (!known) attributes[ATTR.httpRequestMethodOriginal] = method.slice(0, 64);
    if (route !== undefined) attributes[ATTR.httpRoute] = route;
    const [name, startUnixMicros] = [this.#name, this.#startUnixMicros];
    this.span = backend.startSpan(
      parent === undefined
        ? { name, kind: "server", startUnixMicros, attributes }
        : { name, kind: "server", startUnixMicros, attributes, parent },
    );
    this.#parent = parent;
  }

  /** Without a backend the caller's own context is still the right parent. */
  get context(): SpanContext | undefined {
    return this.span.context ?? this.#parent;
  }

  matched(route: string): void {
    if (this.#ended || route === "" || route === this.#route) return;
    this.#route = route.slice(0, ROUTE_CHARACTERS);
    this.span.updateName(this.#name);
    this.span.setAttributes({ [ATTR.httpRoute]: this.#route });
  }

  failed(error: unknown): void {
    this.#thrown ??= { error };
  }

  end(status: number | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const seconds = (performance.now() - this.#startMs) / 1000;
    const labels = {
      http_request_method: this.#method,
      http_route: this.#route ?? "",
      http_response_status_code: status === undefined ? "" : String(status),
    };
    this.#registry.histogram(METRICS.httpServerRequestDuration, labels).observe(seconds);
    const errorType = this.#errorType(status);
    this.span.setAttributes(endAttributes(status, errorType));
    if (errorType !== undefined && this.#thrown !== undefined) this.#addException(this.#thrown.error);
    this.span.end({
      endUnixMicros: this.#startUnixMicros + Math.round(seconds * 1e6),
      ...(errorType !== undefined && { error: true as const }),
    });
  }

  /** `{METHOD} {route}`; the method alone while no route is known. */
  get #name(): string {
    const method = this.#method === OTHER_METHOD ? "HTTP" : this.#method;
    return this.#route === undefined ? method : `${method} ${this.#route}`;
  }

  /** A request that was refused (4xx) is no fault of the server, whatever was thrown to refuse it. */
  #errorType(status: number | undefined): ErrorType | undefined {
    if (status !== undefined && status >= 500) return errorTypeOfStatus(status);
    const refused = status !== undefined && status >= 400;
    return this.#thrown === undefined || refused ? undefined : "application";
  }

  #addException(error: unknown): void {
    const { type, message } = describeThrown(error);
    this.span.addEvent("exception", { "exception.type": type, "exception.message": message });
  }
}

function endAttributes(status: number | undefined, errorType: ErrorType | undefined): Attributes {
  const draft: HttpAttributes = {};
  if (status !== undefined) draft[ATTR.httpResponseStatusCode] = status;
  if (errorType !== undefined) draft[ATTR.errorType] = errorType;
  return draft;
}

/** A watcher that writes to `backend` and `registry`. */
export function createHttpWatcher(deps: HttpWatcherDependencies): HttpWatcher {
  return { start: (request, attributes = {}) => new OpenWatch(deps, request, attributes) };
}
