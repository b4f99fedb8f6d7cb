import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { LIMITS, parseRequestTarget } from "@nexent/monitor-core";
import type { Hono } from "hono";
import { createHostRules, type HostRules } from "../host-origin.ts";
import { createListener, type Listener } from "../listener.ts";
import type { ApiEnv } from "./api-context.ts";
import { PLAIN_HEADERS } from "./security-headers.ts";

export interface GatedListenerOptions {
  readonly host: string;
  /** Variable that moves the port; named when it is taken. */
  readonly portVariable: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Makes the routes; the rules are those of the port that will be bound. */
  readonly createApp: (hostRules: HostRules) => Pick<Hono<ApiEnv>, "fetch">;
}

/** Time for a whole request of a page; answers and live streams are not limited by it. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * A listener for people and query clients. What must hold before any framework sees a request: one Host that is ours, no
 * foreign page, a sane target.
 */
export function createGatedListener(options: GatedListenerOptions): Listener {
  const hostRules = createHostRules({
    port: () => listener.port,
    allowedHosts: options.allowedHosts,
    allowedOrigins: options.allowedOrigins,
  });
  const serve = getRequestListener(options.createApp(hostRules).fetch, { overrideGlobalObjects: false });
  const listener = createListener({
    host: options.host,
    portVariable: options.portVariable,
    keepAliveMs: LIMITS.keepAliveOtherMs,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    maxConnections: LIMITS.dashboardConnections,
    handler: (request, response) => {
      const refused = refusedStatus(request, hostRules);
      if (refused !== undefined) refuse(response, refused);
      else void serve(request, response);
    },
  });
  return listener;
}

function refusedStatus(request: IncomingMessage, hostRules: HostRules): number | undefined {
  const verdict = hostRules.check(request);
  if (!verdict.allowed) return verdict.status;
  return parseRequestTarget(request.url) === undefined ? 400 : undefined;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...PLAIN_HEADERS, connection: "close", "content-length": "0" });
  response.end();
}
