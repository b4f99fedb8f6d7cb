/** `@nexent/monitor/fastify`: Fastify 5. */
import { installAdapter, pathRules, watchOf, type HttpOptions } from "./http-adapter.ts";
import { givenOptions } from "../given-options.ts";
import { manager } from "../manager.ts";
import { metricsHandler } from "../metrics/metrics-endpoint.ts";
import { serveObserved, type NodeRequest, type NodeResponse } from "./node-request.ts";
import { safeProperty } from "../redact.ts";

export type { HttpOptions } from "./http-adapter.ts";

/** What is needed of an application. */
export interface FastifyLike {
  readonly addHook: (...values: never[]) => unknown;
  readonly route: (...values: never[]) => unknown;
}

interface FastifyRequest {
  readonly raw: NodeRequest;
  readonly routeOptions?: { readonly url?: string | undefined };
}

interface FastifyReply {
  readonly raw: NodeResponse;
  hijack(): unknown;
}

interface FastifyApp {
  addHook(name: "onRequest", hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void): unknown;
  addHook(
    name: "onError",
    hook: (request: FastifyRequest, reply: FastifyReply, error: unknown, done: () => void) => void,
  ): unknown;
  route(options: {
    readonly method: "GET";
    readonly url: string;
    readonly handler: (request: FastifyRequest, reply: FastifyReply) => void;
  }): unknown;
}

function isFastify(value: unknown): value is FastifyApp {
  return ["addHook", "route", "register", "inject"].every((name) => typeof safeProperty(value, name) === "function");
}

/** A route like any other, so that hooks of the application guard it too. */
function showMetrics(app: FastifyApp, url: string): void {
  const answer = metricsHandler();
  app.route({
    method: "GET",
    url,
    handler(request, reply) {
      reply.hijack();
      answer(request.raw, reply.raw);
    },
  });
}

/**
 * Observes every request of an application: a SERVER span `{METHOD} {route}` around its later hooks and its handler, the
 * request duration, and the caller's trace continued. Call it before plugins are registered and before `listen`. Off:
 * one test per request.
 * @example
 * const app = fastify();
 * setupFastifyApp(app, { metricsPath: "/metrics" });
 */
export function setupFastifyApp(app: FastifyLike, options: HttpOptions = {}): void {
  installAdapter("setupFastifyApp", app, isFastify, (fastify) => {
    const { metricsPath, ignorePaths = [] } = givenOptions(options);
    const own = metricsPath === undefined ? [] : [metricsPath];
    const rules = pathRules({ ignorePaths: [...ignorePaths, ...own] });
    fastify.addHook("onRequest", (request, reply, done) => {
      if (manager.runtime() === undefined) {
        done();
        return;
      }
      serveObserved({
        request: request.raw,
        response: reply.raw,
        rules,
        handle: done,
        started: (watch) => watch.matched(request.routeOptions?.url ?? ""),
      });
    });
    fastify.addHook("onError", (request, _reply, error, done) => {
      watchOf(request.raw)?.failed(error);
      done();
    });
    if (metricsPath !== undefined) showMetrics(fastify, metricsPath);
  });
}
