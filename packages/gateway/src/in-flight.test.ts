import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { InFlightCall, InFlightView } from "./in-flight.ts";
import { mergeViews, viewOf } from "./in-flight.ts";
import { chunkEvent, DONE_EVENT, startFaultUpstream, type FaultUpstream } from "./testing/fault-upstream.testing.ts";
import { fetchRaw, until } from "./testing/raw-client.testing.ts";
import { startTestGateway, type TestGateway } from "./testing/test-gateway.testing.ts";
import { createTestMonitoring, type TestMonitoring } from "./testing/test-monitoring.testing.ts";

const TOKEN = "nxm_read_0123456789abcdef0123456789abcdef";
const STREAM = '{"model":"m","stream":true,"messages":[{"role":"user","content":"CANARY-prompt"}]}';
let upstream: FaultUpstream;
let monitoring: TestMonitoring;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startFaultUpstream();
  // The stall rule at the scale of a test; its arithmetic is tested where it lives.
  monitoring = createTestMonitoring(undefined, { stallMinSeconds: 0.2, stallFirstTokenSeconds: 0.2 });
  gateway = await startTestGateway({ upstreamOrigin: upstream.origin, monitoring });
});

afterEach(async () => {
  monitoring.recorder.close();
  await gateway.gateway.close(0);
  await upstream.close();
});

async function look(headers: Record<string, string> = {}): Promise<InFlightView> {
  const answer = await fetchRaw(`${gateway.origin}/inflight`, { headers });
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body.toString());
}

const ask = (body = STREAM) => fetchRaw(`${gateway.origin}/v1/chat/completions`, { body });

/** An upstream that says each piece when it is told to. */
function steered(): { say(text: string): void; end(): void } {
  let response: http.ServerResponse | undefined;
  upstream.play((_request, answer) => {
    answer.writeHead(200, { "content-type": "text/event-stream" });
    answer.flushHeaders();
    response = answer;
  });
  return {
    say: (text) => void response?.write(text),
    end: () => void response?.end(),
  };
}

describe("open calls", () => {
  it("are shown from waiting through streaming to gone, with times and tokens and nothing else", async () => {
    const model = steered();
    const answer = ask();
    await vi.waitFor(async () => expect((await look()).calls).toHaveLength(1));
    const [waiting] = (await look()).calls;
    expect(waiting).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}-[0-9a-f]{16}$/),
      model: "m",
      upstream: "openai",
      provider: "openai",
      operation: "chat",
      streaming: true,
      state: "waiting",
      elapsedMs: expect.any(Number),
      estimated: false,
    });
    model.say(chunkEvent({ content: "12345678" }));
    await vi.waitFor(async () => expect((await look()).calls[0]?.state).toBe("streaming"));
    const [streaming] = (await look()).calls;
    expect(streaming).toMatchObject({ outputTokens: 2, estimated: true, id: waiting?.id });
    expect(streaming?.ttftMs).toBeGreaterThan(0);
    expect(streaming?.ttftMs).toBeLessThanOrEqual((streaming?.elapsedMs ?? 0) - (streaming?.sinceTokenMs ?? 0) + 1e-6);
    expect(JSON.stringify(await look())).not.toContain("CANARY");
    model.say(chunkEvent({}, {}, "stop") + DONE_EVENT);
    model.end();
    await answer;
    expect(await look()).toEqual({ observed: true, total: 0, calls: [] });
  });

  it("are connecting while no connection takes the request", async () => {
    // It accepts, and never answers the TLS handshake.
    const silent = net.createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    await gateway.gateway.close(0);
    gateway = await startTestGateway({ upstreamOrigin: `https://127.0.0.1:${port}`, monitoring });
    const answer = ask();
    await vi.waitFor(async () => expect((await look()).calls[0]?.state).toBe("connecting"));
    await gateway.gateway.close(0);
    expect((await answer).status).toBe(503);
    silent.close();
  });

  it("are stalled when the stream breaks its own rhythm, and counted once; the next token ends it", async () => {
    const model = steered();
    const answer = ask();
    await until(() => upstream.requests.length === 1);
    model.say(chunkEvent({ content: "a" }));
    await vi.waitFor(async () => expect((await look()).calls[0]?.state).toBe("stalled"), { timeout: 3_000 });
    const labels = 'model="m",operation="chat",provider="openai"';
    await until(() => monitoring.sample(`llm_streams_stalled{${labels}}`) === 1);
    expect(monitoring.sample(`llm_stalls_total{${labels},phase="mid_stream"}`)).toBe(1);
    model.say(chunkEvent({ content: "b" }));
    await vi.waitFor(async () => expect((await look()).calls[0]?.state).toBe("streaming"));
    model.say(chunkEvent({}, {}, "stop") + DONE_EVENT);
    model.end();
    expect((await answer).complete).toBe(true);
    await until(() => monitoring.calls().length === 1);
    expect(monitoring.calls()[0]?.events).toEqual(["first_token_received", "llm.stall"]);
    expect(monitoring.sample(`llm_stalls_total{${labels},phase="mid_stream"}`)).toBe(1);
  });

  it("are not shown for requests that are no LLM calls", async () => {
    const model = steered();
    const answer = fetchRaw(`${gateway.origin}/v1/files`);
    await until(() => gateway.gateway.openRequests === 1);
    expect((await look()).total).toBe(0);
    model.end();
    await answer;
  });
});

