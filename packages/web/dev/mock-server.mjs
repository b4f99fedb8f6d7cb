// Serves dist/ with made-up data under the product's own content security policy.
//   node --import tsx --conditions=@nexent/source packages/web/dev/mock-server.mjs [port] [empty]
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createWorld,
  facets,
  health,
  requestDetail,
  requestList,
  requestStream,
  series,
  summary,
} from "./fake-api.mjs";
import { makeRequest } from "./fake-requests.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".html": "text/html; charset=utf-8",
};
const port = Number(process.argv[2] ?? 33005);
const world = createWorld(Date.now(), process.argv.includes("empty"));
const reports = [];
let session = process.argv.includes("signed-out") ? "signed_out" : "ready";
let skipped = false;
let tries = 0;

const policy = (nonce) =>
  `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; ` +
  "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types nexent; report-uri /csp-report";

function json(response, data, status = 200, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(
    JSON.stringify(status < 400 ? { data, meta: { exact: true, tookMs: 3.4, n: world.requests.size } } : data),
  );
}

const error = (response, id, status, headers) =>
  json(response, { error: { id, params: {}, requestId: "req-0042" } }, status, headers);

const sessionAnswer = () => ({
  stage: session,
  ...(session === "signed_out" ? {} : { user: "admin" }),
  canSkip: true,
  defaultPasswordHint: true,
  passwordSkipped: skipped,
  version: "0.1.0",
});

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return text === "" ? {} : JSON.parse(text);
}

const change = (response) => json(response, { session: sessionAnswer(), csrf: "mock-token" });

async function sessionRoute(request, response, path) {
  if (request.method === "GET") return json(response, sessionAnswer());
  const body = await bodyOf(request);
  if (request.method === "DELETE") session = "signed_out";
  else if (path === "/api/session/skip") [session, skipped] = ["ready", true];
  else if (path === "/api/session/password") [session, skipped] = ["ready", false];
  else if (body.password !== "admin") {
    tries += 1;
    return tries > 2
      ? error(response, "RATE_LIMITED", 429, { "retry-after": "20" })
      : error(response, "UNAUTHENTICATED", 401);
  } else session = "must_change";
  return change(response);
}

function live(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let id = 0;
  const send = (event, data) => response.write(`event: ${event}\nid: ${(id += 1)}\ndata: ${JSON.stringify(data)}\n\n`);
  send("hello", { serverTimeMs: Date.now(), version: "0.1.0" });
  const kpi = () => send("kpi", { pipeline: health(world), requestsPerSecond: 1.1 });
  kpi();
  const timers = [
    setInterval(kpi, 1000),
    setInterval(() => {
      if (world.requests.size === 0) return;
      const made = makeRequest(Date.now() & 0xffffff, Date.now() - 4000);
      world.requests.set(made.row.id, made);
      send("row", made.row);
    }, 900),
  ];
  response.on("close", () => timers.forEach(clearInterval));
}

function setupCheck() {
  const empty = world.requests.size === 0;
  const step = (id, state, reason) => ({ id, state, ...(reason === undefined ? {} : { reason }) });
  return {
    listening: [
      { name: "gateway", url: "http://127.0.0.1:8000", open: true },
      { name: "otlp_http", url: "http://127.0.0.1:4318", open: true },
      { name: "otlp_grpc", url: "http://127.0.0.1:4317", open: true },
      { name: "jaeger_thrift", url: "http://127.0.0.1:14268/api/traces", open: true },
      { name: "dashboard", url: `http://127.0.0.1:${port}`, open: true },
    ],
    steps: [
      step("port_open", "ok"),
      step(
        "bytes_seen",
        empty ? "waiting" : "ok",
        empty ? { id: "no_bytes", params: { url: "http://127.0.0.1:4318" } } : undefined,
      ),
      step("span_decoded", empty ? "waiting" : "ok"),
      step("llm_attributes", empty ? "waiting" : "ok"),
    ],
    gatewayBaseUrl: "http://127.0.0.1:8000/v1",
    exactBaseUrl: "http://127.0.0.1:8000/exact/v1",
    otlpUrl: "http://127.0.0.1:4318",
    ...(world.showcaseId === undefined ? {} : { newestRequestId: world.showcaseId }),
  };
}

async function api(request, response, url) {
  const path = url.pathname;
  if (path.startsWith("/api/session")) return sessionRoute(request, response, path);
  if (request.headers["x-nexent-csrf"] !== "mock-token") return error(response, "UNAUTHENTICATED", 401);
  if (path === "/api/summary") return json(response, summary(world, url.searchParams));
  if (path === "/api/series") return json(response, series(world, url.searchParams));
  if (path === "/api/facets") return json(response, facets(world));
  if (path === "/api/health") return json(response, health(world));
  if (path === "/api/live") return live(response);
  if (path === "/api/setup/check") return json(response, setupCheck());
  if (path === "/api/setup/test") return json(response, { sent: true, status: 200 });
  if (path === "/api/requests") return json(response, requestList(world, url.searchParams));
  const match = /^\/api\/requests\/([^/]+)(\/stream)?$/.exec(path);
  const found = match === null ? undefined : world.requests.get(decodeURIComponent(match[1]));
  if (found === undefined) return error(response, "NOT_FOUND", 404);
  return json(response, match[2] === undefined ? requestDetail(found) : requestStream(found));
}

async function page(response, path) {
  const nonce = randomBytes(16).toString("base64");
  const isFile = extname(path) !== "";
  const bytes = await readFile(`${DIST}${isFile ? path.slice(1) : "index.html"}`).catch(() => undefined);
  if (bytes === undefined) return error(response, "NOT_FOUND", 404);
  const type = TYPES[isFile ? extname(path) : ".html"] ?? "application/octet-stream";
  if (isFile) {
    response.writeHead(200, { "content-type": type, "x-content-type-options": "nosniff" });
    return response.end(bytes);
  }
  response.writeHead(200, {
    "content-type": type,
    "content-security-policy": policy(nonce),
    "cache-control": "no-store",
  });
  return response.end(bytes.toString().replaceAll("__CSP_NONCE__", nonce));
}

createServer((request, response) => {
  const url = new URL(request.url.replace(/^\/+/, "/"), "http://localhost");
  if (url.pathname === "/csp-report") {
    void bodyOf(request).then((report) => reports.push(report));
    return response.writeHead(204).end();
  }
  if (url.pathname === "/dev/state") return json(response, { reports, showcaseId: world.showcaseId });
  const answer = url.pathname.startsWith("/api/") ? api(request, response, url) : page(response, url.pathname);
  return answer.catch((cause) => {
    process.stderr.write(`${cause.stack}\n`);
    error(response, "STORE_UNAVAILABLE", 503);
  });
}).listen(port, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${port}\n`));
