import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startExactServer, type ExactServer } from "../../packages/cli/src/exact-server/server.ts";

/** A schedule short enough for a test; the clients send fields they do not know. */
const EXACT = { ttftMs: 10, roleMs: 5, gapMs: 2, tokens: 6, finishMs: 2 };
const WITH_EXACT: object = { exact: EXACT };
const TEXT = "every token of this answer has ";

let server: ExactServer;

beforeAll(async () => {
  server = await startExactServer();
});

afterAll(() => server.close());

const openai = (): OpenAI => new OpenAI({ apiKey: "none", baseURL: server.baseUrl, maxRetries: 0 });

/** Asks once as a stream and once as a whole; both must say the same. */
interface Answers {
  streamed(): Promise<string>;
  whole(): Promise<string>;
}

const CLIENTS: Readonly<Record<string, () => Answers>> = {
  "openai responses": () => {
    const body = { model: "exact", input: "hi", ...WITH_EXACT };
    return {
      async streamed() {
        let text = "";
        for await (const event of await openai().responses.create({ ...body, stream: true })) {
          if (event.type === "response.output_text.delta") text += event.delta;
        }
        return text;
      },
      whole: async () => (await openai().responses.create(body)).output_text,
    };
  },
  anthropic: () => {
    const client = new Anthropic({ apiKey: "none", baseURL: server.origin, maxRetries: 0 });
    const body = {
      model: "exact",
      max_tokens: 100,
      messages: [{ role: "user" as const, content: "hi" }],
      ...WITH_EXACT,
    };
    const textOf = ({ content }: Anthropic.Message): string =>
      content.map((block) => (block.type === "text" ? block.text : "")).join("");
    return {
      streamed: async () => textOf(await client.messages.stream(body).finalMessage()),
      whole: async () => textOf(await client.messages.create(body)),
    };
  },
  genai: () => {
    const { models } = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: server.origin } });
    const body = { model: "exact", contents: "hi", config: { httpOptions: { extraBody: { exact: EXACT } } } };
    return {
      async streamed() {
        let text = "";
        for await (const chunk of await models.generateContentStream(body)) text += chunk.text ?? "";
        return text;
      },
      whole: async () => (await models.generateContent(body)).text ?? "",
    };
  },
  "ollama chat": () => {
    const client = new Ollama({ host: server.origin });
    const body = { model: "exact", messages: [{ role: "user", content: "hi" }], ...WITH_EXACT };
    return {
      async streamed() {
        let text = "";
        for await (const part of await client.chat({ ...body, stream: true })) text += part.message.content;
        return text;
      },
      whole: async () => (await client.chat({ ...body, stream: false })).message.content,
    };
  },
  "ollama generate": () => {
    const client = new Ollama({ host: server.origin });
    const body = { model: "exact", prompt: "hi", ...WITH_EXACT };
    return {
      async streamed() {
        let text = "";
        for await (const part of await client.generate({ ...body, stream: true })) text += part.response ?? "";
        return text;
      },
      whole: async () => (await client.generate({ ...body, stream: false })).response ?? "",
    };
  },
};

describe("the exact-schedule server answers", () => {
  it.each(Object.entries(CLIENTS))("%s, streamed and as a whole", async (_, ask) => {
    const answers = ask();
    expect(await answers.streamed()).toBe(TEXT);
    expect(await answers.whole()).toBe(TEXT);
  });

  it("embedding requests of OpenAI's client, which asks for base64, and of Ollama's", async () => {
    const openaiAnswer = await openai().embeddings.create({ model: "exact", input: ["a", "b"], ...WITH_EXACT });
    expect(openaiAnswer.data.map(({ embedding }) => embedding.length)).toEqual([4, 4]);
    const client = new Ollama({ host: server.origin });
    const ollamaAnswer = await client.embed({ model: "exact", input: ["a", "b"], ...WITH_EXACT });
    expect(ollamaAnswer.embeddings).toEqual(openaiAnswer.data.map(({ embedding }) => [...embedding]));
  });

  it("errors in the words that each client understands", async () => {
    const failing: object = { exact: { status: 429, ttftMs: 1 } };
    const message = { role: "user" as const, content: "hi" };
    await expect(openai().responses.create({ model: "exact", input: "hi", ...failing })).rejects.toMatchObject({
      status: 429,
      code: "rate_limit_exceeded",
    });
    const anthropic = new Anthropic({ apiKey: "none", baseURL: server.origin, maxRetries: 0 });
    await expect(
      anthropic.messages.create({ model: "exact", max_tokens: 9, messages: [message], ...failing }),
    ).rejects.toMatchObject({ status: 429, error: { error: { type: "rate_limit_error" } } });
    const client = new Ollama({ host: server.origin });
    await expect(client.chat({ model: "exact", messages: [message], ...failing })).rejects.toMatchObject({
      status_code: 429,
      error: expect.stringContaining("429"),
    });
  });
});
