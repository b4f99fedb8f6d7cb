/** `@nexent/monitor/express`: Express 4 and 5. */
import { installAdapter, looksAtRequests, pathRules, watchOf, type HttpOptions } from "./http-adapter.ts";
import { isNodeRequest, isNodeResponse, serveObserved } from "./node-request.ts";
import { safeProperty } from "../redact.ts";
import { followRoute } from "./express-route.ts";

export type { HttpOptions } from "./http-adapter.ts";

/** What is needed of an application. */
export interface ExpressLike {
  readonly use: (...handlers: never[]) => unknown;
}

type Handle = (this: unknown, ...values: unknown[]) => unknown;

interface ExpressApp {
  handle: Handle;
}

function isFunction(value: unknown): value is Handle {
  return typeof value === "function";
}

function isExpress(value: unknown): value is ExpressApp {
  return isFunction(value) && ["handle", "use", "route"].every((name) => isFunction(safeProperty(value, name)));
}

function noteError(request: unknown, error: unknown): void {
  if (typeof request === "object" && request !== null) watchOf(request)?.failed(error);
}

/** Error handlers of the application, which take the error before anybody else sees it. */
function noteHandledErrors(router: object): void {
  const stack: unknown = safeProperty(router, "stack");
  for (const layer of Array.isArray(stack) ? stack : []) {
    const handle: unknown = safeProperty(layer, "handle");
    if (!isFunction(handle) || handle.length !== 4) continue;
    // Express tells an error handler by its four parameters.
    const observed: Handle = function observed(error, request, response, next) {
      noteError(request, error);
      return Reflect.apply(handle, this, [error, request, response, next]);
    };
    Reflect.set(layer, "handle", observed);
  }
}

/** Errors that no handler of the application took: Express answers them itself. */
function noteUnhandledErrors(router: object, handle: Handle): void {
  const observed: Handle = function observed(request, response, done) {
    const noted: Handle = function noted(...values) {
      if (values[0] !== undefined && values[0] !== null) noteError(request, values[0]);
      return isFunction(done) ? Reflect.apply(done, this, values) : undefined;
    };
    return Reflect.apply(handle, this, [request, response, noted]);
  };
  Reflect.set(router, "handle", observed);
}

/** At the first request, when the application has said all it has to say. False: it has no router yet. */
function noteErrors(app: ExpressApp): boolean {
  // Express 4 keeps it under `_router`, and its `router` throws.
  const router = safeProperty(app, "_router") ?? safeProperty(app, "router");
  const handle = safeProperty(router, "handle");
  if (typeof router !== "function" || !isFunction(handle)) return false;
  noteHandledErrors(router);
  noteUnhandledErrors(router, handle);
  return true;
}

/**
 * Observes every request of an application: a SERVER span `{METHOD} {route}` around its middleware and handlers, the
 * request duration, and the caller's trace continued. May be called before or after routes are added. Off: one test in
 * front of each request.
 * @example
 * const app = express();
 * setupExpressApp(app, { metricsPath: "/metrics", ignorePaths: ["/health"] });
 */
export function setupExpressApp(app: ExpressLike, options: HttpOptions = {}): void {
  installAdapter("setupExpressApp", app, isExpress, (express) => {
    const rules = pathRules(options);
    const routed = new WeakSet<object>();
    const original = express.handle;
    let notes = false;
    express.handle = function observed(...values) {
      const handle = (): unknown => Reflect.apply(original, this, values);
      const [request, response] = values;
      if (!looksAtRequests(rules) || !isNodeRequest(request) || !isNodeResponse(response)) return handle();
      notes ||= noteErrors(express);
      return serveObserved({
        request,
        response,
        rules,
        handle,
        started(watch) {
          if (routed.has(request)) return;
          routed.add(request);
          followRoute(request, watch);
        },
      });
    };
  });
}
