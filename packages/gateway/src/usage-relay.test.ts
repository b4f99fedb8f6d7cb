import { describe, expect, it } from "vitest";
import { chunkEvent, DONE_EVENT, sse, usageEvent } from "./testing/fault-upstream.testing.ts";
import { fetchRaw } from "./testing/raw-client.testing.ts";
import { monitoredGatewayEachTest } from "./testing/monitored-gateway.testing.ts";

const CHAT = "/v1/chat/completions";
const SPLICE = '"stream_options":{"include_usage":true},';
const PLAIN_EVENTS = [
  chunkEvent({ role: "assistant", content: "" }),
  chunkEvent({ content: "Hi \u65e5" }),
  ": ping\n\n",
  chunkEvent({ content: "!" }),
  chunkEvent({}, {}, "stop"),
];

const gateway = monitoredGatewayEachTest();

/** Behaves like OpenAI: usage only when asked for. */
function playOpenAi(): void {
  gateway.upstream.play((request, response) => {
    const asked: unknown = JSON.parse(request.body.toString());
    const options =
      typeof asked === "object" && asked !== null && "stream_options" in asked ? asked.stream_options : null;
    const wanted =
      options !== null && typeof options === "object" && "include_usage" in options && options.include_usage === true;
    const events = wanted ? PLAIN_EVENTS.map((event) => event.replace("}\n\n", ',"usage":null}\n\n')) : PLAIN_EVENTS;
    sse(response, [...events, ...(wanted ? [usageEvent(5, 2)] : []), DONE_EVENT]);
  });
}

function ask(body: string): ReturnType<typeof fetchRaw> {
  return fetchRaw(gateway.origin + CHAT, { body });
}

function injections(result: string): number | undefined {
  return gateway.monitoring.sample(`nexent_gateway_usage_injections_total{upstream="openai",result="${result}"}`);
}

