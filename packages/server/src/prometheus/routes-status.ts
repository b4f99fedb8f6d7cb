import type { Hono } from "hono";
import type { ApiEnv } from "../http/api-context.ts";
import { VERSION } from "../version.ts";
import { QueryFault } from "./query-fault.ts";

/** The Prometheus whose API and selector rules these are; its last 2.x. */
const API_LEVEL = "2.55.0";

/** `/rules`, `/alerts` and `/status/buildinfo`. This server evaluates no rules, so there are none to show. */
export function addStatusRoutes(app: Hono<ApiEnv>): void {
  app.get("/api/v1/rules", (c) => {
    const type = c.req.query("type") ?? "";
    if (!["", "alert", "record"].includes(type)) {
      throw new QueryFault(
        "bad_data",
        `invalid parameter "type": not supported value ${JSON.stringify(type.slice(0, 100))}`,
      );
    }
    return c.json({ status: "success", data: { groups: [] } });
  });
  app.get("/api/v1/alerts", (c) => c.json({ status: "success", data: { alerts: [] } }));
  app.get("/api/v1/status/buildinfo", (c) => c.json({ status: "success", data: buildInfo() }));
}

/** Clients read the version to know which questions they may ask; the rest says who really answers. */
function buildInfo(): Readonly<Record<string, string>> {
  return {
    version: `${API_LEVEL}+nexent-llm-monitor.${VERSION}`,
    revision: "",
    branch: "",
    buildUser: "Nexent LLM Monitor",
    buildDate: "",
    goVersion: "",
  };
}
