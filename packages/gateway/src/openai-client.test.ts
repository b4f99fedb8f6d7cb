import OpenAI from "openai";
import { beforeEach, describe, expect, it } from "vitest";
import { chunkEvent, DONE_EVENT, sse, usageEvent } from "./testing/fault-upstream.testing.ts";
import { pause, until } from "./testing/raw-client.testing.ts";
import { monitoredGatewayEachTest } from "./testing/monitored-gateway.testing.ts";

const gateway = monitoredGatewayEachTest();
let client: OpenAI;

beforeEach(() => {
  client = new OpenAI({ apiKey: "sk-test", baseURL: `${gateway.origin}/v1`, maxRetries: 0 });
});

const messages = [{ role: "user" as const, content: "hi" }];

/** A tool-call delta as OpenAI streams it. */
function toolEvent(index: number, fields: object): string {
  return chunkEvent({ tool_calls: [{ index, ...fields }] });
}

describe("the openai client through the gateway", () => {
  it("8: reads text whose UTF-8 is split at every byte", async () => {
    const text = Buffer.from(
      [
        chunkEvent({ role: "assistant", content: "" }),
        chunkEvent({ content: "na\u00efve \u65e5\u672c \ud83d\ude00" }),
        chunkEvent({}, {}, "stop"),
        DONE_EVENT,
      ].join(""),
    );
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      let at = 0;
      const next = (): void => {
        if (at >= text.length) {
          response.end();
          return;
        }
        response.write(text.subarray(at, at + 1));
        at += 1;
        setImmediate(next);
      };
      next();
    });
    const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
    let seen = "";
    for await (const chunk of stream) seen += chunk.choices[0]?.delta.content ?? "";
    expect(seen).toBe("na\u00efve \u65e5\u672c \ud83d\ude00");
    await until(() => gateway.monitoring.calls().length === 1);
    expect(gateway.monitoring.calls()[0]?.attributes).toMatchObject({ "llm.outcome": "ok", "llm.output_tokens": 5 });
  });

  it("5: puts parallel tool calls with split escapes together", async () => {
    gateway.upstream.play((_request, response) =>
      sse(response, [
        chunkEvent({ role: "assistant", content: null }),
        toolEvent(0, { id: "a", type: "function", function: { name: "f", arguments: "" } }),
        toolEvent(1, { id: "b", type: "function", function: { name: "g", arguments: "" } }),
        toolEvent(0, { function: { arguments: '{"q":"\\u00' } }),
        toolEvent(1, { function: { arguments: '{"n":' } }),
        toolEvent(0, { function: { arguments: 'e9"}' } }),
        toolEvent(1, { function: { arguments: "1}" } }),
        chunkEvent({}, {}, "tool_calls"),
        usageEvent(3, 9),
        DONE_EVENT,
      ]),
    );
    const completion = await client.chat.completions.stream({ model: "m", messages }).finalChatCompletion();
    const calls = completion.choices[0]?.message.tool_calls ?? [];
    expect(calls.map((call) => (call.type === "function" ? call.function.arguments : ""))).toEqual([
      '{"q":"\\u00e9"}',
      '{"n":1}',
    ]);
    await until(() => gateway.monitoring.calls().length === 1);
    const attributes = gateway.monitoring.calls()[0]?.attributes;
    expect(attributes).toMatchObject({ "llm.outcome": "ok", "gen_ai.response.finish_reasons": ["tool_calls"] });
    expect(attributes?.["llm.time_to_first_tool_call_seconds"]).toBeDefined();
    expect(attributes?.["llm.time_to_first_answer_token_seconds"]).toBeUndefined();
  });

  it("6: usage the client asked for arrives, and without asking none does", async () => {
    gateway.upstream.play((request, response) => {
      const asked = request.body.includes('"include_usage":true');
      sse(response, [
        chunkEvent({ content: "a" }),
        chunkEvent({}, {}, "stop"),
        ...(asked ? [usageEvent(1, 1)] : []),
        DONE_EVENT,
      ]);
    });
    const read = async (include: boolean): Promise<{ usage: boolean; empty: boolean }> => {
      const stream = await client.chat.completions.create({
        model: "m",
        messages,
        stream: true,
        ...(include && { stream_options: { include_usage: true } }),
      });
      let usage = false;
      let empty = false;
      for await (const chunk of stream) {
        usage ||= chunk.usage !== undefined && chunk.usage !== null;
        empty ||= chunk.choices.length === 0;
      }
      return { usage, empty };
    };
    expect(await read(true)).toEqual({ usage: true, empty: true });
    expect(await read(false)).toEqual({ usage: false, empty: false });
  });

  it("9: an early break cancels the upstream and is recorded as cancelled", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const timer = setInterval(() => response.write(chunkEvent({ content: "a" })), 5);
      response.on("close", () => clearInterval(timer));
    });
    const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
    let leftAtMs = 0;
    for await (const chunk of stream) {
      leftAtMs = performance.now();
      if (chunk.choices.length > 0) break;
    }
    await until(() => gateway.upstream.requests[0]?.lostAtMs() !== undefined);
    expect((gateway.upstream.requests[0]?.lostAtMs() ?? 0) - leftAtMs).toBeLessThan(100);
    await until(() => gateway.monitoring.calls().length === 1);
    expect(gateway.monitoring.calls()[0]?.attributes["llm.outcome"]).toBe("cancelled");
  });

  it("14: a cut stream throws in the client", async () => {
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chunkEvent({ content: "a" }));
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    });
    const stream = await client.chat.completions.create({ model: "m", messages, stream: true });
    await expect(
      (async () => {
        for await (const chunk of stream) void chunk;
      })(),
    ).rejects.toThrow();
  });

  it("19: the client's own retry honours retry-after-ms, with one upstream request per try", async () => {
    gateway.upstream.play((request, response) => {
      if (request.number < 3) {
        response.writeHead(429, { "content-type": "application/json", "retry-after-ms": "5" });
        response.end('{"error":{"message":"slow down"}}');
      } else {
        response.setHeader("content-type", "application/json");
        response.end(
          '{"id":"1","object":"chat.completion","created":1,"model":"x","choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}]}',
        );
      }
    });
    const patient = client.withOptions({ maxRetries: 2 });
    const completion = await patient.chat.completions.create({ model: "m", messages });
    expect(completion.choices[0]?.message.content).toBe("ok");
    expect(gateway.upstream.requests.map((request) => request.headers["x-stainless-retry-count"])).toEqual([
      "0",
      "1",
      "2",
    ]);
    await until(() => gateway.monitoring.calls().length === 3);
    expect(
      gateway.monitoring.calls().map((span) => [span.attributes["llm.outcome"], span.attributes["llm.attempt"]]),
    ).toEqual([
      ["error", 1],
      ["error", 2],
      ["ok", 3],
    ]);
  });

  it("20: an own error reads like one of the provider's", async () => {
    gateway.upstream.play((_request, response) => response.socket?.destroy());
    await expect(client.chat.completions.create({ model: "m", messages })).rejects.toMatchObject({
      status: 502,
      code: "gateway_upstream_unreachable",
      type: "gateway_error",
    });
  });

  it("10, 11: an abort signal reaches the upstream before the first byte", async () => {
    gateway.upstream.play(() => undefined);
    const controller = new AbortController();
    const asked = client.chat.completions.create({ model: "m", messages }, { signal: controller.signal });
    await until(() => gateway.upstream.requests.length === 1);
    await pause(20);
    const leftAtMs = performance.now();
    controller.abort();
    await expect(asked).rejects.toThrow("aborted");
    await until(() => gateway.upstream.requests[0]?.lostAtMs() !== undefined);
    expect((gateway.upstream.requests[0]?.lostAtMs() ?? 0) - leftAtMs).toBeLessThan(100);
  });
});