describe("who may look", () => {
  it("is this host alone while there is no token, and nobody behind a proxy", async () => {
    const proxied = await fetchRaw(`${gateway.origin}/inflight`, { headers: { "x-forwarded-for": "10.0.0.1" } });
    expect(proxied.status).toBe(401);
    expect((await fetchRaw(`${gateway.origin}/metrics`, { headers: { via: "x" } })).status).toBe(200);
  });

  it("is who shows the token, in a header and never in the query", async () => {
    await gateway.gateway.close(0);
    gateway = await startTestGateway({
      upstreamOrigin: upstream.origin,
      monitoring,
      config: { readToken: TOKEN },
    });
    for (const path of ["/inflight", `/inflight?key=${TOKEN}`]) {
      expect((await fetchRaw(`${gateway.origin}${path}`)).status).toBe(401);
    }
    await look({ authorization: `Bearer ${TOKEN}` });
    await look({ "x-api-key": TOKEN });
    // A scraper on this host needs none; one behind a proxy does.
    expect((await fetchRaw(`${gateway.origin}/metrics`)).status).toBe(200);
    const via = { via: "x" };
    expect((await fetchRaw(`${gateway.origin}/metrics`, { headers: via })).status).toBe(401);
    const shown = { ...via, authorization: `Bearer ${TOKEN}` };
    expect((await fetchRaw(`${gateway.origin}/metrics`, { headers: shown })).status).toBe(200);
  });
});

describe("the policy to abort stalled streams", () => {
  beforeEach(async () => {
    await gateway.gateway.close(0);
    gateway = await startTestGateway({ upstreamOrigin: upstream.origin, monitoring, upstream: { stall: "abort" } });
  });

  it("cuts a stream that has begun, cancels upstream, and records a timeout", async () => {
    const model = steered();
    const answer = ask();
    await until(() => upstream.requests.length === 1);
    model.say(chunkEvent({ content: "a" }));
    const cut = await answer;
    expect([cut.complete, cut.body.toString()]).toEqual([false, chunkEvent({ content: "a" })]);
    await until(() => upstream.requests[0]?.lostAtMs() !== undefined);
    await until(() => monitoring.calls().length === 1);
    const [call] = monitoring.calls();
    expect(call?.attributes).toMatchObject({ "llm.outcome": "error", "error.type": "timeout", "llm.stall_count": 1 });
    expect(call?.events).toEqual(["first_token_received", "llm.stall"]);
    expect(monitoring.sample('nexent_gateway_stall_aborts_total{upstream="openai"}')).toBe(1);
  });

  it("answers 504 in the format's shape while no head has come", async () => {
    upstream.play(() => undefined);
    const answer = await ask();
    expect([answer.status, answer.headers["x-gateway-error"]]).toEqual([504, "UPSTREAM_TIMEOUT"]);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { code: "gateway_upstream_timeout" } });
    await until(() => upstream.requests[0]?.lostAtMs() !== undefined);
    const labels = 'model="__overflow__",operation="chat",provider="openai"';
    expect(monitoring.sample(`llm_error_count_total{${labels},error_type="timeout"}`)).toBe(1);
    expect(monitoring.sample(`llm_stalls_total{${labels},phase="first_token"}`)).toBe(1);
  });

  it("leaves answers alone that are not streamed", async () => {
    upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json");
      setTimeout(() => response.end('{"choices":[{"finish_reason":"stop","message":{"content":"x"}}]}'), 700);
    });
    expect((await ask('{"model":"m"}')).status).toBe(200);
  });
});

describe("the view", () => {
  const call = (elapsedMs: number): InFlightCall => ({
    model: "m",
    upstream: "u",
    provider: "p",
    operation: "chat",
    streaming: true,
    state: "waiting",
    elapsedMs,
    estimated: false,
  });

  const reader = (elapsedMs: number, isOpenCall = true) => ({ isOpenCall, inFlight: () => call(elapsedMs) });

  it("holds the oldest calls and counts them all", () => {
    const view = viewOf([reader(3), reader(9, false), reader(2), reader(1)], 0, 2);
    expect([view.total, view.calls.map(({ elapsedMs }) => elapsedMs)]).toEqual([3, [3, 2]]);
  });

  it("of several processes is one list of the oldest, and counts what was left out", () => {
    const views = [viewOf([reader(3), reader(1)], 0, 1), viewOf([reader(4), reader(2)], 0)];
    const merged = mergeViews(views, 2);
    expect([merged.total, merged.calls.map(({ elapsedMs }) => elapsedMs)]).toEqual([4, [4, 3]]);
  });
});
