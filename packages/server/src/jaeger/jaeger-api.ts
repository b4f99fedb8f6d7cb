import { MonitorError, PORTS } from "@nexent/monitor-core";
import { Hono, type Context } from "hono";
import type { ApiEnv } from "../http/api-context.ts";
import { createGatedListener } from "../http/gated-listener.ts";
import { guardQueries } from "../http/query-guard.ts";
import { PLAIN_HEADERS } from "../http/security-headers.ts";
import type { Listener } from "../listener.ts";
import type { Log } from "../log.ts";
import type { VerifyToken } from "../token-check.ts";
import { ApiFault } from "./api-fault.ts";
import type { JaegerContext } from "./jaeger-context.ts";
import { addRoutesV1, answerErrorV1 } from "./routes-v1.ts";
import { addRoutesV3, answerErrorV3 } from "./routes-v3.ts";

export interface JaegerApiOptions extends JaegerContext {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly readToken: string | undefined;
  readonly isNamedToken?: VerifyToken;
  readonly log: Log;
  readonly isReady: () => boolean;
  /** Where people find the dashboard; told to those who open this port in a browser. */
  readonly dashboardUrl: () => string;
}

/**
 * The Jaeger query API, v1 and v3, over our store (measurement contract 8.3): what Grafana's Jaeger data source and
 * Jaeger's own page ask. Read-only. Answers are never compressed, since some clients cannot read that.
 */
export function createJaegerApi(options: JaegerApiOptions): Listener {
  return createGatedListener({
    host: options.host,
    portVariable: PORTS.jaegerQuery.variable,
    allowedHosts: options.allowedHosts,
    allowedOrigins: [],
    createApp: () => createApp(options),
  });
}

function createApp(options: JaegerApiOptions): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(PLAIN_HEADERS)) c.header(name, value);
    await next();
  });
  app.onError((error, c) => {
    const fault = faultOf(error);
    if (fault.status === 503 && !c.req.raw.signal.aborted) {
      options.log.error("jaeger_query_failed", { path: c.req.path, message: error.message });
    }
    return answerFault(c, fault);
  });
  app.get("/health", (c) => c.text("ok"));
  app.get("/ready", (c) => (options.isReady() ? c.text("ready") : c.text("unavailable", 503)));
  app.get("/", (c) => c.text(welcome(options.dashboardUrl())));
  app.use("/api/*", (c, next) =>
    guardQueries({
      readToken: options.readToken,
      ...(options.isNamedToken === undefined ? {} : { isNamedToken: options.isNamedToken }),
      refuse: ({ status, message }) => answerFault(c, new ApiFault(status, message)),
    })(c, next),
  );
  addRoutesV3(app, options);
  addRoutesV1(app, options);
  app.all("*", (c) => answerFault(c, new ApiFault(404, "no such path; the Jaeger query API is below /api")));
  return app;
}

function answerFault(c: Context<ApiEnv>, fault: ApiFault): Response {
  return c.req.path.startsWith("/api/v3/") ? answerErrorV3(c, fault) : answerErrorV1(c, fault);
}

/** Only the asker's own mistakes keep their text. */
function faultOf(error: Error): ApiFault {
  if (error instanceof ApiFault) return error;
  if (error instanceof MonitorError && error.code === "QUERY_INVALID") return new ApiFault(400, error.message);
  const isTimeout =
    (error instanceof MonitorError && error.code === "QUERY_TIMEOUT") ||
    (error instanceof DOMException && error.name === "TimeoutError");
  if (isTimeout) return new ApiFault(503, "the query took too long; narrow its time range");
  return new ApiFault(503, "the store cannot answer now");
}

function welcome(dashboardUrl: string): string {
  return `Nexent LLM Monitor: this port answers the Jaeger query API (v1 and v3), for Grafana and other clients.

  services   /api/services
  search     /api/traces?service=NAME&limit=20
  one trace  /api/traces/TRACE_ID

The dashboard is at ${dashboardUrl}
`;
}
