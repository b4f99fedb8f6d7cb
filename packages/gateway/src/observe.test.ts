import { gzipSync } from "node:zlib";
import http from "node:http";
import { createMetricRegistry } from "@nexent/monitor-core";
import { describe, expect, it } from "vitest";
import { chunkEvent, DONE_EVENT, sse, usageEvent } from "./testing/fault-upstream.testing.ts";
import { fetchRaw, pause, until } from "./testing/raw-client.testing.ts";
import { createTestMonitoring, type TestMonitoring } from "./testing/test-monitoring.testing.ts";
import { monitoredGatewayEachTest } from "./testing/monitored-gateway.testing.ts";

const CHAT = "/v1/chat/completions";
const BODY = '{"model":"m","stream":true,"temperature":0.5}';
const gateway = monitoredGatewayEachTest();

function ask(body: string = BODY, headers: Record<string, string> = {}): ReturnType<typeof fetchRaw> {
  return fetchRaw(gateway.origin + CHAT, { body, headers });
}

function requests(outcome: string, model = "m", stream = "true"): number | undefined {
  return gateway.monitoring.sample(
    `llm_requests_total{model="${model}",operation="chat",provider="openai",stream="${stream}",outcome="${outcome}"}`,
  );
}

/** Leaves after `bytes` of the body have come. */
async function leaveAfter(bytes: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const request = http.request(
      gateway.origin + CHAT,
      { method: "POST", headers: { "content-type": "application/json" } },
      (response) => {
        let seen = 0;
        response.on("error", () => undefined);
        response.on("data", (chunk: Buffer) => {
          seen += chunk.length;
          if (seen >= bytes) request.destroy();
        });
        response.on("close", () => resolve());
      },
    );
    request.on("error", () => resolve());
    request.end(BODY);
  });
}

const TOKENS = [
  chunkEvent({ role: "assistant", content: "" }),
  chunkEvent({ content: "a" }),
  chunkEvent({ content: "b" }),
];
const WHOLE = [...TOKENS, chunkEvent({}, {}, "stop"), usageEvent(7, 2), DONE_EVENT];

describe("record of a stream", () => {
  it("times tokens against the head, not the role-only chunk, and names who was asked", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(TOKENS[0]);
      setTimeout(() => response.write(TOKENS[1]), 60);
      setTimeout(() => response.end(WHOLE.slice(2).join("")), 110);
    });
    await ask(BODY, { "x-stainless-retry-count": "1" });
    const { name, attributes } = await gateway.onlyCall();
    expect(name).toBe("chat m");
    expect(attributes).toMatchObject({
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "m",
      "gen_ai.request.temperature": 0.5,
      "gen_ai.response.model": "gpt-test-2026",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 7,
      "gen_ai.usage.output_tokens": 2,
      "server.address": "127.0.0.1",
      "server.port": gateway.upstream.port,
      "llm.outcome": "ok",
      "llm.stream": true,
      "llm.clock_source": "wire",
      "llm.attempt": 2,
      "http.response.status_code": 200,
    });
    const chunk = Number(attributes["llm.time_to_first_chunk_seconds"]);
    const token = Number(attributes["llm.time_to_first_token_seconds"]);
    expect(token - chunk).toBeGreaterThan(0.04);
    expect(attributes["llm.generation_rate"]).toBeGreaterThan(0);
    expect(requests("ok")).toBe(1);
  });

  it("several tokens in each chunk are never counted as one", async () => {
    const chunks = Array.from({ length: 5 }, () => chunkEvent({ content: "abcdabcdabcdabcd" }));
    gateway.upstream.play((_request, response) =>
      sse(response, [...chunks, chunkEvent({}, {}, "stop"), usageEvent(1, 20), DONE_EVENT]),
    );
    await ask();
    expect((await gateway.onlyCall()).attributes).toMatchObject({
      "gen_ai.usage.output_tokens": 20,
      "llm.output_tokens": 20,
    });
  });

  it("a missing usage gives an estimate, labelled so", async () => {
    gateway.upstream.play((_request, response) =>
      sse(response, [chunkEvent({ content: "12345678" }), chunkEvent({}, {}, "stop"), DONE_EVENT]),
    );
    await ask();
    const { attributes } = await gateway.onlyCall();
    expect(attributes).toMatchObject({ "llm.token_source": "estimate", "llm.output_tokens": 2 });
    expect(attributes["gen_ai.usage.output_tokens"]).toBeUndefined();
    expect(
      gateway.monitoring.sample(
        'llm_total_tokens_total{model="m",operation="chat",provider="openai",type="output",estimated="true"}',
      ),
    ).toBe(2);
  });

  it("reads usage the client asked for itself, CRLF lines, data without a space and comments", async () => {
    const text = [": hello\n\n", ...WHOLE].join("").replaceAll("data: ", "data:").replaceAll("\n", "\r\n");
    gateway.upstream.play((_request, response) => sse(response, [text]));
    const answer = await ask('{"model":"m","stream":true,"stream_options":{"include_usage":true}}');
    expect(answer.body.toString()).toBe(text);
    expect((await gateway.onlyCall()).attributes).toMatchObject({
      "llm.outcome": "ok",
      "gen_ai.usage.output_tokens": 2,
    });
  });

  it("a legacy completion is read as text_completion", async () => {
    const event = 'data: {"model":"x","choices":[{"index":0,"text":"hi","finish_reason":"stop"}]}\n\n';
    gateway.upstream.play((_request, response) => sse(response, [event, DONE_EVENT]));
    await fetchRaw(`${gateway.origin}/v1/completions`, { body: BODY });
    expect(await gateway.onlyCall()).toMatchObject({ name: "text_completion m", attributes: { "llm.outcome": "ok" } });
  });

  it("21, 22: a compressed stream passes as it is and is still counted; the pair is not asked for usage again", async () => {
    const packed = gzipSync([...TOKENS, chunkEvent({}, {}, "stop"), usageEvent(7, 2), DONE_EVENT].join(""));
    gateway.upstream.play((_request, response) => sse(response, [], { "content-encoding": "gzip" }));
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" });
      response.write(packed.subarray(0, 40));
      setTimeout(() => response.end(packed.subarray(40)), 20);
    });
    const answer = await ask();
    expect(answer.body.equals(packed)).toBe(true);
    expect(answer.headers["content-encoding"]).toBe("gzip");
    expect((await gateway.onlyCall()).attributes).toMatchObject({
      "llm.outcome": "ok",
      "gen_ai.usage.output_tokens": 2,
    });
    await ask();
    expect(gateway.upstream.requests.map((request) => request.body.includes("stream_options"))).toEqual([true, false]);
  });
});

