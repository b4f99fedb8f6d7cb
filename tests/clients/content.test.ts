/** Prompts and answers under the capture variable, through every client; without it there is none anywhere. */
import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { ChatOpenAI } from "@langchain/openai";
import { monitorMiddleware } from "@nexent/monitor/ai";
import { wrapAnthropic } from "@nexent/monitor/anthropic";
import { monitoredFetch } from "@nexent/monitor/fetch";
import { wrapGoogleGenAI } from "@nexent/monitor/genai";
import { monitorCallbacks } from "@nexent/monitor/langchain";
import { wrapOllama } from "@nexent/monitor/ollama";
import { wrapOpenAI } from "@nexent/monitor/openai";
import { generateText, streamText, wrapLanguageModel } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startExactServer, type ExactServer } from "../../packages/cli/src/exact-server/server.ts";
import { readAll } from "../../packages/monitor/src/testing/follow.testing.ts";
import { monitorEachTest } from "./monitored.testing.ts";

const VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
const QUESTION = "why, my key sk-proj-abcdefgh123456?";
const MESSAGES = [{ role: "user" as const, content: QUESTION }];
const [INPUT, OUTPUT] = ["gen_ai.input.messages", "gen_ai.output.messages"];

let exact: ExactServer;
beforeAll(async () => {
  exact = await startExactServer();
});
afterAll(() => exact.close());

/** Asks through a client, streamed or whole. */
type Ask = (stream: boolean) => Promise<unknown>;

const CLIENTS: Readonly<Record<string, Ask>> = {
  async openai(stream) {
    const client = wrapOpenAI(new OpenAI({ apiKey: "none", baseURL: exact.baseUrl }));
    if (!stream) return client.chat.completions.create({ model: "exact", messages: MESSAGES });
    return readAll(await client.chat.completions.create({ model: "exact", messages: MESSAGES, stream }));
  },
  async responses(stream) {
    const client = wrapOpenAI(new OpenAI({ apiKey: "none", baseURL: exact.baseUrl }));
    if (!stream) return client.responses.create({ model: "exact", input: QUESTION });
    return readAll(await client.responses.create({ model: "exact", input: QUESTION, stream }));
  },
  async anthropic(stream) {
    const client = wrapAnthropic(new Anthropic({ apiKey: "none", baseURL: exact.origin }));
    const asked = { model: "exact", max_tokens: 99, messages: MESSAGES };
    return stream ? readAll(await client.messages.create({ ...asked, stream })) : client.messages.create(asked);
  },
  async genai(stream) {
    const { models } = wrapGoogleGenAI(new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: exact.origin } }));
    const asked = { model: "exact", contents: QUESTION };
    return stream ? readAll(await models.generateContentStream(asked)) : models.generateContent(asked);
  },
  async ollama(stream) {
    const client = wrapOllama(new Ollama({ host: exact.origin }));
    return stream
      ? readAll(await client.chat({ model: "exact", messages: MESSAGES, stream }))
      : client.chat({ model: "exact", messages: MESSAGES });
  },
  async ai(stream) {
    const model = wrapLanguageModel({
      model: createOpenAI({ apiKey: "none", baseURL: exact.baseUrl }).chat("exact"),
      middleware: monitorMiddleware(),
    });
    return stream
      ? readAll(streamText({ model, prompt: QUESTION }).fullStream)
      : generateText({ model, prompt: QUESTION });
  },
  async langchain(stream) {
    const settings = { model: "exact", apiKey: "none", configuration: { baseURL: exact.baseUrl } };
    const model = new ChatOpenAI({ ...settings, callbacks: [monitorCallbacks()] });
    return stream ? readAll(await model.stream(QUESTION)) : model.invoke(QUESTION);
  },
  async fetch(stream) {
    const body = JSON.stringify({ model: "exact", messages: MESSAGES, stream });
    return (await monitoredFetch()(`${exact.baseUrl}/chat/completions`, { method: "POST", body })).text();
  },
};

interface Message {
  readonly role: string;
  readonly parts: readonly { readonly type: string; readonly content?: string }[];
}

function messagesOf(attribute: unknown): readonly Message[] {
  return JSON.parse(String(attribute)) as Message[];
}

describe.each(Object.entries(CLIENTS))("the content of a call of %s", (_name, ask) => {
  describe("with the variable", () => {
    beforeAll(() => void (process.env[VARIABLE] = "SPAN_ONLY"));
    afterAll(() => void delete process.env[VARIABLE]);
    const monitored = monitorEachTest();

    it.each([true, false])("is on its span, without the secret in it (stream: %s)", async (stream) => {
      await ask(stream);
      const [span] = await monitored.spans(1);
      const [asked, ...more] = messagesOf(span?.attributes[INPUT ?? ""]);
      expect([asked?.role, asked?.parts, more]).toEqual([
        "user",
        [{ type: "text", content: "why, my key [key]?" }],
        [],
      ]);
      const [answered] = messagesOf(span?.attributes[OUTPUT ?? ""]);
      expect([answered?.role, answered?.parts.length]).toEqual(["assistant", 1]);
      expect(answered?.parts[0]).toMatchObject({ type: "text", content: expect.stringMatching(/\w+ \w+/) });
    });
  });

  describe("without it", () => {
    const monitored = monitorEachTest();

    it("is nowhere", async () => {
      await Promise.all([ask(true), ask(false)]);
      const spans = await monitored.spans(2);
      expect(JSON.stringify(spans)).not.toMatch(/why, my key|gen_ai\.(input|output)\.messages/);
    });
  });
});
