import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { monitorLlmCall } from "@nexent/monitor";
import { ATTR } from "@nexent/monitor-core";
import { wrapOpenAI } from "@nexent/monitor/openai";
import type OpenAI from "openai";
import type { AzureOpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { chatChunk, collectUntil, HELLO } from "../../packages/monitor/src/testing/follow.testing.ts";
import { type Handler, sse, writeSchedule } from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { helloSchedule, providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { ensureNode24 } from "../../tools/node-24.mjs";
import { monitorEachTest, outcomes, until } from "./monitored.testing.ts";

interface Library {
  readonly OpenAI: typeof OpenAI;
  readonly AzureOpenAI: typeof AzureOpenAI;
  readonly BadRequestError: new (...values: never[]) => Error;
  readonly APIUserAbortError: new (...values: never[]) => Error;
}

/** The classes of one version; the tests use what all versions have, and look it up where it hangs. */
async function load(name: string): Promise<Library> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one shape for the versions under test
  return (await import(name)) as Library;
}

const LATER_NODE = Number(process.versions.node.split(".")[0]) >= 22;
const VERSIONS = LATER_NODE ? ["openai4", "openai5", "openai", "openai7"] : ["openai4", "openai5", "openai"];

const USAGE = { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } };
const [, HEL, LO] = HELLO;
const STREAM = helloSchedule(USAGE);
const ANSWER = {
  id: "r1",
  object: "chat.completion",
  model: "gpt-4o-real",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 9 },
};
const RESPONSE = {
  id: "resp_1",
  object: "response",
  status: "completed",
  model: "gpt-4o-real",
  output: [
    {
      id: "msg_1",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "Hello", annotations: [] }],
    },
  ],
  usage: { input_tokens: 6, output_tokens: 2, total_tokens: 8 },
};
const RESPONSE_ITEM = { ...RESPONSE.output[0], content: [] };
const RESPONSE_PART = { item_id: "msg_1", output_index: 0, content_index: 0 };
const RESPONSE_STREAM: readonly (readonly [number, string])[] = [
  [10, sse({ type: "response.created", response: { ...RESPONSE, status: "in_progress", output: [] } })],
  [20, sse({ type: "response.output_item.added", output_index: 0, item: RESPONSE_ITEM })],
  [
    30,
    sse({
      type: "response.content_part.added",
      ...RESPONSE_PART,
      part: { type: "output_text", text: "", annotations: [] },
    }),
  ],
  [40, sse({ type: "response.output_text.delta", ...RESPONSE_PART, delta: "Hello" })],
  [50, sse({ type: "response.completed", response: RESPONSE })],
];
const REQUEST = { model: "gpt-4o", messages: [{ role: "user" as const, content: "hi" }] };
const STREAMED = { ...REQUEST, stream: true as const };

const server = providerEachTest();

const stream: Handler = (response) => writeSchedule(response, STREAM);
const answer =
  (body: object = ANSWER, status = 200): Handler =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

async function readAll(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const value of source) seen.push(value);
  return seen;
}

const monitored = monitorEachTest();

