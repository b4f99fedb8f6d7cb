import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import type { ApiApp, ApiEnv } from "../api-context.ts";
import { answerError } from "../api-answer.ts";
import { fileHeaders, pageHeaders, PLAIN_HEADERS } from "../security-headers.ts";
import type { StaticFile, StaticFiles } from "../static-files.ts";

const NONCE_BYTES = 16;
const NO_DASHBOARD = `Nexent LLM Monitor is running, but its dashboard is not built.
Run "npm start", or build it with "npm run build" and set LLM_MONITOR_WEB_DIR to packages/web/dist.
The JSON API under /api works without it.
`;

/** The dashboard: its files, and the page for every other path. Nothing of a request ever becomes a file path. */
export function addPageRoutes(app: ApiApp, files: StaticFiles): void {
  app.get("*", (c) => {
    const { path } = c.req;
    if (path === "/api" || path.startsWith("/api/")) return answerError(c, "NOT_FOUND");
    const file = files.find(path);
    if (file !== undefined) return sendFile(c, file);
    // A missing file is missing; only addresses of pages get the page.
    if (path.slice(path.lastIndexOf("/") + 1).includes(".")) return c.body("not found\n", 404, textHeaders());
    return sendPage(c, files);
  });
  app.all("*", (c) => answerError(c, "NOT_FOUND"));
}

function textHeaders(): Record<string, string> {
  return { ...PLAIN_HEADERS, "content-type": "text/plain; charset=utf-8" };
}

function sendPage(c: Context<ApiEnv>, files: StaticFiles): Response {
  const nonce = randomBytes(NONCE_BYTES).toString("base64url");
  const page = files.page(nonce);
  if (page === undefined) return c.body(NO_DASHBOARD, 200, textHeaders());
  return c.body(page, 200, { ...pageHeaders(nonce), "content-type": "text/html; charset=utf-8" });
}

function sendFile(c: Context<ApiEnv>, file: StaticFile): Response {
  const headers = { ...fileHeaders(file.isHashed), "content-type": file.contentType };
  const acceptsGzip = (c.req.header("accept-encoding") ?? "").includes("gzip");
  if (file.gzipped === undefined) return c.body(new Uint8Array(file.bytes), 200, headers);
  const varied = { ...headers, vary: "accept-encoding" };
  return acceptsGzip
    ? c.body(new Uint8Array(file.gzipped), 200, { ...varied, "content-encoding": "gzip" })
    : c.body(new Uint8Array(file.bytes), 200, varied);
}