describe("record of a whole answer", () => {
  const json = JSON.stringify({
    id: "c1",
    model: "gpt-test-2026",
    choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 },
  });

  it("has usage and an end-to-end rate, and no TTFT", async () => {
    gateway.upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json; charset=utf-8");
      response.end(json);
    });
    await ask('{"model":"m"}');
    const { attributes } = await gateway.onlyCall();
    expect(attributes).toMatchObject({
      "llm.outcome": "ok",
      "llm.stream": false,
      "gen_ai.usage.input_tokens": 4,
      "llm.output_tokens": 6,
      "gen_ai.response.model": "gpt-test-2026",
      "gen_ai.response.finish_reasons": ["stop"],
    });
    expect(attributes["llm.time_to_first_token_seconds"]).toBeUndefined();
    expect(attributes["llm.end_to_end_token_rate"]).toBeGreaterThan(0);
  });

  it("21: a gzip answer passes as it is and is read all the same", async () => {
    const packed = gzipSync(json);
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "content-length": packed.length,
      });
      response.end(packed);
    });
    const answer = await ask('{"model":"m"}');
    expect(answer.body.equals(packed)).toBe(true);
    expect((await gateway.onlyCall()).attributes).toMatchObject({ "llm.outcome": "ok", "llm.output_tokens": 6 });
  });

  it("takes the usage of a huge answer from its end", async () => {
    gateway.upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(json.replace('"content":"hi"', `"content":"${"y".repeat(600_000)}"`));
    });
    await ask('{"model":"m"}');
    expect((await gateway.onlyCall()).attributes).toMatchObject({ "llm.outcome": "ok", "llm.output_tokens": 6 });
  });

  it("a body that went up unread gets the model the upstream answers as its label", async () => {
    gateway.upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(json);
    });
    await fetchRaw(gateway.origin + CHAT, { body: JSON.stringify({ model: "m", image: "A".repeat(9 * 1024 * 1024) }) });
    expect((await gateway.onlyCall()).attributes["llm.output_tokens"]).toBe(6);
    expect(requests("ok", "gpt-test-2026", "false")).toBe(1);
  });

  it("embeddings have input usage only; a body without usage is no fault", async () => {
    gateway.upstream.play((request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(
        request.number === 1 ? '{"object":"list","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}' : "[]",
      );
    });
    for (let i = 0; i < 2; i += 1)
      await fetchRaw(`${gateway.origin}/v1/embeddings`, { body: '{"model":"e","input":"x"}' });
    await until(() => gateway.monitoring.calls().length === 2);
    expect(gateway.monitoring.calls()[0]).toMatchObject({
      name: "embeddings e",
      attributes: { "llm.outcome": "ok", "gen_ai.usage.input_tokens": 8 },
    });
    expect(gateway.monitoring.calls()[1]?.attributes["llm.outcome"]).toBe("ok");
  });

  it("a stream that is answered with JSON is no stream; a body that is not the format is a protocol error", async () => {
    gateway.upstream.play((request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(request.number === 1 ? json : "not json");
    });
    await ask();
    expect((await gateway.onlyCall()).attributes).toMatchObject({ "llm.outcome": "ok", "llm.stream": false });
    await ask('{"model":"m"}');
    expect(gateway.monitoring.calls()[1]?.attributes).toMatchObject({
      "llm.outcome": "error",
      "error.type": "protocol",
    });
  });
});

