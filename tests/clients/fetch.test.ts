import { monitorLlmCall } from "@nexent/monitor";
import { ATTR } from "@nexent/monitor-core";
import { monitoredFetch } from "@nexent/monitor/fetch";
import { wrapOpenAI } from "@nexent/monitor/openai";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { chatChunk } from "../../packages/monitor/src/testing/follow.testing.ts";
import {
  type Handler,
  jsonAnswer,
  sse,
  writeSchedule,
} from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { helloSchedule, providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { monitorEachTest, outcomes, until } from "./monitored.testing.ts";

const server = providerEachTest();

async function serve(handler: Handler): Promise<string> {
  await server.start(handler);
  return server.baseURL;
}

const USAGE = { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } };
const STREAM = helloSchedule(USAGE);
const stream: Handler = (response) => writeSchedule(response, STREAM);

function typed(type: string, body: string, status = 200): Handler {
  return (response) => void response.writeHead(status, { "content-type": type }).end(body);
}

function post(body: object, more: RequestInit = {}): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), ...more };
}

const ASKED = { model: "gpt-4o", messages: [], stream: true, temperature: 0.25 };

const monitored = monitorEachTest();

describe("monitoredFetch", () => {
  it("times a stream by its body reads and returns the response of fetch", async () => {
    const url = `${await serve(stream)}/chat/completions`;
    const fetch = monitoredFetch();
    for (let i = 0; i < 3; i += 1) await (await fetch(url, post(ASKED))).text();
    const response = await fetch(url, post(ASKED));
    expect(response).toBeInstanceOf(Response);
    expect(response.url).toBe(url);
    expect(await response.text()).toBe(STREAM.map(([, text]) => text).join(""));
    const spans = await monitored.spans(4);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmClockSource])).toContain("wire");
    const span = spans.at(-1);
    expect(span).toMatchObject({
      name: "chat gpt-4o",
      attributes: {
        [ATTR.llmOutcome]: "ok",
        [ATTR.llmStream]: true,
        [ATTR.genAiProviderName]: "openai",
        [ATTR.genAiRequestTemperature]: 0.25,
        [ATTR.llmInputTokens]: 7,
        [ATTR.llmOutputTokens]: 2,
        [ATTR.serverAddress]: "127.0.0.1",
      },
    });
    const firstChunk = Number(span?.attributes[ATTR.llmTimeToFirstChunkSeconds]);
    expect(Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds]) - firstChunk).toBeGreaterThan(0.03);
  });

  it.each([
    [
      "/responses",
      "chat m",
      sse({ type: "response.output_text.delta", delta: "Hi" }) +
        sse({ type: "response.completed", response: { status: "completed", usage: { output_tokens: 2 } } }),
      "text/event-stream",
    ],
    [
      "/messages",
      "chat m",
      sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } }) +
        sse({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }),
      "text/event-stream",
    ],
    [
      "/models/g:streamGenerateContent",
      "generate_content g",
      `[{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}\n,{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":2}}]`,
      "application/json",
    ],
    [
      "/models/g:streamGenerateContent?alt=sse",
      "generate_content g",
      sse({ candidates: [{ content: { parts: [{ text: "Hi" }] }, finishReason: "STOP" }] }) +
        sse({ usageMetadata: { candidatesTokenCount: 2 } }),
      "text/event-stream",
    ],
    [
      "/api/chat",
      "chat m",
      `{"model":"m","message":{"content":"Hi"},"done":false}\n{"model":"m","done":true,"eval_count":2}\n`,
      "application/x-ndjson",
    ],
  ])("reads %s", async (path, name, body, type) => {
    const base = await serve(typed(type, body));
    const response = await monitoredFetch()(`${base}${path}`, post({ model: "m", stream: true }));
    expect(await response.text()).toBe(body);
    const [span] = await monitored.spans(1);
    expect(span).toMatchObject({
      name,
      attributes: { [ATTR.llmOutcome]: "ok", [ATTR.llmOutputTokens]: 2, [ATTR.llmStream]: true },
    });
    expect(span?.attributes).toHaveProperty(ATTR.llmTimeToFirstTokenSeconds);
  });

  it("reads embeddings and answers in one piece, also where a stream was asked for", async () => {
    const base = await serve((response, request) =>
      request.url === "/v1/embeddings"
        ? jsonAnswer({ data: [], usage: { prompt_tokens: 4 } })(response, request)
        : jsonAnswer({
            choices: [{ message: { content: "hi" }, finish_reason: "stop" }],
            usage: { completion_tokens: 1 },
          })(response, request),
    );
    await (await monitoredFetch()(`${base}/embeddings`, post({ model: "e", input: "x" }))).json();
    await (await monitoredFetch()(`${base}/chat/completions`, post(ASKED))).json();
    const spans = await monitored.spans(2);
    expect(spans.map((span) => span.name)).toEqual(["embeddings e", "chat gpt-4o"]);
    expect(spans[0]?.attributes).toMatchObject({ [ATTR.llmInputTokens]: 4, [ATTR.llmOutcome]: "ok" });
    expect(spans[1]?.attributes).toMatchObject({ [ATTR.llmOutputTokens]: 1, [ATTR.llmStream]: false });
  });

  it("leaves everything else alone: the promise is that of fetch, no body is touched", async () => {
    const base = await serve(jsonAnswer({ fine: true }));
    const sent = Promise.resolve(new Response("x"));
    const plain = monitoredFetch(() => sent);
    expect(plain(`${base}/models`)).toBe(sent);
    expect(plain(`${base}/files`, { method: "POST", body: "x" })).toBe(sent);
    await expect(monitoredFetch()("no address", post({}))).rejects.toBeInstanceOf(TypeError);

    const body = new Blob([JSON.stringify(ASKED)]).stream();
    const upload: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    await (await monitoredFetch()(`${base}/chat/completions`, upload)).json();
    await (await monitoredFetch()(new Request(`${base}/chat/completions`, post(ASKED)))).json();
    expect(server.requests.map((request) => request.body)).toEqual([JSON.stringify(ASKED), JSON.stringify(ASKED)]);
    const spans = await monitored.spans(2);
    for (const span of spans) expect(span).toMatchObject({ name: "chat", attributes: { [ATTR.llmOutcome]: "ok" } });
  });

  it("ends once with an error: status, dead server, deadline, abort, cut stream", async () => {
    let asked = 0;
    const base = await serve(async (response, request) => {
      asked += 1;
      if (asked === 1) return jsonAnswer({ error: { message: "later" } }, 429)(response, request);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(sse(chatChunk({ content: "a" })));
      if (asked > 3) setTimeout(() => response.destroy(), 20);
    });
    const fetch = monitoredFetch();
    const url = `${base}/chat/completions`;
    expect((await fetch(url, post(ASKED))).status).toBe(429);
    const late = await fetch(url, post(ASKED, { signal: AbortSignal.timeout(50) }));
    await expect(late.text()).rejects.toMatchObject({ name: "TimeoutError" });
    const controller = new AbortController();
    const stopped = await fetch(url, post(ASKED, { signal: controller.signal }));
    const reading = stopped.text();
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await expect((async () => (await fetch(url, post(ASKED))).text())()).rejects.toThrow();
    await server.close();
    await expect(fetch(url, post(ASKED))).rejects.toThrow("fetch failed");
    const spans = await monitored.spans(5);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType] ?? attributes[ATTR.llmOutcome])).toEqual([
      "rate_limited",
      "timeout",
      "cancelled",
      "stream_interrupted",
      "connection",
    ]);
  });

  it("is cancelled by whoever stops reading, and the upstream sees it", async () => {
    const base = await serve(stream);
    const response = await monitoredFetch()(`${base}/chat/completions`, post(ASKED));
    for await (const _ of response.body ?? []) break;
    await until(() => server.requests.at(0)?.closed === true);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });
});

