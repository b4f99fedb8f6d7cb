import { ApiError, GoogleGenAI } from "@google/genai";
import { monitorLlmCall } from "@nexent/monitor";
import { ATTR } from "@nexent/monitor-core";
import { wrapGoogleGenAI } from "@nexent/monitor/genai";
import { describe, expect, it } from "vitest";
import { collectUntil, readAll } from "../../packages/monitor/src/testing/follow.testing.ts";
import { type Handler, sse, writeSchedule } from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { monitorEachTest, outcomes } from "./monitored.testing.ts";

function chunk(text: string, more: object = {}): object {
  const candidate = { index: 0, content: { role: "model", parts: [{ text }] }, ...more };
  return { candidates: [candidate], modelVersion: "gemini-real", responseId: "r1" };
}

const USAGE = { promptTokenCount: 4, candidatesTokenCount: 6, thoughtsTokenCount: 3 };
const LAST = { ...chunk("lo", { finishReason: "STOP" }), usageMetadata: USAGE };
const STREAM: readonly (readonly [number, string])[] = [
  [20, sse(chunk(""))],
  [60, sse(chunk("Hel"))],
  [80, sse(LAST)],
];
const ANSWER = { ...chunk("hello", { finishReason: "STOP" }), usageMetadata: USAGE };
const ASKED = { model: "gemini-test", contents: "hi", config: { temperature: 0.5, maxOutputTokens: 9 } };

const server = providerEachTest();

const stream: Handler = (response) => writeSchedule(response, STREAM);
const answer =
  (body: object = ANSWER, status = 200): Handler =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

function plain(options: object = {}): GoogleGenAI {
  return new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: server.baseURL, ...options } });
}

async function clientOf(handler: Handler, options: object = {}): Promise<GoogleGenAI> {
  await server.start(handler);
  return wrapGoogleGenAI(plain(options));
}

const monitored = monitorEachTest();

const OK = {
  [ATTR.llmOutcome]: "ok",
  [ATTR.llmAttempts]: 1,
  [ATTR.llmInputTokens]: 4,
  [ATTR.llmOutputTokens]: 9,
  [ATTR.genAiProviderName]: "gcp.gemini",
  [ATTR.genAiRequestTemperature]: 0.5,
  [ATTR.genAiRequestMaxTokens]: 9,
  [ATTR.serverAddress]: "127.0.0.1",
};