describe("outcomes, one record each", () => {
  it("a client that leaves in mid-stream is cancelled", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(TOKENS.join(""));
    });
    await leaveAfter(10);
    const { attributes, error } = await gateway.onlyCall();
    expect(attributes["llm.outcome"]).toBe("cancelled");
    expect(error).toBeUndefined();
    expect(requests("cancelled")).toBe(1);
  });

  it("a client that leaves after the finish reason has passed is ok; the upstream is aborted all the same", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write([...TOKENS, chunkEvent({}, {}, "stop")].join(""));
    });
    await leaveAfter([...TOKENS, chunkEvent({}, {}, "stop")].join("").length);
    expect((await gateway.onlyCall()).attributes["llm.outcome"]).toBe("ok");
    await until(() => gateway.upstream.requests[0]?.lostAtMs() !== undefined);
  });

  it("a client that leaves while it waits for the head is cancelled", async () => {
    gateway.upstream.play(() => undefined);
    const request = http.request(gateway.origin + CHAT, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => undefined);
    request.end(BODY);
    await until(() => gateway.upstream.requests.length === 1);
    request.destroy();
    expect((await gateway.onlyCall()).attributes).toMatchObject({ "llm.outcome": "cancelled" });
  });

  it("a client that leaves while its upload runs is cancelled", async () => {
    const request = http.request(gateway.origin + CHAT, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": 20_000_000 },
    });
    request.on("error", () => undefined);
    request.write(`{"model":"m","x":"${"y".repeat(100_000)}`);
    await until(() => gateway.upstream.connectionCount === 1);
    await pause(20);
    request.destroy();
    expect((await gateway.onlyCall()).attributes).toMatchObject({ "llm.outcome": "cancelled" });
  });

  it("an upstream that drops the stream, or ends it without a finish reason, is stream_interrupted", async () => {
    gateway.upstream.play((request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(TOKENS.join(""));
      if (request.number === 1) setTimeout(() => response.socket?.destroy(), 20);
      else if (request.number === 2) response.end(DONE_EVENT);
      else response.end();
    });
    for (let i = 0; i < 3; i += 1) await ask();
    await until(() => gateway.monitoring.calls().length === 3);
    for (const { attributes, error } of gateway.monitoring.calls()) {
      expect(attributes).toMatchObject({ "llm.outcome": "error", "error.type": "stream_interrupted" });
      expect(error).toBeDefined();
    }
    expect(requests("error")).toBe(3);
  });

  it("a finish reason without [DONE] is a normal end", async () => {
    gateway.upstream.play((_request, response) => sse(response, [...TOKENS, chunkEvent({}, {}, "stop")]));
    await ask();
    expect((await gateway.onlyCall()).attributes["llm.outcome"]).toBe("ok");
  });

  it("16: an error event inside 200 passes and is an error, whatever comes after it", async () => {
    const fault = 'data: {"error":{"message":"boom","type":"server_error","code":"overloaded"}}\n\n';
    gateway.upstream.play((_request, response) => sse(response, [TOKENS[1] ?? "", fault, DONE_EVENT]));
    const answer = await ask();
    expect(answer.body.toString()).toContain(fault);
    expect((await gateway.onlyCall()).attributes["llm.outcome"]).toBe("error");
  });

  it("statuses map to the closed list, with the provider's code on the span alone", async () => {
    const cases: readonly (readonly [number, string, string])[] = [
      [400, "invalid_request", "bad"],
      [401, "auth", "invalid_api_key"],
      [404, "not_found", "model_not_found"],
      [429, "rate_limited", "rate_limit_exceeded"],
      [429, "quota", "insufficient_quota"],
      [500, "server_error", "x"],
      [503, "overloaded", "x"],
    ];
    for (const [status, errorType, code] of cases) {
      gateway.upstream.play((_request, response) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: { message: "secret detail", type: "t", code } }));
      });
      await ask('{"model":"m"}');
      const last = gateway.monitoring.calls().at(-1);
      expect(last?.attributes).toMatchObject({
        "llm.outcome": "error",
        "error.type": errorType,
        "llm.error.code": code,
        "http.response.status_code": status,
      });
    }
    expect(gateway.monitoring.calls()).toHaveLength(cases.length);
    expect(JSON.stringify(gateway.monitoring.spans)).not.toContain("secret detail");
  });

  it("an unreachable upstream is a connection error; a redirect is a protocol error", async () => {
    gateway.upstream.play((request, response) => {
      if (request.number === 1) response.socket?.destroy();
      else {
        response.writeHead(307, { location: "/x" });
        response.end();
      }
    });
    await ask('{"model":"m"}');
    await ask('{"model":"m"}');
    await until(() => gateway.monitoring.calls().length === 2);
    expect(gateway.monitoring.calls().map((span) => span.attributes["error.type"])).toEqual(["connection", "protocol"]);
  });

  it("requests that no upstream was asked for leave no LLM record", async () => {
    await fetchRaw(`${gateway.origin}/v2/chat/completions`, { body: BODY });
    await fetchRaw(`${gateway.origin}/v1/models`);
    await until(() => gateway.gateway.openRequests === 0);
    expect(gateway.monitoring.calls()).toHaveLength(0);
    expect(gateway.monitoring.sample('nexent_gateway_own_errors_total{code="NOT_FOUND"}')).toBe(1);
  });
});

