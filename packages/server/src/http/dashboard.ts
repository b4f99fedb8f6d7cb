import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { LIMITS, parseRequestTarget, PORTS } from "@nexent/monitor-core";
import { Hono } from "hono";
import { createHostRules, type HostRules, type HostVerdict } from "../host-origin.ts";
import { createListener, type Listener } from "../listener.ts";
import type { Log } from "../log.ts";
import { answerError, answerFault } from "./api-answer.ts";
import type { ApiApp, ApiEnv } from "./api-context.ts";
import type { LiveHub } from "./live-hub.ts";
import { addDataRoutes, type DataRoutes } from "./routes/data-routes.ts";
import { addLiveRoute } from "./routes/live-route.ts";
import { addPageRoutes } from "./routes/page-routes.ts";
import { addQueryRoutes, type QueryRoutes } from "./routes/query-routes.ts";
import { addSessionRoutes, type SignIn } from "./routes/session-routes.ts";
import { addSetupRoutes } from "./routes/setup-routes.ts";
import { addHealthRoute, addOpenStatusRoutes, type StatusRoutes } from "./routes/status-routes.ts";
import { PLAIN_HEADERS } from "./security-headers.ts";
import { requireSession } from "./session-guard.ts";
import type { Setup } from "./setup.ts";
import type { StaticFiles } from "./static-files.ts";

export interface DashboardOptions {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly log: Log;
  readonly signIn: Omit<SignIn, "hostRules" | "log">;
  readonly query: QueryRoutes;
  readonly status: StatusRoutes;
  readonly setup: Setup;
  readonly data: DataRoutes;
  readonly live: LiveHub;
  readonly files: StaticFiles;
}

/** Time for a whole request of a page; answers and live streams are not limited by it. */
const REQUEST_TIMEOUT_MS = 30_000;
const REQUEST_ID_BYTES = 9;

/** Listener of the dashboard, its JSON API and the live feed. */
export function createDashboard(options: DashboardOptions): Listener {
  const hostRules = createHostRules({
    port: () => listener.port,
    allowedHosts: options.allowedHosts,
    allowedOrigins: options.allowedOrigins,
  });
  const serve = getRequestListener(createApp(options, hostRules).fetch, { overrideGlobalObjects: false });
  const listener = createListener({
    host: options.host,
    portVariable: PORTS.dashboard.variable,
    keepAliveMs: LIMITS.keepAliveOtherMs,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    maxConnections: LIMITS.dashboardConnections,
    handler: (request, response) => {
      const refused = gate(request, hostRules);
      if (refused !== undefined) refuse(response, refused);
      else void serve(request, response);
    },
  });
  return listener;
}

/** What must hold before any framework sees the request: one Host that is ours, no foreign page, a sane target. */
function gate(
  request: IncomingMessage,
  hostRules: HostRules,
): Exclude<HostVerdict, { allowed: true }>["status"] | undefined {
  const verdict = hostRules.check(request);
  if (!verdict.allowed) return verdict.status;
  return parseRequestTarget(request.url) === undefined ? 400 : undefined;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { ...PLAIN_HEADERS, connection: "close", "content-length": "0" });
  response.end();
}

/** The routes; a separate step, so that guards and their order can be read in one place. */
function createApp(options: DashboardOptions, hostRules: HostRules): ApiApp {
  const app: ApiApp = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    c.set("startedMs", performance.now());
    c.set("requestId", randomBytes(REQUEST_ID_BYTES).toString("base64url"));
    for (const [name, value] of Object.entries(PLAIN_HEADERS)) c.header(name, value);
    await next();
  });
  app.onError((error, c) => {
    const known = answerFault(c, error);
    if (known !== undefined) return known;
    if (!c.req.raw.signal.aborted) {
      options.log.error("request_failed", { requestId: c.get("requestId"), path: c.req.path, message: error.message });
    }
    return answerError(c, "STORE_UNAVAILABLE", {}, 1_000);
  });
  addOpenStatusRoutes(app, options.status);
  addSessionRoutes(app, { ...options.signIn, hostRules, log: options.log });
  // Everything registered after this line needs a session and its CSRF token.
  app.use("/api/*", requireSession(options.signIn.sessions));
  addHealthRoute(app, options.status);
  addQueryRoutes(app, options.query);
  addSetupRoutes(app, options.setup, hostRules);
  addDataRoutes(app, options.data, hostRules, options.log);
  addLiveRoute(app, options.live, options.signIn.sessions);
  addPageRoutes(app, options.files);
  return app;
}