describe("monitoredFetch inside a client", () => {
  it("observes clients that take a fetch", async () => {
    const baseURL = await serve(stream);
    const client = new OpenAI({ apiKey: "none", baseURL, fetch: monitoredFetch() });
    let chunks = 0;
    for await (const _ of await client.chat.completions.create({ model: "gpt-4o", messages: [], stream: true }))
      chunks += 1;
    expect(chunks).toBe(5);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmOutputTokens]: 2 });
    await server.close();

    const message = { id: "m", type: "message", role: "assistant", content: [], usage: { output_tokens: 3 } };
    const anthropicURL = (await serve(jsonAnswer({ ...message, stop_reason: "end_turn" }))).replace("/v1", "");
    const anthropic = new Anthropic({ apiKey: "none", baseURL: anthropicURL, fetch: monitoredFetch() });
    await anthropic.messages.create({ model: "claude", max_tokens: 9, messages: [] });
    const [, second] = await monitored.spans(2);
    expect(second).toMatchObject({ name: "chat claude", attributes: { [ATTR.llmOutputTokens]: 3 } });
  });

  it("records once with a wrapped client, and inside a decorated function", async () => {
    const baseURL = await serve(jsonAnswer({ choices: [], usage: { completion_tokens: 1 } }));
    const client = wrapOpenAI(new OpenAI({ apiKey: "none", baseURL, fetch: monitoredFetch() }));
    await client.chat.completions.create({ model: "gpt-4o", messages: [] });
    const ask = monitorLlmCall("outer")(() => monitoredFetch()(`${baseURL}/chat/completions`, post(ASKED)));
    expect(await (await ask()).json()).toMatchObject({ choices: [] });
    await monitored.spans(3);
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["ok stream=false x2"]);
  });
});