describe("spans", () => {
  it("the LLM span stands below the SERVER span, which continues the caller's trace; nothing is added upstream", async () => {
    gateway.upstream.play((_request, response) => sse(response, WHOLE));
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    await ask(BODY, { traceparent });
    await gateway.onlyCall();
    const server = gateway.monitoring.spans.find((span) => span.start.kind === "server");
    const call = gateway.monitoring.calls()[0];
    expect(server).toMatchObject({ name: `POST ${CHAT}`, traceId, ended: true });
    expect(server?.start.parent?.spanId).toBe("b7ad6b7169203331");
    expect(call?.start.parent).toMatchObject({ traceId, spanId: server?.spanId });
    expect(server?.attributes).toMatchObject({ "http.route": CHAT, "http.response.status_code": 200 });
    expect(gateway.upstream.requests[0]?.headers["traceparent"]).toBe(traceparent);
    expect(gateway.upstream.requests[0]?.rawHeaders.map((name) => name.toLowerCase())).not.toContain("tracestate");
  });

  it("a request that passes unread has a SERVER span with a bounded route and a duration", async () => {
    await fetchRaw(`${gateway.origin}/v1/files/file-secret`);
    await until(() => gateway.monitoring.spans.some((span) => span.ended));
    expect(gateway.monitoring.spans.map((span) => span.name)).toEqual(["GET /v1/*"]);
    const series =
      'http_server_request_duration_seconds_count{http_request_method="GET",http_route="/v1/*",http_response_status_code="200"}';
    expect(gateway.monitoring.sample(series)).toBe(1);
  });
});