describe.each(VERSIONS)("wrapOpenAI with the client %s", (name) => {
  async function clientOf(handler: Handler, options: object = {}): Promise<OpenAI> {
    const library = await load(name);
    await server.start(handler);
    return wrapOpenAI(new library.OpenAI({ apiKey: "none", baseURL: server.baseURL, maxRetries: 0, ...options }));
  }

  /** Helpers that moved out of `beta` after version 4. */
  function helpersOf(client: OpenAI): OpenAI["chat"]["completions"] {
    const { completions } = client.chat;
    if (typeof Reflect.get(completions, "parse") === "function") return completions;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only there in version 4
    return (client.beta as unknown as OpenAI).chat.completions;
  }

  it("measures a stream from its body reads, first token after the role chunk", async () => {
    const client = await clientOf(stream);
    // Where code is still being loaded and compiled, the consumer is slow, and rightly said to be.
    for (let i = 0; i < 3; i += 1) await readAll(await client.chat.completions.create(STREAMED));
    const promise = client.chat.completions.create({ ...STREAMED, temperature: 0.5 });
    expect(promise.constructor.name).toBe("APIPromise");
    const answered = await promise;
    expect(answered.constructor.name).toBe("Stream");
    expect(await readAll(answered)).toHaveLength(5);
    const spans = await monitored.spans(4);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmClockSource])).toContain("wire");
    const span = spans.at(-1);
    expect(span).toMatchObject({
      name: "chat gpt-4o",
      attributes: {
        [ATTR.llmOutcome]: "ok",
        [ATTR.llmAttempts]: 1,
        [ATTR.llmInputTokens]: 7,
        [ATTR.llmOutputTokens]: 2,
        [ATTR.llmTokenSource]: "usage",
        [ATTR.genAiProviderName]: "openai",
        [ATTR.genAiRequestTemperature]: 0.5,
        [ATTR.serverAddress]: "127.0.0.1",
        [ATTR.serverPort]: Number(new URL(server.baseURL).port),
      },
    });
    const firstChunk = Number(span?.attributes[ATTR.llmTimeToFirstChunkSeconds]);
    const firstToken = Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds]);
    expect(Number(span?.attributes[ATTR.llmTimeToFirstByteSeconds])).toBeLessThanOrEqual(firstChunk);
    expect(firstToken - firstChunk).toBeGreaterThan(0.03);
  });

  it("sends the same request with and without us", async () => {
    const library = await load(name);
    const client = await clientOf(stream);
    const seen: (readonly [unknown, object])[] = [];
    const fetch = (input: unknown, init: object): Promise<Response> => {
      seen.push([input, init]);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the client gave is passed on
      return globalThis.fetch(input as string, init);
    };
    const options = { apiKey: "none", baseURL: server.baseURL, fetch };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- versions differ in the type of fetch only
    const plain = new library.OpenAI(options as never);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
    const wrapped = wrapOpenAI(new library.OpenAI(options as never));
    for (const one of [plain, wrapped]) await readAll(await one.chat.completions.create(STREAMED));
    await readAll(await client.chat.completions.create(STREAMED));
    const [first, second] = seen;
    expect(Reflect.ownKeys(second?.[1] ?? {})).toEqual(Reflect.ownKeys(first?.[1] ?? {}));
    const [bare, ...others] = server.requests;
    for (const other of others) expect(other.body).toBe(bare?.body);
    expect(others).toHaveLength(2);
  });

  it("estimates tokens where no usage comes, and says so", async () => {
    const client = await clientOf((response) => writeSchedule(response, [[0, HELLO.map((one) => sse(one)).join("")]]));
    await readAll(await client.chat.completions.create(STREAMED));
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmTokenSource]: "estimate" });
    expect(span?.attributes).not.toHaveProperty(ATTR.genAiUsageOutputTokens);
  });

  it("is cancelled by an early break, and the upstream is aborted at once", async () => {
    const client = await clientOf(stream);
    for await (const _ of await client.chat.completions.create(STREAMED)) break;
    const leftMs = performance.now();
    await until(() => server.requests.at(0)?.closed === true);
    expect(performance.now() - leftMs).toBeLessThan(50);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });

  it("is abandoned when nobody reads the stream, and when nobody awaits the promise", async () => {
    const client = await clientOf(stream);
    await (async () => void (await client.chat.completions.create(STREAMED)))();
    (() => void client.chat.completions.create(STREAMED))();
    await collectUntil(() => monitored.samples("llm_requests_total").join().includes('abandoned"} 2'));
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["abandoned stream=true x2"]);
  });

  it("is interrupted when the server dies in the middle", async () => {
    const client = await clientOf(async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(sse(HEL ?? {}));
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.destroy();
    });
    await expect(readAll(await client.chat.completions.create(STREAMED))).rejects.toThrow();
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({
      [ATTR.llmOutcome]: "error",
      [ATTR.errorType]: "stream_interrupted",
      [ATTR.llmTokenSource]: "estimate",
    });
  });

  it("fails as the client fails on HTTP 400, streaming or not", async () => {
    const { BadRequestError } = await load(name);
    const refusal = { error: { message: "bad", type: "invalid_request_error", code: "bad_value" } };
    const client = await clientOf(answer(refusal, 400));
    await expect(client.chat.completions.create(STREAMED)).rejects.toBeInstanceOf(BadRequestError);
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({
      [ATTR.llmOutcome]: "error",
      [ATTR.errorType]: "invalid_request",
      [ATTR.llmErrorCode]: "bad_value",
      [ATTR.httpResponseStatusCode]: 400,
      [ATTR.llmStream]: true,
      [ATTR.llmAttempts]: 1,
    });
  });

  it("maps an error event inside the stream, which the client throws", async () => {
    const failing = { error: { type: "overloaded_error", message: "busy" } };
    const client = await clientOf((response) =>
      writeSchedule(response, [[0, sse(chatChunk({ content: "a" })) + sse(failing)]]),
    );
    await expect(readAll(await client.chat.completions.create(STREAMED))).rejects.toThrow("busy");
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "error", [ATTR.errorType]: "overloaded" });
  });

  it("keeps withResponse, tee, controller and toReadableStream", async () => {
    const client = await clientOf(stream);
    const { data, response } = await client.chat.completions.create(STREAMED).withResponse();
    expect(response.status).toBe(200);
    const [left, right] = data.tee();
    expect((await readAll(left)).length + (await readAll(right)).length).toBe(10);
    const second = await client.chat.completions.create(STREAMED);
    expect(second.controller.signal.aborted).toBe(false);
    expect((await new Response(second.toReadableStream()).text()).trim().split("\n")).toHaveLength(5);
    const spans = await monitored.spans(2);
    for (const { attributes } of spans)
      expect(attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmOutputTokens]: 2 });
  });

  it("ends quietly with controller.abort(), and that is cancelled", async () => {
    const client = await clientOf(stream);
    const answered = await client.chat.completions.create(STREAMED);
    let chunks = 0;
    for await (const _ of answered) if ((chunks += 1) === 1) answered.controller.abort();
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "cancelled" });
  });

  it("tells a deadline of the caller from a change of mind, before the answer and inside it", async () => {
    const { APIUserAbortError } = await load(name);
    const client = await clientOf(async (response) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await writeSchedule(response, [
        [0, sse(HEL ?? {})],
        [500, sse(LO ?? {})],
      ]);
    });
    const ask = (signal: AbortSignal): Promise<unknown> =>
      client.chat.completions.create(STREAMED, { signal }).then((answered) => readAll(answered));
    const changed = new AbortController();
    const stopped = ask(changed.signal);
    changed.abort();
    await expect(stopped).rejects.toBeInstanceOf(APIUserAbortError);
    await expect(ask(AbortSignal.timeout(30))).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await ask(AbortSignal.timeout(200))).toHaveLength(1);
    const spans = await monitored.spans(3);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmOutcome])).toEqual(["cancelled", "error", "error"]);
    expect(spans.slice(1).map(({ attributes }) => attributes[ATTR.errorType])).toEqual(["timeout", "timeout"]);
  });

  it("reads usage and finish reason of an answer in one piece", async () => {
    const client = await clientOf(answer());
    expect((await client.chat.completions.create(REQUEST)).choices[0]?.message.content).toBe("hello");
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({
      [ATTR.llmOutcome]: "ok",
      [ATTR.llmStream]: false,
      [ATTR.llmOutputTokens]: 9,
      [ATTR.genAiResponseModel]: "gpt-4o-real",
    });
    expect(span?.attributes).not.toHaveProperty(ATTR.llmTimeToFirstTokenSeconds);
  });

  it("keeps parse()", async () => {
    const client = await clientOf(answer());
    const completion = await helpersOf(client).parse(REQUEST);
    expect(completion.choices[0]?.message.content).toBe("hello");
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmOutputTokens]: 9 });
  });

  it("follows stream() to its true end", async () => {
    const client = await clientOf(stream);
    const runner = helpersOf(client).stream(STREAMED);
    expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe("Hello");
    const stopped = helpersOf(client).stream(STREAMED);
    for await (const _ of stopped) break;
    const spans = await monitored.spans(2);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmOutcome])).toEqual(["ok", "cancelled"]);
    expect(spans[0]?.attributes).toMatchObject({ [ATTR.llmOutputTokens]: 2 });
  });

  it("tells the deadline of stream() from its abort()", async () => {
    const client = await clientOf((response) =>
      writeSchedule(response, [
        [0, sse(HEL ?? {})],
        [500, sse(LO ?? {})],
      ]),
    );
    await expect(
      helpersOf(client)
        .stream(STREAMED, { signal: AbortSignal.timeout(60) })
        .done(),
    ).rejects.toThrow();
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "error", [ATTR.errorType]: "timeout" });
  });

  it("shows every attempt of a call that ends well", async () => {
    let asked = 0;
    const client = await clientOf(
      (response, request) => {
        asked += 1;
        if (asked > 1) return stream(response, request);
        response.writeHead(429, { "content-type": "application/json", "retry-after-ms": "30" });
        response.end('{"error":{"message":"slow down"}}');
      },
      { maxRetries: 2 },
    );
    await readAll(await client.chat.completions.create(STREAMED));
    const spans = await monitored.spans(3);
    const call = spans.find((span) => span.name === "chat gpt-4o");
    expect(call?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmAttempts]: 2 });
    const [first, second] = spans.filter((span) => span.parentSpanId === call?.spanId);
    expect(first).toMatchObject({
      name: "attempt 1",
      attributes: { [ATTR.errorType]: "rate_limited", [ATTR.httpResponseStatusCode]: 429 },
    });
    expect(second?.name).toBe("attempt 2");
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["error stream=true x1", "ok stream=true x1"]);
    expect(monitored.samples("llm_retries_total").join()).toContain('error_type="rate_limited"} 1');
    expect(monitored.samples("llm_call_duration_seconds_count").join()).toContain('outcome="ok"} 1');
  });

  it("counts an attempt that the client's own time limit stopped as timed out", async () => {
    let asked = 0;
    const client = await clientOf(
      (response, request) => {
        asked += 1;
        if (asked > 1) return stream(response, request);
      },
      { maxRetries: 1, timeout: 100 },
    );
    await readAll(await client.chat.completions.create(STREAMED));
    const spans = await monitored.spans(3);
    expect(spans.find((span) => span.name === "attempt 1")?.attributes).toMatchObject({ [ATTR.errorType]: "timeout" });
    expect(spans.find((span) => span.name === "chat gpt-4o")?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok" });
  });

  it("knows a dead server, attempt by attempt", async () => {
    const client = await clientOf(stream, { maxRetries: 1 });
    await server.close();
    await expect(client.chat.completions.create(STREAMED)).rejects.toThrow("Connection error");
    const spans = await monitored.spans(3);
    for (const { attributes } of spans) expect(attributes).toMatchObject({ [ATTR.errorType]: "connection" });
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["error stream=true x2"]);
  });

  it("does not claim the wire's clock for a slow consumer", async () => {
    const client = await clientOf(stream);
    for await (const _ of await client.chat.completions.create(STREAMED))
      await new Promise((resolve) => setTimeout(resolve, 10));
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmClockSource]: "iterator" });
    expect(span?.attributes[ATTR.llmConsumerWaitSeconds]).toBeGreaterThan(0.009);
  });

  it("observes completions and embeddings", async () => {
    const client = await clientOf((response, request) =>
      request.url?.endsWith("/embeddings") === true
        ? answer({ object: "list", model: "e", data: [{ index: 0, embedding: [0.5] }], usage: { prompt_tokens: 4 } })(
            response,
            request,
          )
        : answer({
            id: "c",
            choices: [{ index: 0, text: "hey", finish_reason: "stop" }],
            usage: { completion_tokens: 1 },
          })(response, request),
    );
    await client.completions.create({ model: "davinci", prompt: "hi" });
    const vectors = await client.embeddings.create({ model: "ada", input: "hi", encoding_format: "float" });
    expect(vectors.data[0]?.embedding).toEqual([0.5]);
    const spans = await monitored.spans(2);
    expect(spans.map((span) => span.name)).toEqual(["text_completion davinci", "embeddings ada"]);
    expect(spans.map(({ attributes }) => attributes[ATTR.llmOutcome])).toEqual(["ok", "ok"]);
    expect(spans[1]?.attributes).toMatchObject({ [ATTR.llmInputTokens]: 4 });
  });

  it("observes responses, streamed or not, with parse() and stream()", async () => {
    const client = await clientOf((response, request) =>
      server.requests.at(-1)?.body.match(/"stream": ?true/)
        ? writeSchedule(response, RESPONSE_STREAM)
        : answer(RESPONSE)(response, request),
    );
    const asked = { model: "gpt-4o", input: "hi" };
    expect((await client.responses.create(asked)).output_text).toBe("Hello");
    expect((await client.responses.parse(asked)).output_text).toBe("Hello");
    expect(await readAll(await client.responses.create({ ...asked, stream: true }))).toHaveLength(5);
    expect((await client.responses.stream(asked).finalResponse()).usage?.output_tokens).toBe(2);
    const spans = await monitored.spans(4);
    for (const { attributes } of spans) {
      expect(attributes).toMatchObject({
        [ATTR.llmOutcome]: "ok",
        [ATTR.llmAttempts]: 1,
        [ATTR.llmInputTokens]: 6,
        [ATTR.llmOutputTokens]: 2,
      });
    }
    expect(spans.map(({ attributes }) => attributes[ATTR.llmStream])).toEqual([false, false, true, true]);
  });

  it("observes beta.responses where the client has them", async () => {
    const client = await clientOf(answer(RESPONSE));
    const beta: unknown = Reflect.get(client.beta, "responses");
    if (beta === undefined) return expect(["openai4", "openai5"]).toContain(name);
    await client.beta.responses.create({ model: "gpt-4o", input: "hi" });
    const [span] = await monitored.spans(1);
    return expect(span?.attributes).toMatchObject({ [ATTR.llmOutcome]: "ok", [ATTR.llmOutputTokens]: 2 });
  });

  it("records once, whoever wraps what around it, and observes copies too", async () => {
    const client = await clientOf(answer());
    expect(wrapOpenAI(client)).toBe(client);
    const copy = "withOptions" in client ? client.withOptions({ maxRetries: 0 }) : client;
    const ask = monitorLlmCall("outer", "chat")(() => copy.chat.completions.create(REQUEST));
    await ask();
    const spans = await monitored.spans(2);
    expect(spans.find((span) => span.name === "chat outer")?.attributes).not.toHaveProperty(ATTR.llmOutcome);
    expect(spans.find((span) => span.name === "chat gpt-4o")?.parentSpanId).toBe(
      spans.find((span) => span.name === "chat outer")?.spanId,
    );
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["ok stream=false x1"]);
  });

  it("names Azure's service by its class", async () => {
    const library = await load(name);
    await server.start(stream);
    const options = { apiKey: "none", endpoint: server.baseURL, apiVersion: "2024-10-21", deployment: "d1" };
    const client = wrapOpenAI(new library.AzureOpenAI(options));
    await readAll(await client.chat.completions.create(STREAMED));
    const [span] = await monitored.spans(1);
    expect(span?.attributes).toMatchObject({
      [ATTR.genAiProviderName]: "azure.ai.openai",
      [ATTR.llmOutcome]: "ok",
      [ATTR.llmAttempts]: 1,
    });
  });
});

interface VitestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

const node24 = LATER_NODE ? undefined : ensureNode24();

/** The client needs a later Node than the SDK does, so this very file runs again there. */
it.skipIf(node24 === undefined)("wrapOpenAI with the client openai7 passes the same tests on Node 24", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "clients", "tests/clients/openai.test.ts"];
  const { stdout } = spawnSync(node24 ?? "", [...vitest, "-t", "openai7", "--reporter=json"], { cwd: root });
  const report: VitestReport = JSON.parse(stdout.toString("utf8"));
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(tests.filter(({ status }) => status === "failed").map(({ title }) => title)).toEqual([]);
  expect(tests.filter(({ status }) => status === "passed").length).toBeGreaterThan(15);
});
