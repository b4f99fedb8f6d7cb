import { randomBytes } from "node:crypto";
import { PORTS } from "@nexent/monitor-core";
import { Hono } from "hono";
import type { HostRules } from "../host-origin.ts";
import type { Listener } from "../listener.ts";
import type { Log } from "../log.ts";
import type { TokenCheck } from "../token-check.ts";
import { answerError, answerFault } from "./api-answer.ts";
import type { ApiApp, ApiEnv } from "./api-context.ts";
import type { ApiTokens } from "./api-tokens.ts";
import { createGatedListener } from "./gated-listener.ts";
import type { LiveHub } from "./live-hub.ts";
import { addDataRoutes, type DataRoutes } from "./routes/data-routes.ts";
import { addLiveRoute } from "./routes/live-route.ts";
import { addPageRoutes } from "./routes/page-routes.ts";
import { addQueryRoutes, type QueryRoutes } from "./routes/query-routes.ts";
import { addSessionRoutes, type SignIn } from "./routes/session-routes.ts";
import { addSetupRoutes } from "./routes/setup-routes.ts";
import { addHealthRoute, addOpenStatusRoutes, type StatusRoutes } from "./routes/status-routes.ts";
import { addTokenRoutes } from "./routes/token-routes.ts";
import { PLAIN_HEADERS } from "./security-headers.ts";
import { letReadersPass, requireSession } from "./session-guard.ts";
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
  readonly tokens: ApiTokens;
  /** Of readers that are no pages. */
  readonly readToken: TokenCheck;
  readonly live: LiveHub;
  readonly files: StaticFiles;
}

const REQUEST_ID_BYTES = 9;

/** Listener of the dashboard, its JSON API and the live feed. */
export function createDashboard(options: DashboardOptions): Listener {
  const { host, allowedHosts, allowedOrigins } = options;
  return createGatedListener({
    host,
    portVariable: PORTS.dashboard.variable,
    allowedHosts,
    allowedOrigins,
    createApp: (hostRules) => createApp(options, hostRules),
  });
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
  addOpenStatusRoutes(app, options.status, options.readToken);
  addSessionRoutes(app, { ...options.signIn, hostRules, log: options.log });
  // Everything registered after this line needs a session and its CSRF token; reports take a read token too.
  app.use("/api/*", letReadersPass(requireSession(options.signIn.sessions), options.readToken));
  addHealthRoute(app, options.status);
  addQueryRoutes(app, options.query);
  addSetupRoutes(app, options.setup, hostRules);
  addDataRoutes(app, options.data, hostRules, options.log);
  addTokenRoutes(app, options.tokens, hostRules, options.log);
  addLiveRoute(app, options.live, options.signIn.sessions);
  addPageRoutes(app, options.files);
  return app;
}
