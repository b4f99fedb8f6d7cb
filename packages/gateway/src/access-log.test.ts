import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";
import { createTestMonitoring } from "./testing/test-monitoring.testing.ts";

let upstream: FaultUpstream;
let gateway: TestGateway;
let lines: object[] = [];
const collect = { debug: () => undefined, info: (fields: object) => void lines.push(fields), warn: () => undefined };

beforeEach(async () => {
  lines = [];
  upstream = await startFaultUpstream();
});

afterEach(async () => {
  await gateway.gateway.close(0);
  await upstream.close();
});

async function start(accessLog: boolean): Promise<void> {
  const monitoring = createTestMonitoring();
  const config = { accessLog, openRequests: 1 };
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin, config, log: collect, monitoring });
}

describe("the access log", () => {
  it("has one line per request: route pattern, status, times and bytes, and nothing of what was said", async () => {
    await start(true);
    upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"choices":[],"note":"CANARY-answer"}');
    });
    const body = '{"model":"CANARY-model","messages":[{"role":"user","content":"CANARY-prompt"}]}';
    await fetchRaw(`${gateway.origin}/v1/chat/completions?key=CANARY-query`, {
      body,
      headers: { authorization: "Bearer CANARY-key" },
    });
    await fetchRaw(`${gateway.origin}/v1/files/CANARY-file`);
    await until(() => lines.length === 2);
    expect(lines[0]).toEqual({
      event: "request",
      method: "POST",
      route: "/v1/chat/completions",
      upstream: "openai",
      status: 200,
      complete: true,
      duration_ms: expect.any(Number),
      bytes_in: expect.any(Number),
      bytes_out: expect.any(Number),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(lines[1]).toMatchObject({ method: "GET", route: "/v1/*", status: 200 });
    expect(JSON.stringify(lines)).not.toContain("CANARY");
  });

  it("says why the gateway answered itself", async () => {
    await start(true);
    await fetchRaw(`${gateway.origin}/v9/CANARY`);
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ status: 404, error: "NOT_FOUND", complete: true });
    expect(lines[0]).not.toHaveProperty("route");
    expect(JSON.stringify(lines)).not.toContain("CANARY");
  });

  it("tells an answer that was broken off", async () => {
    await start(true);
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n", () => response.destroy());
    });
    await fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: "{}" });
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ status: 200, complete: false });
  });

  it("leaves out probes and scrapes, and everything when it is off", async () => {
    await start(true);
    for (const path of ["/health", "/readyz", "/metrics", "/inflight"]) await fetchRaw(`${gateway.origin}${path}`);
    await gateway.gateway.close(0);
    await start(false);
    await fetchRaw(`${gateway.origin}/v1/files`);
    expect(lines).toEqual([]);
  });
});

describe("readiness", () => {
  it("says why requests are refused at the moment", async () => {
    await start(false);
    let finish: () => void = () => undefined;
    upstream.play((_request, response) => {
      finish = () => response.end();
    });
    const running = fetchRaw(`${gateway.origin}/v1/files`);
    await until(() => upstream.requests.length === 1);
    const full = await fetchRaw(`${gateway.origin}/readyz`);
    const refused = await fetchRaw(`${gateway.origin}/v1/files`);
    finish();
    await running;
    expect([full.status, JSON.parse(full.body.toString())]).toEqual([
      503,
      { status: "overloaded", reasons: ["open_requests_limit"] },
    ]);
    expect([refused.status, refused.headers["x-gateway-error"]]).toEqual([503, "GATEWAY_OVERLOADED"]);
    const ready = await fetchRaw(`${gateway.origin}/readyz`);
    expect([ready.status, ready.body.toString()]).toEqual([200, '{"status":"ready"}']);
  });
});
