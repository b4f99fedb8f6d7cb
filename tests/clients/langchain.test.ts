import { FakeStreamingChatModel } from "@langchain/core/utils/testing";
import { AIMessageChunk } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { configure, monitorLlmCall } from "@nexent/monitor";
import { ATTR } from "@nexent/monitor-core";
import { monitorCallbacks } from "@nexent/monitor/langchain";
import { describe, expect, it } from "vitest";
import { chatChunk, HELLO } from "../../packages/monitor/src/testing/follow.testing.ts";
import {
  type Handler,
  jsonAnswer,
  sse,
  writeSchedule,
} from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { helloSchedule, providerEachTest } from "../../packages/monitor/src/testing/provider.testing.ts";
import { monitorEachTest, outcomes, until } from "./monitored.testing.ts";

const [, HEL, LO] = HELLO.map((chunk) => sse(chunk));
const USAGE = {
  choices: [],
  usage: {
    prompt_tokens: 7,
    completion_tokens: 2,
    total_tokens: 9,
    prompt_tokens_details: { cached_tokens: 3 },
    completion_tokens_details: { reasoning_tokens: 0 },
  },
};
const STREAM = helloSchedule(USAGE);
const stream: Handler = (response) => writeSchedule(response, STREAM);
const ANSWER = {
  id: "r1",
  model: "gpt-4o-real",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 9, total_tokens: 12 },
};

const server = providerEachTest();

const handler = monitorCallbacks();

async function modelOf(reply: Handler, more: object = {}): Promise<ChatOpenAI> {
  await server.start(reply);
  const configuration = { baseURL: server.baseURL };
  const settings = { model: "gpt-4o", apiKey: "none", maxRetries: 0, temperature: 0.5, maxTokens: 64 };
  return new ChatOpenAI({ ...settings, configuration, callbacks: [handler], ...more });
}

const monitored = monitorEachTest();

describe("monitorCallbacks", () => {
  it("measures a streamed run, first token after the role chunk", async () => {
    const model = await modelOf(stream);
    let text = "";
    for await (const chunk of await model.stream("hi")) text += chunk.text;
    expect(text).toBe("Hello");
    const [span] = await monitored.spans(1);
    expect(span).toMatchObject({
      name: "chat gpt-4o",
      attributes: {
        [ATTR.llmOutcome]: "ok",
        [ATTR.llmStream]: true,
        [ATTR.llmInputTokens]: 7,
        [ATTR.llmOutputTokens]: 2,
        [ATTR.llmTokenSource]: "usage",
        [ATTR.genAiUsageCacheReadInputTokens]: 3,
        [ATTR.genAiResponseFinishReasons]: ["stop"],
        [ATTR.genAiProviderName]: "openai",
        [ATTR.genAiRequestTemperature]: 0.5,
        [ATTR.genAiRequestMaxTokens]: 64,
      },
    });
    const firstChunk = Number(span?.attributes[ATTR.llmTimeToFirstChunkSeconds]);
    expect(Number(span?.attributes[ATTR.llmTimeToFirstTokenSeconds])).toBeGreaterThan(firstChunk);
  });

  it("reads whole answers, and keeps runs apart that are open at once", async () => {
    const model = await modelOf(jsonAnswer(ANSWER));
    const answers = await model.batch(["a", "b", "c"]);
    expect(answers.map(({ text }) => text)).toEqual(["hello", "hello", "hello"]);
    const spans = await monitored.spans(3);
    for (const { attributes } of spans) {
      expect(attributes).toMatchObject({
        [ATTR.llmOutcome]: "ok",
        [ATTR.llmStream]: false,
        [ATTR.llmInputTokens]: 3,
        [ATTR.llmOutputTokens]: 9,
        [ATTR.genAiResponseModel]: "gpt-4o-real",
      });
    }
  });

  it("counts tool arguments and reasoning as they come", async () => {
    const call = (more: object): string => sse(chatChunk({ tool_calls: [{ index: 0, ...more }] }));
    const tools = await modelOf((response) =>
      writeSchedule(response, [
        [0, sse(chatChunk({ role: "assistant", content: null }))],
        [10, call({ id: "c1", type: "function", function: { name: "look", arguments: "" } })],
        [20, call({ function: { arguments: '{"a":1}' } })],
        [40, sse(chatChunk({}, { finish_reason: "tool_calls" })) + sse(USAGE) + sse("[DONE]")],
      ]),
    );
    for await (const _ of await tools.stream("hi"));
    const thinking = new FakeStreamingChatModel({
      callbacks: [handler],
      chunks: [
        new AIMessageChunk({ content: "", additional_kwargs: { reasoning_content: "let me see" } }),
        new AIMessageChunk({ content: [{ type: "text", text: "done" }] }),
      ],
    });
    for await (const _ of await thinking.stream("hi"));
    const [tool, thought] = await monitored.spans(2);
    expect(tool?.attributes).toMatchObject({
      [ATTR.llmOutcome]: "ok",
      [ATTR.genAiResponseFinishReasons]: ["tool_calls"],
    });
    expect(tool?.attributes).toHaveProperty(ATTR.llmTimeToFirstToolCallSeconds);
    expect(tool?.attributes).not.toHaveProperty(ATTR.llmTimeToFirstAnswerTokenSeconds);
    expect(thought?.attributes).toMatchObject({ [ATTR.llmReasoningVisibility]: "streamed" });
  });

  it("fails as the run fails, and knows who stopped it", async () => {
    const half: Handler = (response) =>
      writeSchedule(response, [
        [0, HEL ?? ""],
        [600, LO ?? ""],
      ]);
    const replies: Handler[] = [
      jsonAnswer({ error: { message: "later", type: "rate_limit" } }, 429),
      () => undefined,
      half,
      async (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(HEL);
        await new Promise((resolve) => setTimeout(resolve, 20));
        response.destroy();
      },
      (response) => writeSchedule(response, [[0, (HEL ?? "") + sse("[DONE]")]]),
    ];
    const model = await modelOf((response, request) => replies.shift()?.(response, request));
    const read = async (signal?: AbortController): Promise<void> => {
      for await (const _ of await model.stream("hi", signal && { signal: signal.signal })) signal?.abort();
    };
    await expect(model.invoke("hi")).rejects.toThrow();
    await expect(model.invoke("hi", { signal: AbortSignal.timeout(30) })).rejects.toThrow();
    await expect(read(new AbortController())).rejects.toThrow();
    await expect(read()).rejects.toThrow();
    await read();
    const spans = await monitored.spans(5);
    expect(spans.map(({ attributes }) => attributes[ATTR.errorType] ?? attributes[ATTR.llmOutcome])).toEqual([
      "rate_limited",
      "timeout",
      "cancelled",
      "stream_interrupted",
      "stream_interrupted",
    ]);
  });

  it("records once inside a decorated function", async () => {
    const model = await modelOf(jsonAnswer(ANSWER));
    await monitorLlmCall("outer")(() => model.invoke("hi"))();
    await monitored.spans(2);
    expect(outcomes(monitored.samples("llm_requests_total"))).toEqual(["ok stream=false x1"]);
  });

  it("changes nothing while monitoring is off", async () => {
    configure({ enabled: false });
    const model = await modelOf(jsonAnswer(ANSWER));
    expect((await model.invoke("hi")).text).toBe("hello");
    configure({ enabled: true });
    expect((await model.invoke("hi")).text).toBe("hello");
    await monitored.spans(1);
    await until(() => outcomes(monitored.samples("llm_requests_total")).join() === "ok stream=false x1");
  });
});