describe("labels and secrets", () => {
  it("30: a model name becomes a label only after an upstream has answered it with 2xx", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(404, { "content-type": "application/json" });
      response.end("{}");
    });
    for (let i = 0; i < 5; i += 1) await ask(`{"model":"scan-${i}"}`);
    expect(requests("error", "__overflow__", "false")).toBe(5);
    expect(gateway.monitoring.registry.expose("text")).not.toContain("scan-");
    gateway.upstream.play((_request, response) => sse(response, WHOLE));
    await ask('{"model":"real","stream":true}');
    expect(requests("ok", "real")).toBe(1);
  });

  it("30: no key, prompt, answer, query or path of a file reaches metrics, spans or the log", async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string): void => void lines.push(JSON.stringify([fields, message]));
    await gateway.restart({ config: { accessLog: true }, log: { debug: write, info: write, warn: write } });
    gateway.upstream.play((_request, response) => sse(response, [chunkEvent({ content: "CANARY-answer" }), ...WHOLE]));
    const body =
      '{"model":"m","stream":true,"messages":[{"role":"user","content":"CANARY-prompt"}],"user":"CANARY-user"}';
    const url = `${gateway.origin}${CHAT}?key=CANARY-query`;
    const answer = await fetchRaw(url, {
      body,
      headers: { authorization: "Bearer sk-CANARY-key", cookie: "CANARY-cookie" },
    });
    expect(answer.body.toString()).toContain("CANARY-answer");
    expect(gateway.upstream.requests[0]?.url).toContain("CANARY-query");
    await fetchRaw(`${gateway.origin}/v1/files/CANARY-file`);
    await until(() => gateway.gateway.openRequests === 0 && lines.length === 2);
    const metrics = await fetchRaw(`${gateway.origin}/metrics`, {
      headers: { accept: "application/openmetrics-text" },
    });
    expect(metrics.headers["content-type"]).toContain("openmetrics-text");
    expect(metrics.body.toString()).toContain("# EOF");
    for (const output of [metrics.body.toString(), JSON.stringify(gateway.monitoring.spans), lines.join("\n")]) {
      expect(output.length).toBeGreaterThan(50);
      expect(output).not.toContain("CANARY");
    }
  });

  it("/metrics is compressed when the scraper takes it, and shows connections", async () => {
    await ask('{"model":"m"}');
    const plain = await fetchRaw(`${gateway.origin}/metrics`);
    expect(plain.body.toString()).toContain('nexent_gateway_upstream_connections{upstream="openai",state="idle"} 1');
    expect(plain.body.toString()).toContain('nexent_monitor_state{state="active"} 1');
    const packed = await fetchRaw(`${gateway.origin}/metrics`, { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(packed.body.length).toBeLessThan(plain.body.length);
  });
});

describe("an observer that fails", () => {
  it("33: changes no byte and is counted, and the record ends with what it has", async () => {
    const broken = createTestMonitoring(createMetricRegistry());
    const { recorder } = broken;
    const failing: TestMonitoring = {
      ...broken,
      recorder: {
        ...recorder,
        refresh: () => recorder.refresh(),
        close: () => recorder.close(),
        start(call, options) {
          const recording = recorder.start(call, options);
          const clock = boundExcept(recording.clock, "record", () => {
            throw new Error("observer fault");
          });
          return boundExcept(recording, "clock", clock);
        },
      },
    };
    await gateway.restart({ monitoring: failing });
    gateway.upstream.play((_request, response) => sse(response, WHOLE));
    const body = '{"model":"m","stream":true,"stream_options":{"include_usage":true}}';
    const direct = await fetchRaw(gateway.upstream.origin, { body });
    const proxied = await ask(body);
    expect(proxied.body.equals(direct.body)).toBe(true);
    await until(() => failing.calls().length === 1);
    expect(failing.calls()[0]?.attributes["llm.outcome"]).toBe("ok");
    expect(failing.sample('nexent_monitor_parse_errors_total{provider="openai"}')).toBe(1);
  });
});

describe("backpressure and the clock", () => {
  it("a gap that contains a pause is the client's: no generation rate", async () => {
    const block = chunkEvent({ content: "x".repeat(60_000) });
    let written = 0;
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const more = (): void => {
        while (written < 400) {
          written += 1;
          if (!response.write(block)) {
            response.once("drain", more);
            return;
          }
        }
        response.end([chunkEvent({}, {}, "stop"), usageEvent(1, 400), DONE_EVENT].join(""));
      };
      more();
    });
    await new Promise<void>((resolve) => {
      const request = http.request(
        gateway.origin + CHAT,
        { method: "POST", headers: { "content-type": "application/json" } },
        (response) => {
          response.pause();
          void pause(300).then(() => {
            response.on("end", resolve);
            response.resume();
          });
        },
      );
      request.end(BODY);
    });
    const { attributes } = await gateway.onlyCall();
    expect(attributes["llm.outcome"]).toBe("ok");
    expect(attributes["llm.generation_rate"]).toBeUndefined();
    expect(gateway.monitoring.sample('nexent_gateway_backpressure_pauses_total{upstream="openai"}')).toBeGreaterThan(0);
  });
});

/** `target` with one member replaced; its methods keep their own `this`. */
function boundExcept<T extends object>(target: T, name: keyof T, replacement: unknown): T {
  return new Proxy(target, {
    get(inner, key) {
      if (key === name) return replacement;
      const value: unknown = Reflect.get(inner, key, inner);
      return typeof value === "function" ? value.bind(inner) : value;
    },
  });
}
