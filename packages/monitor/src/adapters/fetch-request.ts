/** Requests of hosts that speak `Request` and `Response`: watched until the body of the answer has been read. */
import type { AbandonWatch, Unread } from "../follow/abandon-watch.ts";
import { openWatch, type RequestHead } from "./http-adapter.ts";
import type { HttpWatch } from "../recording/http-span.ts";
import { safeProperty } from "../redact.ts";
import type { Runtime } from "../runtime.ts";

const URL_PARTS = /^(https?):\/\/([^/?#]*)([^#]*)/i;

/** Path and query of an absolute URL. */
export function targetOf(url: string): string {
  return URL_PARTS.exec(url)?.[3] ?? url;
}

function headOf({ method, url, headers }: Request): RequestHead {
  const [, scheme, authority] = URL_PARTS.exec(url) ?? [];
  return {
    method,
    target: targetOf(url),
    scheme: scheme?.toLowerCase() === "https" ? "https" : "http",
    host: headers.get("host") ?? authority,
    traceparent: headers.get("traceparent") ?? undefined,
    tracestate: headers.get("tracestate") ?? undefined,
  };
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

/** By shape: server libraries put classes of their own in the place of the global ones. */
export function isRequest(value: unknown): value is Request {
  const [url, method] = [safeProperty(value, "url"), safeProperty(value, "method")];
  return (
    typeof url === "string" &&
    typeof method === "string" &&
    isFunction(safeProperty(safeProperty(value, "headers"), "get"))
  );
}

function isResponse(value: unknown): value is Response {
  return typeof safeProperty(value, "status") === "number" && isFunction(safeProperty(value, "arrayBuffer"));
}

/** A body that was handed over; its request ends when it has been read, or when nobody reads it any more. */
class UnreadBody implements Unread {
  readonly #watch: HttpWatch;
  readonly #status: number;
  readonly #abandoned: AbandonWatch;
  idleSinceMs: number | undefined = performance.now();

  constructor(watch: HttpWatch, status: number, abandoned: AbandonWatch) {
    this.#watch = watch;
    this.#status = status;
    this.#abandoned = abandoned;
  }

  asked(): void {
    this.idleSinceMs = undefined;
  }

  given(): void {
    this.idleSinceMs = performance.now();
  }

  ended(error?: unknown): void {
    this.#abandoned.forget(this);
    if (error !== undefined) this.#watch.failed(error);
    this.#watch.end(this.#status);
  }

  abandon(): void {
    this.ended();
  }
}

/** The same bytes at the pace of their reader; `cancel` is passed on. */
function watchedBody(body: ReadableStream<Uint8Array>, unread: UnreadBody): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        unread.asked();
        try {
          const { done, value } = await reader.read();
          unread.given();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          unread.ended();
          controller.close();
        } catch (error) {
          unread.ended(error);
          controller.error(error);
        }
      },
      cancel(reason) {
        unread.ended();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function watchResponse(response: Response, watch: HttpWatch, { watch: abandoned }: Runtime): Response {
  const { body, status } = response;
  if (body === null || response.bodyUsed) {
    watch.end(status);
    return response;
  }
  const unread = new UnreadBody(watch, status, abandoned);
  const watched = watchedBody(body, unread);
  abandoned.watch(unread, watched);
  return new Response(watched, response);
}

/** A request that is about to be handled. */
export interface FetchExchange {
  readonly runtime: Runtime;
  readonly request: Request;
  readonly handle: () => unknown;
  /** Told of the watch before the handler runs. */
  readonly started: (watch: HttpWatch) => void;
}

/** Serves a request inside its span. What is no `Response` is handed back as it is. */
export function serveFetch({ runtime, request, handle, started }: FetchExchange): unknown {
  const watch = openWatch(runtime, request, headOf(request));
  if (watch === undefined) return handle();
  started(watch);
  const ended = (value: unknown): unknown => {
    if (isResponse(value)) return watchResponse(value, watch, runtime);
    watch.end(undefined);
    return value;
  };
  const failed = (error: unknown): never => {
    watch.failed(error);
    watch.end(undefined);
    throw error;
  };
  try {
    const result = runtime.started.backend.withSpan(watch.span, handle);
    return result instanceof Promise ? result.then(ended, failed) : ended(result);
  } catch (error) {
    return failed(error);
  }
}