describe("usage policy inject", () => {
  it("1: the body is identical but for the one splice", async () => {
    playOpenAi();
    await ask(' { "stream" : true, "model":"m"}');
    expect(gateway.upstream.requests[0]?.body.toString()).toBe(` {${SPLICE} "stream" : true, "model":"m"}`);
  });

  it("2, 6: the client gets byte for byte what it would have got directly, and the usage is known all the same", async () => {
    playOpenAi();
    const body = '{"model":"m","stream":true}';
    const direct = await fetchRaw(gateway.upstream.origin, { body });
    const proxied = await ask(body);
    expect(proxied.body.toString()).toBe(direct.body.toString());
    expect(proxied.body.toString()).not.toContain('"usage"');
    expect(gateway.monitoring.calls()[0]?.attributes).toMatchObject({
      "gen_ai.usage.output_tokens": 2,
      "llm.token_source": "usage",
    });
    expect(injections("added")).toBe(1);
  });

  it("6: what the client says about stream options is its own will", async () => {
    playOpenAi();
    for (const options of ['{"include_usage":true}', '{"include_usage":false}', "null"]) {
      const body = `{"model":"m","stream":true,"stream_options":${options}}`;
      const direct = await fetchRaw(gateway.upstream.origin, { body });
      const proxied = await ask(body);
      expect(gateway.upstream.requests.at(-1)?.body.toString()).toBe(body);
      expect(proxied.body.toString()).toBe(direct.body.toString());
    }
  });

  it("asks only streams for usage, and only chat and legacy completions", async () => {
    const stream = '{"model":"m","stream":true}';
    await ask('{"model":"m"}');
    await ask('{"model":"m","stream":"true"}');
    await ask('[{"stream":true}]');
    await fetchRaw(`${gateway.origin}/v1/responses`, { body: stream });
    await fetchRaw(`${gateway.origin}/v1/completions`, { body: stream });
    expect(gateway.upstream.requests.map((request) => request.body.includes("stream_options"))).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it("asks for an uncompressed stream and leaves the coding of other answers to the client", async () => {
    await fetchRaw(gateway.origin + CHAT, { body: '{"stream":true}', headers: { "accept-encoding": "gzip" } });
    await fetchRaw(gateway.origin + CHAT, { body: "{}", headers: { "accept-encoding": "gzip" } });
    expect(gateway.upstream.requests.map((request) => request.headers["accept-encoding"])).toEqual([
      "identity",
      "gzip",
    ]);
  });

  it("7: an upstream that rejects the field works from the first request, and is not asked again", async () => {
    gateway.upstream.play((request, response) => {
      if (request.body.includes("stream_options")) {
        response.writeHead(400, { "content-type": "application/json" });
        response.end('{"error":{"message":"Unknown field stream_options"}}');
      } else sse(response, [...PLAIN_EVENTS, DONE_EVENT]);
    });
    const body = '{"model":"old","stream":true}';
    for (let i = 0; i < 3; i += 1) {
      const answer = await ask(body);
      expect([answer.status, answer.body.toString()]).toEqual([200, [...PLAIN_EVENTS, DONE_EVENT].join("")]);
    }
    expect(gateway.upstream.requests).toHaveLength(4);
    expect(injections("rejected")).toBe(1);
    expect(gateway.monitoring.calls().map((span) => span.attributes["llm.outcome"])).toEqual(["ok", "ok", "ok"]);
    await ask('{"model":"new","stream":true}');
    expect(gateway.upstream.requests).toHaveLength(6);
  });

  it("7: a 400 that is the client's own fault is passed as it is, and remembers nothing", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(422, { "content-type": "application/json", "x-request-id": "r" });
      response.end('{"error":{"message":"no such model"}}');
    });
    const answer = await ask('{"model":"m","stream":true}');
    expect([answer.status, answer.headers["x-request-id"]]).toEqual([422, "r"]);
    expect(gateway.upstream.requests.map((request) => request.body.includes("stream_options"))).toEqual([true, false]);
    expect(gateway.monitoring.calls()).toHaveLength(1);
    playOpenAi();
    await ask('{"model":"m","stream":true}');
    expect(gateway.upstream.requests.at(-1)?.body.includes("stream_options")).toBe(true);
  });

  it("7: once the pair works, only an answer that names the field is tried again", async () => {
    playOpenAi();
    const body = '{"model":"m","stream":true}';
    await ask(body);
    const reject = (message: string): void =>
      gateway.upstream.play((request, response) => {
        if (!request.body.includes("stream_options")) sse(response, [DONE_EVENT]);
        else {
          response.writeHead(400, { "content-type": "application/json" });
          response.write(`{"error":{"message":"${message}`);
          setTimeout(() => response.end('"}}'), 10);
        }
      });
    reject("context too long");
    const passed = await ask(body);
    expect([passed.status, passed.body.toString()]).toEqual([400, '{"error":{"message":"context too long"}}']);
    reject("include_usage is not allowed");
    expect((await ask(body)).status).toBe(200);
    expect(gateway.upstream.requests).toHaveLength(4);
  });

  it("7: a long or cut rejection is passed as it comes", async () => {
    playOpenAi();
    const body = '{"model":"m","stream":true}';
    await ask(body);
    const long = "x".repeat(100_000);
    gateway.upstream.play((_request, response) => {
      response.writeHead(400);
      response.end(long);
    });
    expect((await ask(body)).body.toString()).toBe(long);
    gateway.upstream.play((_request, response) => {
      response.writeHead(400, { "content-length": 100 });
      response.write("half");
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    });
    const cut = await ask(body);
    expect([cut.status, cut.complete, cut.body.toString()]).toEqual([400, false, "half"]);
  });

  it("14: a cut stream passes its last, partial event before it breaks", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`${PLAIN_EVENTS[1]}data: {"par`);
      setTimeout(() => response.socket?.destroy(), 20);
    });
    const answer = await ask('{"model":"m","stream":true}');
    expect([answer.complete, answer.body.toString()]).toEqual([false, `${PLAIN_EVENTS[1]}data: {"par`]);
  });

  it("drops a declared length when it strips, and keeps it otherwise", async () => {
    const event = usageEvent(1, 1);
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-length": event.length });
      response.end(event);
    });
    const stripped = await ask('{"model":"m","stream":true}');
    expect([stripped.complete, stripped.body.length, stripped.headers["content-length"]]).toEqual([true, 0, undefined]);
    const plain = await ask('{"model":"m","stream":true,"stream_options":null}');
    expect([plain.body.toString(), plain.headers["content-length"]]).toEqual([event, String(event.length)]);
  });
});

describe("usage policy observe", () => {
  it("1, 6: changes nothing in the request and nothing in the answer", async () => {
    await gateway.restart({ upstream: { usage: "observe" } });
    playOpenAi();
    const body = '{"model":"m","stream":true}';
    const direct = await fetchRaw(gateway.upstream.origin, { body });
    const proxied = await ask(body);
    expect(gateway.upstream.requests.at(-1)?.body.toString()).toBe(body);
    expect(proxied.body.toString()).toBe(direct.body.toString());
    expect(gateway.monitoring.calls()[0]?.attributes["llm.token_source"]).toBe("estimate");
  });
});
