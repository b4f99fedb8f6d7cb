/** `@nexent/monitor/node`: a server of `node:http`, `node:https` or the compatibility API of `node:http2`. */
import { installAdapter, looksAtRequests, pathRules, type HttpOptions } from "./http-adapter.ts";
import { isNodeRequest, isNodeResponse, serveObserved, type NodeRequest } from "./node-request.ts";
import { givenOptions } from "../given-options.ts";
import { safeProperty } from "../redact.ts";

export type { HttpOptions } from "./http-adapter.ts";
export type { NodeRequest } from "./node-request.ts";

/** What is needed of a server. */
export interface NodeServerLike {
  emit(event: string, ...values: never[]): boolean;
  listen(...values: never[]): unknown;
}

export interface NodeServerOptions extends HttpOptions {
  /**
   * Pattern of the route of a request, asked when the response has closed; a plain server has no router that could be
   * asked. Never the raw URL. Default: none, the span is named after the method.
   */
  readonly route?: (request: NodeRequest) => string | undefined;
}

type Emit = (this: unknown, ...values: unknown[]) => unknown;

interface NodeServer {
  emit: Emit;
}

function isServer(value: unknown): value is NodeServer {
  return ["emit", "listen", "address"].every((name) => typeof safeProperty(value, name) === "function");
}

function nameRoute(route: NodeServerOptions["route"], request: NodeRequest): string | undefined {
  try {
    const pattern: unknown = route?.(request);
    return typeof pattern === "string" ? pattern : undefined;
  } catch {
    // The host's function threw: the request has no pattern.
    return undefined;
  }
}

/**
 * Observes every request of a server: a SERVER span around its listeners, the request duration, and the caller's trace
 * continued. Listeners may be added before or after. Off: one test in front of each request.
 * @example
 * const server = createServer(handler);
 * setupNodeServer(server, { route: (request) => (request.url?.startsWith("/chat/") ? "/chat/:id" : undefined) });
 */
export function setupNodeServer(server: NodeServerLike, options: NodeServerOptions = {}): void {
  installAdapter("setupNodeServer", server, isServer, (node) => {
    const rules = pathRules(options);
    const { route } = givenOptions(options);
    const emit = node.emit;
    node.emit = function observed(...values) {
      const handle = (): unknown => Reflect.apply(emit, this, values);
      const [event, request, response] = values;
      if (event !== "request" || !looksAtRequests(rules)) return handle();
      if (!isNodeRequest(request) || !isNodeResponse(response)) return handle();
      return serveObserved({
        request,
        response,
        rules,
        handle,
        ending(watch) {
          const pattern = nameRoute(route, request);
          if (pattern !== undefined) watch.matched(pattern);
        },
      });
    };
  });
}