describe("wrapGoogleGenAI", () => {
  it("measures a stream from its body reads", async () => {
    const client = await clientOf(stream);
    for (let i = 0; i < 4; i += 1) {
      const chunks = await client.models.generateContentStream(ASKED);
      expect(await readAll(chunks)).toHaveLength(3);
    }
    const spans = await monitored.spans(4);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmClockSource])).toContain("wire");
    const span = spans.at(-1);
    expect(span).toMatchObject({ name: "generate_content gemini-test", attributes: OK });
    const firstChunk = Number(span?.attributes[ATTR.llmTimeToFirstChunkSeconds]);
    expect(Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds]) - firstChunk).toBeGreaterThan(0.03);
  });

  it("sends the same request with and without us", async () => {
    const client = await clientOf(answer());
    const one = await client.models.generateContent(ASKED);
    expect(one.text).toBe("hello");
    expect((await plain().models.generateContent(ASKED)).text).toBe("hello");
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ ...OK, [ATTR.llmStream]: false });
  });

  it("observes chats and embeddings, and wraps once", async () => {
    const client = await clientOf((response, request) => {
      if (request.url?.includes("embed") === true)
        return answer({ embeddings: [{ values: [0.5] }] })(response, request);
      return request.url?.includes("stream") === true ? stream(response, request) : answer()(response, request);
    });
    expect(wrapGoogleGenAI(client)).toBe(client);
    const chat = client.chats.create({ model: "models/gemini-test", config: ASKED.config });
    expect((await chat.sendMessage({ message: "hi" })).text).toBe("hello");
    await readAll(await chat.sendMessageStream({ message: "hi" }));
    expect(chat.getHistory()).toHaveLength(6);
    await client.models.embedContent({ model: "embedder", contents: "x" });
    const spans = await monitored.spans(3);
    expect(spans.map((span) => span.name)).toEqual([
      "generate_content gemini-test",
      "generate_content gemini-test",
      "embeddings embedder",
    ]);
    for (const span of spans.slice(0, 2)) expect(span.attributes).toMatchObject(OK);
    expect(spans[2]?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok" });
  });

  it("is cancelled by a break and an abort, and fails by a deadline", async () => {
    const client = await clientOf(stream);
    for await (const _ of await client.models.generateContentStream(ASKED)) break;
    const changed = new AbortController();
    const asked = (abortSignal: AbortSignal): object => ({ ...ASKED, config: { abortSignal } });
    const stopped = client.models.generateContentStream({ ...ASKED, ...asked(changed.signal) });
    changed.abort();
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    const late = await client.models.generateContentStream({ ...ASKED, ...asked(AbortSignal.timeout(50)) });
    await expect(readAll(late)).rejects.toThrow();
    const spans = await monitored.spans(3);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType] ?? attributes[ATTR.llmOutcome])).toEqual([
      "cancelled",
      "cancelled",
      "timeout",
    ]);
  });

  it("is abandoned when nobody reads", async () => {
    const client = await clientOf(stream);
    await (async () => void (await client.models.generateContentStream(ASKED)))();
    await collectUntil(() => monitored.samples("llm_requests_total").join().includes('abandoned"} 1'));
  });

  it("maps failures as the client throws them: status, error inside a stream, cut stream, dead server", async () => {
    const inside = JSON.stringify({ error: { code: 503, status: "UNAVAILABLE", message: "busy" } });
    const replies: Handler[] = [
      answer({ error: { code: 400, status: "INVALID_ARGUMENT", message: "bad" } }, 400),
      (response) =>
        writeSchedule(response, [
          [0, sse(chunk("a"))],
          [30, inside],
        ]),
      (response) => writeSchedule(response, [[0, sse(chunk("a")) + 'data: {"candi']]),
      (response) => writeSchedule(response, [[0, sse(chunk("a"))]]),
    ];
    const client = await clientOf((response, request) => replies.shift()?.(response, request));
    await expect(client.models.generateContentStream(ASKED)).rejects.toBeInstanceOf(ApiError);
    const read = async (): Promise<unknown> => readAll(await client.models.generateContentStream(ASKED));
    await expect(read()).rejects.toThrow("busy");
    await expect(read()).rejects.toThrow("Incomplete JSON");
    expect(await read()).toHaveLength(1);
    await server.close();
    await expect(read()).rejects.toThrow();
    const spans = await monitored.spans(5);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType])).toEqual([
      "invalid_request",
      "overloaded",
      "stream_interrupted",
      "stream_interrupted",
      "connection",
    ]);
    expect(spans[0]?.attributes).toMatchObject({ [ATTR.httpResponseStatusCode]: 400, [ATTR.llmStream]: true });
  });

  it("shows attempts, and records once inside a decorated function", async () => {
    let asked = 0;
    const handler: Handler = (response, request) => {
      asked += 1;
      return asked === 1 ? answer({ error: { code: 503 } }, 503)(response, request) : answer()(response, request);
    };
    const client = await clientOf(handler, { retryOptions: { attempts: 2, initialDelay: 0.02 } });
    await monitorLlmCall("outer")(() => client.models.generateContent(ASKED))();
    const spans = await monitored.spans(4);
    const call = spans.find((span) => span.name === "generate_content gemini-test");
    expect(call?.attributes).toMatchObject({ ...OK, [ATTR.llmAttempts]: 2 });
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["error stream=false x1", "ok stream=false x1"]);
  });
});
