import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callGrpc, framed, openGrpc } from "../testing/grpc-client.ts";
import { openBrowser, signInAndSkip, startTestServer, type Browser, type TestServer } from "../testing/server.ts";

const CONFIGURED = {
  ingestToken: "configured-ingest-token-of-32-chars",
  readToken: "configured-read-token-of-32-chars!",
};
const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

let folder = "";
let server: TestServer;
let browser: Browser;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "nexent-tokens-"));
  await restart();
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function restart(config: object = CONFIGURED): Promise<void> {
  server = await startTestServer({ dataDir: folder, ...config });
  browser = await signInAndSkip(server.dashboardUrl);
}

async function create(name: string, scope: string): Promise<string> {
  const answer = await browser.request("POST", "/api/tokens", { body: { name, scope } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { data: { token: string } }).data.token;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const statusOf = async (url: string, headers: Record<string, string>) => (await fetch(url, { headers })).status;

/** Statuses of OTLP over HTTP, Jaeger thrift and OTLP over gRPC. */
async function send(token: string): Promise<readonly unknown[]> {
  const post = async (url: string, type: string, body: string) =>
    (await fetch(url, { method: "POST", headers: { "content-type": type, "x-api-key": token }, body })).status;
  const session = openGrpc(Number(new URL(server.otlpGrpcUrl).port));
  const grpc = await callGrpc(session, EXPORT, framed(new Uint8Array()), bearer(token));
  session.close();
  return [
    await post(`${server.otlpUrl}/v1/traces`, "application/json", "{}"),
    // No batch at all: the token is judged first.
    await post(server.jaegerThriftUrl, "application/x-thrift", ""),
    grpc.status,
  ];
}

describe("named tokens", () => {
  it("open the receivers to their own scope until they are revoked, beside the configured token", async () => {
    const [ingest, read] = [await create("collector", "ingest"), await create("grafana", "read")];
    expect(ingest).toMatch(/^nxm_ing_[\w-]{43}$/);
    expect(read).toMatch(/^nxm_read_[\w-]{43}$/);
    expect(await send(ingest)).toEqual([200, 400, "0"]);
    expect(await send(CONFIGURED.ingestToken)).toEqual([200, 400, "0"]);
    for (const wrong of [read, `${ingest}x`, "nxm_ing_"]) expect(await send(wrong)).toEqual([401, 401, "16"]);
    const revoked = await browser.request("POST", "/api/tokens/revoke", { body: { name: "collector" } });
    expect(await revoked.json()).toMatchObject({ data: { revoked: true } });
    expect(await send(ingest)).toEqual([401, 401, "16"]);
  });

  it("open the query APIs, reports and metrics to readers, and nothing else", async () => {
    const [ingest, read] = [await create("collector", "ingest"), await create("grafana", "read")];
    const { dashboardUrl, jaegerUrl } = server;
    const now = Date.now();
    const reports = [`${jaegerUrl}/api/services`, `${dashboardUrl}/api/requests?from=0&to=${now}`];
    for (const url of [...reports, `${dashboardUrl}/api/health`, `${dashboardUrl}/api/summary?from=0&to=${now}`]) {
      expect(await statusOf(url, bearer(read)), url).toBe(200);
      expect(await statusOf(url, bearer(CONFIGURED.readToken)), url).toBe(200);
      for (const headers of [bearer(ingest), {}]) expect(await statusOf(url, headers), url).toBe(401);
    }
    for (const path of ["/api/tokens", "/api/setup", "/api/stream"])
      expect(await statusOf(dashboardUrl + path, bearer(read)), path).toBe(401);
    for (const path of ["/api/tokens", "/api/tokens/revoke", "/api/data/retain", "/api/requests"]) {
      const stranger = openBrowser(dashboardUrl);
      const answer = await stranger.request("POST", path, {
        headers: bearer(read),
        body: { name: "x", scope: "read" },
      });
      expect(answer.status, path).toBe(401);
    }
    // Elsewhere than on this machine: a Host that a proxy was given.
    const proxied = { ...bearer(read), "x-forwarded-for": "203.0.113.9" };
    expect(await statusOf(`${dashboardUrl}/metrics`, proxied)).toBe(200);
    expect(await statusOf(`${dashboardUrl}/metrics`, { "x-forwarded-for": "203.0.113.9" })).toBe(403);
  });

  it("close no door that was open: without a configured token this machine still sends and reads", async () => {
    await server.stop();
    await restart({});
    const read = await create("grafana", "read");
    await create("collector", "ingest");
    expect(await send("")).toEqual([200, 400, "0"]);
    const url = `${server.jaegerUrl}/api/services`;
    expect(await statusOf(url, {})).toBe(200);
    expect(await statusOf(url, { "x-forwarded-for": "203.0.113.9" })).toBe(401);
    expect(await statusOf(url, { "x-forwarded-for": "203.0.113.9", ...bearer(read) })).toBe(200);
  });

  it("are kept as hashes alone, survive a restart, and are listed without what they are", async () => {
    const token = await create("collector", "ingest");
    const path = join(folder, "control", "tokens.json");
    const text = readFileSync(path, "utf8");
    expect(text).not.toContain(token.slice(8));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.stop();
    await restart();
    expect(await send(token)).toEqual([200, 400, "0"]);
    const list = (await (await browser.request("GET", "/api/tokens")).json()) as { data: unknown };
    expect(list.data).toEqual({
      tokens: [{ name: "collector", scope: "ingest", createdAt: expect.stringMatching(/Z$/) as unknown }],
    });
  });

  it("have names of their own, and a file that cannot be read revokes none in silence", async () => {
    await create("collector", "ingest");
    for (const body of [
      { name: "collector", scope: "read" },
      { name: "a b", scope: "read" },
      { name: "c", scope: "admin" },
    ])
      expect(await browser.refusal("POST", "/api/tokens", { body })).toEqual([400, "QUERY_INVALID"]);
    const foreign = { body: { name: "x", scope: "read" }, headers: { origin: "http://evil.test" } };
    expect((await browser.request("POST", "/api/tokens", foreign)).status).toBe(403);
    await server.stop();
    writeFileSync(join(folder, "control", "tokens.json"), "[{}]");
    await expect(restart()).rejects.toThrow(/tokens.json/);
  });
});
