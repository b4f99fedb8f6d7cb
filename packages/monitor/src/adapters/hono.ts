/** `@nexent/monitor/hono`: Hono 4, on Node and wherever `app.fetch` is called. */
import { isRequest, serveFetch, targetOf } from "./fetch-request.ts";
import {
  installAdapter,
  looksAtRequests,
  pathRules,
  watchOf,
  type HttpOptions,
  type PathRules,
} from "./http-adapter.ts";
import type { HttpWatch } from "../recording/http-span.ts";
import { manager } from "../manager.ts";
import { metricsResponse } from "../metrics/metrics-endpoint.ts";
import { isNodeRequest, isNodeResponse, serveObserved } from "./node-request.ts";
import { safeProperty } from "../redact.ts";

export type { HttpOptions } from "./http-adapter.ts";

/** What is needed of an application. */
export interface HonoLike {
  readonly fetch: (...values: never[]) => unknown;
  readonly use: (...values: never[]) => unknown;
}

type Method = (this: unknown, ...values: unknown[]) => unknown;

interface HonoApp {
  fetch: Method;
}

function isFunction(value: unknown): value is Method {
  return typeof value === "function";
}

function isHono(value: unknown): value is HonoApp {
  return ["fetch", "use", "route", "getPath"].every((name) => isFunction(safeProperty(value, name)));
}

interface MatchedRoute {
  readonly path: string;
  readonly method: string;
  readonly isMiddleware: boolean;
}

/** One entry of the router's answer: `[[handler, route], params]`. */
function matchedRoute(entry: unknown): readonly MatchedRoute[] {
  const pair: unknown = Array.isArray(entry) ? entry[0] : undefined;
  const [handler, route]: unknown[] = Array.isArray(pair) ? pair : [];
  const [path, method] = [safeProperty(route, "path"), safeProperty(route, "method")];
  if (typeof path !== "string" || typeof method !== "string") return [];
  return [{ path, method, isMiddleware: isFunction(handler) && handler.length > 1 }];
}

/** The route that answers: the first handler for this method that passes nothing on; middleware is no route. */
function routeOf(app: HonoApp, request: Request, env: unknown): string | undefined {
  try {
    const router: unknown = safeProperty(app, "router");
    const [getPath, match] = [safeProperty(app, "getPath"), safeProperty(router, "match")];
    if (!isFunction(getPath) || !isFunction(match)) return undefined;
    const method = request.method === "HEAD" ? "GET" : request.method;
    const result = Reflect.apply(match, router, [method, Reflect.apply(getPath, app, [request, { env }])]);
    const matched: unknown = Array.isArray(result) ? result[0] : undefined;
    const routes = (Array.isArray(matched) ? matched : []).flatMap(matchedRoute);
    const own = routes.filter((route) => route.method !== "ALL");
    return (own.find((route) => !route.isMiddleware) ?? own[0] ?? routes.find((route) => !route.isMiddleware))?.path;
  } catch {
    // A router that cannot be asked: the request has no pattern.
    return undefined;
  }
}

/** At the first request, when the application has set its error handler. */
function noteErrors(app: HonoApp): void {
  const handle: unknown = safeProperty(app, "errorHandler");
  if (!isFunction(handle)) return;
  const observed: Method = function observed(error, context) {
    const raw = safeProperty(safeProperty(context, "req"), "raw");
    const incoming = safeProperty(safeProperty(context, "env"), "incoming");
    for (const request of [raw, incoming]) {
      if (typeof request === "object" && request !== null) watchOf(request)?.failed(error);
    }
    return Reflect.apply(handle, this, [error, context]);
  };
  Reflect.set(app, "errorHandler", observed);
}

interface HonoExchange {
  readonly app: HonoApp;
  readonly request: Request;
  readonly env: unknown;
  readonly rules: PathRules;
  readonly handle: () => unknown;
}

/** One request in whichever way it came: with the objects of `node:http` behind it, or without. */
function serve({ app, request, env, rules, handle }: HonoExchange): unknown {
  const target = targetOf(request.url);
  if (rules.isMetrics(request.method, target)) return metricsResponse(request);
  const runtime = manager.runtime();
  if (runtime === undefined || rules.isIgnored(target)) return handle();
  const started = (watch: HttpWatch): void => watch.matched(routeOf(app, request, env) ?? "");
  const [incoming, outgoing] = [safeProperty(env, "incoming"), safeProperty(env, "outgoing")];
  if (isNodeRequest(incoming) && isNodeResponse(outgoing))
    return serveObserved({ request: incoming, response: outgoing, rules, handle, started });
  return serveFetch({ runtime, request, handle, started });
}

/**
 * Observes every request of an application: a SERVER span `{METHOD} {route}` around its middleware and handlers, the
 * request duration, and the caller's trace continued. Call it before `serve(app)`; routes may be added later. Off: one
 * test in front of each request.
 * @example
 * const app = new Hono();
 * setupHonoApp(app, { metricsPath: "/metrics" });
 */
export function setupHonoApp(app: HonoLike, options: HttpOptions = {}): void {
  installAdapter("setupHonoApp", app, isHono, (hono) => {
    const rules = pathRules(options);
    const original = hono.fetch;
    let notes = false;
    hono.fetch = function observed(...values) {
      const handle = (): unknown => Reflect.apply(original, this, values);
      const [request, env] = values;
      if (!looksAtRequests(rules) || !isRequest(request)) return handle();
      if (!notes) noteErrors(hono);
      notes = true;
      return serve({ app: hono, request, env, rules, handle });
    };
  });
}
