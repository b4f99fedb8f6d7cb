import { LIMITS, MonitorError, PORTS } from "@nexent/monitor-core";
import { createSlots, type MetricStore } from "@nexent/monitor-store";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Clock } from "../clock.ts";
import type { ApiEnv } from "../http/api-context.ts";
import { createGatedListener } from "../http/gated-listener.ts";
import { guardQueries } from "../http/query-guard.ts";
import { PLAIN_HEADERS } from "../http/security-headers.ts";
import type { Listener } from "../listener.ts";
import type { Log } from "../log.ts";
import type { PrometheusContext } from "./prometheus-context.ts";
import { QueryFault } from "./query-fault.ts";
import { addQueryRoutes } from "./routes-query.ts";
import { addSeriesRoutes } from "./routes-series.ts";
import { addStatusRoutes } from "./routes-status.ts";

export interface PrometheusApiOptions {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly readToken: string | undefined;
  readonly store: MetricStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly isReady: () => boolean;
  /** Where people find the dashboard; told to those who open this port in a browser. */
  readonly dashboardUrl: () => string;
}

/** A form has a query, or selectors, each of which has its own limit, and a few short parameters. */
const FORM_BYTES = 4 * LIMITS.queryTextBytes;

/**
 * The Prometheus query API over our metric store (measurement contract 8.4): what Grafana's Prometheus data source and
 * `promtool query` ask, as far as no expression must be evaluated. Read-only.
 */
export function createPrometheusApi(options: PrometheusApiOptions): Listener {
  return createGatedListener({
    host: options.host,
    portVariable: PORTS.prometheusQuery.variable,
    allowedHosts: options.allowedHosts,
    allowedOrigins: [],
    createApp: () => createApp(options),
  });
}

function createApp(options: PrometheusApiOptions): Hono<ApiEnv> {
  const context: PrometheusContext = { ...options, slots: createSlots(LIMITS.queriesAtOnce) };
  const app = new Hono<ApiEnv>();
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(PLAIN_HEADERS)) c.header(name, value);
    await next();
  });
  app.onError((error, c) => {
    const fault = faultOf(error);
    if (fault.errorType === "unavailable") {
      options.log.error("prometheus_query_failed", { path: c.req.path, message: error.message });
    }
    return answerFault(c, fault);
  });
  for (const path of ["/-/healthy", "/health"]) app.get(path, (c) => c.text("ok"));
  for (const path of ["/-/ready", "/ready"]) {
    app.get(path, (c) => (options.isReady() ? c.text("ready") : c.text("unavailable", 503)));
  }
  app.get("/", (c) => c.text(welcome(options.dashboardUrl())));
  app.use("/api/*", (c, next) =>
    guardQueries({
      readToken: options.readToken,
      refuse: ({ status, message }) =>
        answerFault(c, new QueryFault(status === 401 ? "unauthorized" : "forbidden", message)),
    })(c, next),
  );
  app.use(
    "/api/*",
    bodyLimit({
      maxSize: FORM_BYTES,
      onError: (c) => answerFault(c, new QueryFault("bad_data", `a form may have ${FORM_BYTES} bytes`)),
    }),
  );
  addQueryRoutes(app, context);
  addSeriesRoutes(app, context);
  addStatusRoutes(app);
  app.all("*", (c) =>
    answerFault(c, new QueryFault("not_found", "no such path; the Prometheus query API is below /api/v1")),
  );
  return app;
}

function answerFault(c: Context, { status, errorType, message }: QueryFault): Response {
  return c.json({ status: "error", errorType, error: message }, status);
}

/** Only the asker's own mistakes keep their text. */
function faultOf(error: Error): QueryFault {
  if (error instanceof QueryFault) return error;
  if (error instanceof MonitorError && error.code === "QUERY_INVALID")
    return new QueryFault("execution", error.message);
  const isTimeout =
    (error instanceof MonitorError && error.code === "QUERY_TIMEOUT") ||
    (error instanceof DOMException && error.name === "TimeoutError");
  if (isTimeout) return new QueryFault("timeout", "query timed out in expression evaluation");
  if (error.name === "AbortError") return new QueryFault("canceled", "query was canceled in expression evaluation");
  return new QueryFault("unavailable", "the store cannot answer now");
}

function welcome(dashboardUrl: string): string {
  return `Nexent LLM Monitor: this port answers the Prometheus query API, for Grafana and other clients.

  names      /api/v1/label/__name__/values
  series     /api/v1/series?match[]=up
  values     /api/v1/query?query=up

Selectors and constants are answered; functions and operators on series need a Prometheus.
The dashboard is at ${dashboardUrl}
`;
}
