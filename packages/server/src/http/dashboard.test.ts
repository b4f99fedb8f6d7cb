import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  errorBodySchema,
  facetsSchema,
  liveEventSchema,
  pipelineSchema,
  requestDetailSchema,
  requestListSchema,
  seriesSchema,
  setupCheckSchema,
  streamSchema,
  summarySchema,
} from "@nexent/monitor-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { steadyTape } from "../testing/calls.ts";
import { encodeProtobuf } from "../testing/otlp-encode.ts";
import { rawRequest } from "../testing/raw-http.ts";
import { encodeTokenTape } from "@nexent/monitor-core";
import { openBrowser, signInAndSkip, startTestServer, type Browser, type TestServer } from "../testing/server.ts";
import { callAttributes, idsOf, telemetryBatch, telemetrySpan } from "../testing/spans.ts";

let server: TestServer;
let browser: Browser;
let webDir = "";
let url = "";

beforeAll(async () => {
  webDir = await mkdtemp(join(tmpdir(), "nexent-web-"));
  await mkdir(join(webDir, "assets"));
  await writeFile(join(webDir, "index.html"), '<meta name="csp-nonce" content="__CSP_NONCE__">');
  await writeFile(join(webDir, "theme.js"), "document.documentElement.dataset.theme = 'dark';");
  await writeFile(join(webDir, "assets", "main-1a2b.js"), "export {};\n".repeat(200));
  server = await startTestServer({ webDir });
  url = server.dashboardUrl;
  browser = await signInAndSkip(url);
});
afterAll(async () => {
  await server.stop();
  await rm(webDir, { recursive: true, force: true });
});

