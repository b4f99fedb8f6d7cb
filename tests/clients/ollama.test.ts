import { monitorLlmCall } from "@nexent/monitor";
import { ATTR } from "@nexent/monitor-core";
import { wrapOllama } from "@nexent/monitor/ollama";
import { Ollama } from "ollama";
import { describe, expect, it } from "vitest";
import { collectUntil, readAll } from "../../packages/monitor/src/testing/follow.testing.ts";
import { type Handler, writeSchedule } from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { monitorEachTest, outcomes, until } from "./monitored.testing.ts";

function line(body: object): string {
  return `${JSON.stringify({ model: "llama", created_at: "2026-01-01T00:00:00Z", ...body })}\n`;
}

const piece = (content: string): string => line({ message: { role: "assistant", content }, done: false });
const DONE = { done: true, done_reason: "stop", prompt_eval_count: 5, eval_count: 2, eval_duration: 1_000_000_000 };
const LAST = { message: { role: "assistant", content: "" }, ...DONE };
const STREAM: readonly (readonly [number, string])[] = [
  [20, piece("")],
  [60, piece("Hel")],
  [80, piece("lo")],
  [90, line(LAST)],
];
const ASKED = { model: "llama", messages: [{ role: "user", content: "hi" }], options: { temperature: 0.5 } };
const STREAMED = { ...ASKED, stream: true as const };

const server = providerEachTest();

const stream: Handler = (response) => writeSchedule(response, STREAM);
const answer =
  (body: object, status = 200): Handler =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(line(body));
const WHOLE = { message: { role: "assistant", content: "hello" }, ...DONE };

async function clientOf(handler: Handler): Promise<Ollama> {
  await server.start(handler);
  return wrapOllama(new Ollama({ host: server.baseURL.replace("/v1", "") }));
}

const monitored = monitorEachTest();

const OK = {
  [ATTR.llmOutcome]: "ok",
  [ATTR.llmAttempts]: 1,
  [ATTR.llmInputTokens]: 5,
  [ATTR.llmOutputTokens]: 2,
  [ATTR.genAiProviderName]: "ollama",
  [ATTR.genAiRequestTemperature]: 0.5,
  [ATTR.serverAddress]: "127.0.0.1",
};

describe("wrapOllama", () => {
  it("measures a stream from its body reads, and keeps what the server says of itself", async () => {
    const client = await clientOf(stream);
    for (let i = 0; i < 4; i += 1) {
      const parts = await client.chat(STREAMED);
      expect(parts.constructor.name).toBe("AbortableAsyncIterator");
      expect(await readAll(parts)).toHaveLength(4);
    }
    const spans = await monitored.spans(4);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmClockSource])).toContain("wire");
    const span = spans.at(-1);
    expect(span).toMatchObject({ name: "chat llama", attributes: { ...OK, [ATTR.llmServerDecodeRate]: 2 } });
    const firstChunk = Number(span?.attributes[ATTR.llmTimeToFirstChunkSeconds]);
    expect(Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds]) - firstChunk).toBeGreaterThan(0.03);
  });

  it("observes answers in one piece and embeddings, sends the same bytes and wraps once", async () => {
    const client = await clientOf((response, request) => {
      if (request.url === "/api/embed") return answer({ embeddings: [[0.5]], prompt_eval_count: 3 })(response, request);
      return answer(request.url === "/api/generate" ? { response: "hello", ...DONE } : WHOLE)(response, request);
    });
    expect(wrapOllama(client)).toBe(client);
    expect((await client.chat(ASKED)).message.content).toBe("hello");
    await new Ollama({ host: server.baseURL.replace("/v1", "") }).chat(ASKED);
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
    await client.generate({ model: "llama", prompt: "hi" });
    await client.embed({ model: "nomic", input: "x" });
    const spans = await monitored.spans(3);
    expect(spans.map((span) => span.name)).toEqual(["chat llama", "text_completion llama", "embeddings nomic"]);
    expect(spans[0]?.attributes).toMatchObject({ ...OK, [ATTR.llmStream]: false });
    expect(spans[2]?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmInputTokens]: 3 });
  });

  it("is cancelled by a break, by abort() of a stream and of the client", async () => {
    const client = await clientOf(stream);
    for await (const _ of await client.chat(STREAMED)) break;
    const one = await client.chat(STREAMED);
    const reading = readAll(one);
    one.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await until(() => server.requests.at(1)?.closed === true);
    const all = readAll(await client.chat(STREAMED));
    client.abort();
    await expect(all).rejects.toMatchObject({ name: "AbortError" });
    const spans = await monitored.spans(3);
    for (const { attributes } of spans) expect(attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });

  it("is abandoned when nobody reads", async () => {
    const client = await clientOf(stream);
    await (async () => {
      const parts = await client.chat(STREAMED);
      // The client itself holds its open streams.
      Reflect.get(client, "ongoingStreamedRequests").splice(0);
      void parts;
    })();
    await collectUntil(() => monitored.samples("llm_requests_total").join().includes('abandoned"} 1'));
  });

  it("maps failures as the client throws them: status, error line, a stream without its end, dead server", async () => {
    const replies: Handler[] = [
      answer({ error: "model not found" }, 404),
      (response) => writeSchedule(response, [[0, `${piece("a")}{"error":"out of memory"}\n`]]),
      (response) => writeSchedule(response, [[0, piece("a")]]),
    ];
    const client = await clientOf((response, request) => replies.shift()?.(response, request));
    await expect(client.chat(STREAMED)).rejects.toThrow("model not found");
    const read = async (): Promise<unknown> => readAll(await client.chat(STREAMED));
    await expect(read()).rejects.toThrow("out of memory");
    await expect(read()).rejects.toThrow("Did not receive done");
    await server.close();
    await expect(read()).rejects.toThrow("fetch failed");
    const spans = await monitored.spans(4);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType])).toEqual([
      "not_found",
      "stream_error",
      "stream_interrupted",
      "connection",
    ]);
  });

  it("records once inside a decorated function", async () => {
    const client = await clientOf(answer(WHOLE));
    await monitorLlmCall("outer")(() => client.chat(ASKED))();
    await monitored.spans(2);
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["ok stream=false x1"]);
  });
});
