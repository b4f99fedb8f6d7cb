import net from "node:net";
import { MonitorError } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { exchangeBytes, fetchRaw, pause, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";
let upstream: FaultUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startFaultUpstream();
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin });
});

afterEach(async () => {
  await gateway.gateway.close(0);
  await upstream.close();
});

describe("own paths", () => {
  it("answers health and readiness itself", async () => {
    expect((await fetchRaw(`${gateway.origin}/health`)).body.toString()).toBe('{"status":"ok"}');
    const ready = await fetchRaw(`${gateway.origin}/readyz`);
    expect(ready.status).toBe(200);
    expect(ready.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
    expect((await fetchRaw(`${gateway.origin}/metrics`, { method: "POST", body: "" })).status).toBe(405);
    expect(upstream.requests).toHaveLength(0);
  });

  it("34: without telemetry /metrics shows the state family only", async () => {
    await fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: '{"model":"m","stream":true}' });
    const answer = await fetchRaw(`${gateway.origin}/metrics`);
    const samples = answer.body
      .toString()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(samples).toHaveLength(4);
    expect(samples).toContain('nexent_monitor_state{state="disabled"} 1');
    expect(answer.headers["content-type"]).toContain("version=0.0.4");
  });

  it("34: without telemetry nothing is spliced and no coding is asked for", async () => {
    const body = '{"model":"m","stream":true}';
    await fetchRaw(`${gateway.origin}/v1/chat/completions`, { body, headers: { "accept-encoding": "gzip" } });
    expect(upstream.requests[0]?.body.toString()).toBe(body);
    expect(upstream.requests[0]?.headers["accept-encoding"]).toBe("gzip");
  });
});