async function sendCall(index: number): Promise<string> {
  const tape = encodeTokenTape(steadyTape({ firstMicros: 500_000, gapMicros: 20_000, count: 20 }));
  const attributes = callAttributes({ "llm.time_to_first_token_seconds": 0.5, "llm.token_tape": tape });
  const answer = await fetch(`${server.otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeProtobuf(telemetryBatch([telemetrySpan({ ...idsOf(index), attributes })])),
  });
  expect(answer.status).toBe(200);
  return `${idsOf(index).traceId}-${idsOf(index).spanId}`;
}

describe("JSON API", () => {
  it("answers every report by its schema, from bytes sent a moment ago", async () => {
    const id = await sendCall(1);
    const now = Date.now();
    const range = `from=${now - 60_000}&to=${now + 1_000}`;
    const list = await browser.data(`/api/requests?${range}`, requestListSchema);
    expect(list.rows.map((row) => row.id)).toContain(id);
    expect(list.rows[0]?.fingerprint).toMatch(/^[A-Za-z0-9+/]{40}$/);
    expect((await browser.data(`/api/summary?${range}`, summarySchema)).tiles.attempts).toBeGreaterThan(0);
    expect((await browser.data(`/api/series?${range}&metric=ttft`, seriesSchema)).stepMs).toBe(1_000);
    expect((await browser.data("/api/facets", facetsSchema)).accents).toEqual({ "gpt-4o": 0 });
    expect((await browser.data(`/api/requests/${id}`, requestDetailSchema)).request.id).toBe(id);
    expect((await browser.data(`/api/requests/${id}/stream`, streamSchema)).dtUs).toHaveLength(20);
    expect((await browser.data("/api/health", pipelineSchema)).spansAccepted).toBeGreaterThan(0);
    const check = await browser.data("/api/setup/check", setupCheckSchema);
    expect(check.steps.map(({ state }) => state)).toEqual(["ok", "ok", "ok", "ok"]);
    expect(check.newestRequestId).toBe(id);
  });

  it.each([
    ["/api/summary", 400, "QUERY_INVALID"],
    ["/api/summary?from=1&from=2&to=3", 400, "QUERY_INVALID"],
    ["/api/summary?from=x&to=3", 400, "QUERY_INVALID"],
    ["/api/summary?from=5&to=3", 400, "QUERY_INVALID"],
    ["/api/series?from=0&to=1&metric=nonsense", 400, "QUERY_INVALID"],
    ["/api/requests?from=0&to=1&sort=evil", 400, "QUERY_INVALID"],
    ["/api/requests?from=0&to=1&cursor=evil", 400, "QUERY_INVALID"],
    ["/api/requests?from=0&to=1&limit=100000", 400, "QUERY_INVALID"],
    ["/api/requests/unknown", 404, "NOT_FOUND"],
    ["/api/requests/unknown/stream", 404, "NOT_FOUND"],
    ["/api/nothing", 404, "NOT_FOUND"],
    ["/api", 404, "NOT_FOUND"],
  ])("W18: answers %s with a typed error and no detail of ours", async (path, status, id) => {
    const answer = await browser.request("GET", path);
    const text = await answer.text();
    expect([answer.status, errorBodySchema.parse(JSON.parse(text)).error.id]).toEqual([status, id]);
    expect(text).not.toMatch(/\bat \/|node_modules|SELECT/);
  });

  it("ignores parameters it does not know, __proto__ included", async () => {
    expect((await browser.request("GET", "/api/summary?from=0&to=1&__proto__=x&constructor=y&tenant=z")).status).toBe(
      200,
    );
  });

  it.each(["GET", "POST", "PUT", "DELETE", "PATCH"])(
    "I21: takes %s on no address that is not declared",
    async (method) => {
      expect((await browser.request(method, "/api/data/nothing")).status).toBe(404);
    },
  );
});

describe("live feed", () => {
  it("streams hello, numbers and each new call with its id, and ends when the session does", async () => {
    const own = await signInAndSkip(url);
    const answer = await own.request("GET", "/api/live?topics=kpi,requests,alerts");
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const seen: string[] = [];
    let rowId = "";
    if (answer.body === null) throw new Error("no stream");
    const reader = answer.body.getReader();
    const decoder = new TextDecoder();
    const id = await sendCall(2);
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) {
        const [, event = "", data = ""] = frame.split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
        const parsed = liveEventSchema.parse({ event, data: JSON.parse(data) });
        seen.push(parsed.event);
        if (parsed.event === "row") rowId = parsed.data.id;
      }
      if (rowId !== "" && own.cookie !== "") {
        await own.request("DELETE", "/api/session");
        own.cookie = "";
      }
    }
    expect(seen[0]).toBe("hello");
    expect(seen).toContain("kpi");
    expect(rowId).toBe(id);
  });

  it("needs a session", async () => {
    expect(await openBrowser(url).refusal("GET", "/api/live")).toEqual([401, "UNAUTHENTICATED"]);
  });
});

describe("W19: headers", () => {
  const CSP = "default-src 'none'; frame-ancestors 'none'";

  it("of the page carry the policy word for word, with a new nonce that stands in the page", async () => {
    const pages = await Promise.all(["/", "/requests/abc"].map(async (path) => fetch(url + path)));
    const nonces = await Promise.all(
      pages.map(async (page) => {
        const nonce = /content="([^"]+)"/.exec(await page.text())?.[1] ?? "";
        expect(page.headers.get("content-security-policy")).toBe(
          `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; ` +
            "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        );
        expect(page.headers.get("cache-control")).toBe("no-store");
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(2);
  });

  it.each([
    ["/health", 200, CSP, "no-store"],
    ["/api/session", 200, CSP, "no-store"],
    ["/api/health", 401, CSP, "no-store"],
    ["/theme.js", 200, CSP, "no-store"],
    ["/assets/main-1a2b.js", 200, CSP, "public, max-age=31536000, immutable"],
    ["/assets/gone.js", 404, CSP, "no-store"],
  ])("of %s allow nothing and say how long it may be kept", async (path, status, policy, cache) => {
    const answer = await fetch(url + path);
    expect([answer.status, answer.headers.get("content-security-policy"), answer.headers.get("cache-control")]).toEqual(
      [status, policy, cache],
    );
    for (const [name, value] of [
      ["x-content-type-options", "nosniff"],
      ["referrer-policy", "no-referrer"],
      ["cross-origin-resource-policy", "same-origin"],
      ["access-control-allow-origin", null],
      ["x-powered-by", null],
      ["server", null],
    ] as const) {
      expect(answer.headers.get(name)).toBe(value);
    }
  });

  it("let a script be compressed", async () => {
    const plain = await fetch(`${url}/assets/main-1a2b.js`, { headers: { "accept-encoding": "identity" } });
    const packed = await fetch(`${url}/assets/main-1a2b.js`, { headers: { "accept-encoding": "gzip" } });
    expect([plain.headers.get("content-encoding"), packed.headers.get("content-encoding")]).toEqual([null, "gzip"]);
    expect(await packed.text()).toBe(await plain.text());
  });
});

describe("I17, I18, W6: hostile requests to the dashboard", () => {
  const port = (): number => Number(new URL(url).port);

  it.each([
    ["GET //", 400],
    ["GET http://", 400],
    ["GET http://evil.test/", 400],
    ["OPTIONS *", 400],
    ["GET /%E0%A4%A", 200],
    ["GET /..%2f..%2fetc/passwd", 200],
    ["GET /assets/..%2f..%2fpackage.json", 404],
  ])("answers the line %s and goes on", async (line, status) => {
    expect(await rawRequest(port(), `${line} HTTP/1.1`)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it.each([
    [["Host: evil.test"], 421],
    [["Host: 127.0.0.1:PORT", "Host: 127.0.0.1:PORT"], 400],
    [["Host: 127.0.0.1:PORT", "Origin: http://evil.test"], 403],
    [["Host: localhost:PORT"], 200],
  ])("judges headers %j", async (headers, status) => {
    const own = headers.map((header) => header.replace("PORT", String(port())));
    expect(await rawRequest(port(), "GET /health HTTP/1.1", own)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  it("refuses a body that is too large, too deep or no JSON", async () => {
    const send = async (body: string): Promise<number> =>
      (
        await fetch(`${url}/api/session`, {
          method: "POST",
          headers: { origin: url, "content-type": "application/json" },
          body,
        })
      ).status;
    expect(await send(JSON.stringify({ user: "admin", password: "x".repeat(100_000) }))).toBe(413);
    expect(await send("[".repeat(50_000))).toBe(400);
    expect(await send("{")).toBe(400);
    expect(await send('{"user":5}')).toBe(400);
  });

  it("shows its metrics to this machine only, in both formats", async () => {
    const text = await fetch(`${url}/metrics`);
    expect(await text.text()).toMatch(/^nexent_server_accepted_spans_total [1-9]/m);
    const open = await fetch(`${url}/metrics`, { headers: { accept: "application/openmetrics-text" } });
    expect(open.headers.get("content-type")).toContain("openmetrics");
    expect(await open.text()).toMatch(/# EOF\n$/);
    expect((await fetch(`${url}/metrics`, { headers: { "x-forwarded-for": "10.0.0.1" } })).status).toBe(403);
  });
});
