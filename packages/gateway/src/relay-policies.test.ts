/** What an upstream's own keys change: trace headers, held keys, the limit on silence. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway, type TestGatewayOptions } from "./testing/test-gateway.testing.ts";
import { createTestMonitoring, type TestMonitoring } from "./testing/test-monitoring.testing.ts";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";
const TRACEPARENT = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
const CHAT = "/v1/chat/completions";
const STREAM = { body: '{"model":"m","stream":true}' };

let upstream: FaultUpstream;
let monitoring: TestMonitoring;
let gateway: TestGateway | undefined;

beforeEach(async () => {
  upstream = await startFaultUpstream();
  monitoring = createTestMonitoring();
});
afterEach(async () => {
  await gateway?.gateway.close(0);
  await upstream.close();
});

async function start(own: TestGatewayOptions["upstream"], more: Partial<TestGatewayOptions> = {}): Promise<string> {
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin, monitoring, upstream: own ?? {}, ...more });
  return gateway.origin;
}

const traced = { headers: { traceparent: TRACEPARENT, tracestate: "vendor=1", baggage: "user=7" } };

describe("38: tracing", () => {
  it("pass: the client's headers travel as they are", async () => {
    await fetchRaw((await start({ tracing: "pass" })) + CHAT, { ...STREAM, ...traced });
    expect(upstream.requests[0]?.headers).toMatchObject(traced.headers);
  });

  it("propagate: the context of our LLM span replaces the client's, baggage stays", async () => {
    await fetchRaw((await start({ tracing: "propagate" })) + CHAT, { ...STREAM, ...traced });
    const [call] = monitoring.calls();
    const headers = upstream.requests[0]?.headers;
    expect(headers?.["traceparent"]).toBe(`00-${call?.traceId}-${call?.spanId}-01`);
    expect(call?.traceId).toBe("ab".repeat(16));
    expect(headers?.["baggage"]).toBe("user=7");
    expect(upstream.requests[0]?.rawHeaders.filter((name) => name.toLowerCase() === "traceparent")).toHaveLength(1);
  });

  it("propagate: a request that is no LLM call carries the SERVER span", async () => {
    await fetchRaw(`${await start({ tracing: "propagate" })}/v1/models`);
    const server = monitoring.spans.find((span) => span.start.kind === "server");
    expect(upstream.requests[0]?.headers["traceparent"]).toBe(`00-${server?.traceId}-${server?.spanId}-01`);
  });

  it("propagate without telemetry: the client's own context is still the truth", async () => {
    gateway = await startTestGateway({ upstreamOrigin: upstream.origin, upstream: { tracing: "propagate" } });
    await fetchRaw(gateway.origin + CHAT, { ...STREAM, ...traced });
    expect(upstream.requests[0]?.headers["traceparent"]).toBe(TRACEPARENT);
  });

  it("strip: none of the three travels", async () => {
    await fetchRaw((await start({ tracing: "strip" })) + CHAT, { ...STREAM, ...traced });
    for (const name of Object.keys(traced.headers)) expect(upstream.requests[0]?.headers[name]).toBeUndefined();
    expect(monitoring.calls()[0]?.traceId).toBe("ab".repeat(16));
  });
});

describe("held keys", () => {
  it.each([
    ["authorization", {}, CHAT, "Bearer sk-held"],
    ["x-api-key", {}, "/v1/messages", "sk-held"],
    ["x-goog-api-key", {}, "/v1/models/m:generateContent", "sk-held"],
    ["api-key", { provider: "azure.ai.openai" }, CHAT, "sk-held"],
    ["api-key", { authHeader: "api-key" }, "/v1/messages", "sk-held"],
  ])("go into %s", async (header, own, path, value) => {
    const origin = await start({ ...own, apiKey: "sk-held" }, { config: { tokens: [TOKEN] } });
    await fetchRaw(origin + path, { ...STREAM, headers: { authorization: `Bearer ${TOKEN}` } });
    expect(upstream.requests[0]?.headers[header]).toBe(value);
    expect(JSON.stringify(upstream.requests[0]?.rawHeaders)).not.toContain(TOKEN);
  });

  it("35: stand in for a key in the query, whoever it belongs to", async () => {
    const origin = await start({ apiKey: "sk-held" }, { config: { tokens: [TOKEN] } });
    const path = "/v1/models/m:streamGenerateContent";
    await fetchRaw(`${origin}${path}?alt=sse&key=${TOKEN}`, STREAM);
    await fetchRaw(`${origin}${path}?key=sk-own&%6bey=sk-own&monkey=1`, {
      ...STREAM,
      headers: { "x-nexent-token": TOKEN },
    });
    expect(upstream.requests.map(({ url }) => url)).toEqual([`/base${path}?alt=sse`, `/base${path}?monkey=1`]);
    for (const { headers } of upstream.requests) expect(headers["x-goog-api-key"]).toBe("sk-held");
  });
});

describe("streamIdleTimeoutMs", () => {
  const chunk = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';

  it("breaks off a stream that is silent for longer, tells it as a timeout, and cancels upstream", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunk);
    });
    const origin = await start({ streamIdleTimeoutMs: 80 });
    expect((await fetchRaw(origin + CHAT, STREAM)).complete).toBe(false);
    await until(() => monitoring.calls().length === 1);
    expect(monitoring.calls()[0]).toMatchObject({ error: "timeout", attributes: { "llm.outcome": "error" } });
    await until(() => upstream.requests[0]?.lostAtMs() !== undefined);
  });

  it("lets a stream pass that is slow but never silent for so long", async () => {
    upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let count = 0;
      const timer = setInterval(() => {
        response.write(chunk);
        if ((count += 1) < 8) return;
        clearInterval(timer);
        response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
      }, 40);
    });
    const origin = await start({ streamIdleTimeoutMs: 200 });
    const answer = await fetchRaw(origin + CHAT, STREAM);
    expect(answer.body.toString()).toContain("[DONE]");
    expect(monitoring.calls()[0]?.error).toBeUndefined();
  });

  it("does not limit the wait for the head", async () => {
    upstream.play((_request, response) => {
      setTimeout(() => response.end("{}"), 200);
    });
    const origin = await start({ streamIdleTimeoutMs: 50 });
    expect((await fetchRaw(origin + CHAT, STREAM)).status).toBe(200);
  });
});