describe("refusals", () => {
  it("answers 404 in the OpenAI shape for a path without an upstream", async () => {
    const answer = await fetchRaw(`${gateway.origin}/v2/chat/completions`, { body: "{}" });
    expect([answer.status, answer.headers["x-gateway-error"]]).toEqual([404, "NOT_FOUND"]);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code: "gateway_not_found" } });
    expect((await fetchRaw(`${gateway.origin}/v1x/models`)).status).toBe(404);
  });

  it("36: refuses dot segments and absolute targets before any upstream is asked", async () => {
    const targets = [
      "/v1/../secret",
      "/v1/%2e%2e/secret",
      "/v1/.%2E/x",
      "http://evil.test/v1/models",
      "//evil.test/v1/models",
    ];
    for (const target of targets) {
      const { text } = await exchangeBytes(
        gateway.port,
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(text.split("\r\n", 1)[0], target).toMatch(/ 40[04] /);
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it("37: an upgrade gets 501 and a closed socket; an offer of HTTP/2 is ignored", async () => {
    const head = "GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n";
    const { text } = await exchangeBytes(gateway.port, `${head}Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 501 /);
    expect(text).toContain("CAPABILITY_MISSING");
    expect(upstream.requests).toHaveLength(0);
    const h2c =
      "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n";
    const plain = await exchangeBytes(gateway.port, `${h2c}HTTP2-Settings: x\r\n\r\n`);
    expect(plain.text).toMatch(/^HTTP\/1\.1 200 /);
    expect(upstream.requests[0]?.headers["upgrade"]).toBeUndefined();
  });

  it("37: CONNECT gets 501 and a closed socket", async () => {
    const { text } = await exchangeBytes(
      gateway.port,
      "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n",
    );
    expect(text).toMatch(/^HTTP\/1\.1 501 /);
  });

  it("G8: a name that was pointed at loopback and a foreign origin are refused", async () => {
    expect((await fetchRaw(`${gateway.origin}/v1/models`, { headers: { host: "evil.test" } })).status).toBe(421);
    expect((await fetchRaw(`${gateway.origin}/metrics`, { headers: { host: "evil.test" } })).status).toBe(421);
    expect((await fetchRaw(`${gateway.origin}/v1/models`, { headers: { origin: "http://evil.test" } })).status).toBe(
      403,
    );
    expect(upstream.requests).toHaveLength(0);
  });

  it("G8: a request with two Host headers is refused", async () => {
    const head = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nhOST: evil.test\r\n\r\n";
    const { text } = await exchangeBytes(gateway.port, head);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(upstream.requests).toHaveLength(0);
  });

  it("35: a held key needs the gateway token; neither crosses", async () => {
    const held = await startTestGateway({
      upstreamOrigin: upstream.origin,
      upstream: { apiKey: "sk-held" },
      config: { tokens: [TOKEN] },
    });
    const url = `${held.origin}/v1/models`;
    expect((await fetchRaw(url)).status).toBe(401);
    expect((await fetchRaw(url, { headers: { authorization: "Bearer sk-other" } })).status).toBe(401);
    expect(upstream.requests).toHaveLength(0);
    for (const headers of [
      { authorization: `Bearer ${TOKEN}` },
      { "x-api-key": TOKEN },
      { "x-nexent-token": TOKEN, authorization: "Bearer sk-mine" },
    ]) {
      expect((await fetchRaw(url, { headers })).status).toBe(200);
    }
    expect((await fetchRaw(`${url}?key=${TOKEN}`)).status).toBe(200);
    for (const request of upstream.requests) {
      expect(request.headers.authorization).toBe("Bearer sk-held");
      expect(JSON.stringify([request.rawHeaders, request.url])).not.toContain(TOKEN);
      expect(JSON.stringify(request.rawHeaders)).not.toContain("sk-mine");
    }
    await held.gateway.close(0);
  });
});

describe("start and stop", () => {
  it("says that the port is taken", async () => {
    const second = startTestGateway({ upstreamOrigin: upstream.origin, config: { port: gateway.port } });
    await expect(second).rejects.toThrow(MonitorError);
    await expect(second).rejects.toMatchObject({ code: "PORT_IN_USE" });
  });

  it("31: drains: running streams finish, new requests are refused, readiness says so", async () => {
    let finish: () => void = () => undefined;
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      finish = () => response.end("data: two\n\n");
    });
    const running = fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: "{}" });
    await until(() => upstream.requests.length === 1 && gateway.gateway.openRequests === 1);
    const early = openEarly(gateway.port);
    await early.ready;
    const closed = gateway.gateway.close();
    const refused = await early.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    );
    expect(refused).toMatch(/^HTTP\/1\.1 503 /);
    expect(refused).toContain("GATEWAY_DRAINING");
    expect(refused.toLowerCase()).toContain("connection: close");
    await expect(fetchRaw(`${gateway.origin}/health`)).rejects.toThrow("ECONNREFUSED");
    finish();
    const answer = await running;
    expect([answer.complete, answer.body.toString()]).toEqual([true, "data: one\n\ndata: two\n\n"]);
    await closed;
  });

  it("31: what is still running at the drain limit is broken off, never ended", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
    });
    const running = fetchRaw(`${gateway.origin}/v1/chat/completions`, { body: "{}" });
    await until(() => gateway.gateway.openRequests === 1);
    await pause(50);
    const started = performance.now();
    await gateway.gateway.close(100);
    expect(performance.now() - started).toBeLessThan(1_000);
    const answer = await running;
    expect([answer.complete, answer.body.toString()]).toEqual([false, "data: one\n\n"]);
    await until(() => upstream.requests[0]?.lostAtMs() !== undefined);
  });

  it("warns once when it is exposed without a token", async () => {
    const warnings: object[] = [];
    const log = { debug: () => undefined, info: () => undefined, warn: (fields: object) => warnings.push(fields) };
    const exposed = await startTestGateway({ upstreamOrigin: upstream.origin, config: { host: "0.0.0.0" }, log });
    expect(warnings).toEqual([{ event: "exposed_without_token", host: "0.0.0.0", upstreams: ["openai"] }]);
    await exposed.gateway.close(0);
  });
});

/** A connection that was opened before the drain and sends its request later. */
function openEarly(port: number): { ready: Promise<void>; send(bytes: string): Promise<string> } {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  return {
    ready: new Promise((resolve) => {
      socket.once("connect", () => resolve());
    }),
    send(bytes) {
      return new Promise((resolve) => {
        let text = "";
        socket.on("data", (chunk: Buffer) => {
          text += chunk.toString("latin1");
        });
        socket.on("close", () => resolve(text));
        socket.write(bytes);
      });
    },
  };
}
