/** The real client libraries through the gateway: they see what they see without it, and every call has its one record. */
import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { GoogleGenAI } from "@google/genai";
import { streamText, type LanguageModel } from "ai";
import { Ollama } from "ollama";
import OpenAI, { AzureOpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { until } from "../../packages/gateway/src/testing/raw-client.testing.ts";
import { collect, recorded } from "./played-answers.testing.ts";
import { monitoredGatewayEachTest } from "../../packages/gateway/src/testing/monitored-gateway.testing.ts";

const NDJSON = "application/x-ndjson";
const SSE = "text/event-stream";
const HI = [{ role: "user" as const, content: "hi" }];
const TOOLS = { model: "m", max_tokens: 9, messages: HI };

Reflect.set(globalThis, "AI_SDK_LOG_WARNINGS", false);

const gateway = monitoredGatewayEachTest({ prefix: "/up", upstream: { usage: "observe" } });

/** The same client on the way through the gateway and without it. */
const through = (): string => `${gateway.origin}/up`;
const direct = (): string => gateway.upstream.origin;

const openai = (base: string): OpenAI => new OpenAI({ apiKey: "sk-own", baseURL: `${base}/v1`, maxRetries: 0 });
const azure = (base: string): AzureOpenAI =>
  new AzureOpenAI({ endpoint: base, apiKey: "sk-own", apiVersion: "2024-10-21", deployment: "my-gpt", maxRetries: 0 });
const anthropic = (base: string): Anthropic => new Anthropic({ apiKey: "sk-own", baseURL: base, maxRetries: 0 });
const genai = (base: string): GoogleGenAI => new GoogleGenAI({ apiKey: "sk-own", httpOptions: { baseUrl: base } });
const ollama = (base: string): Ollama => new Ollama({ host: base });

/** Parts of a stream of the AI SDK, without the times and ids it makes up itself. */
async function* partsOf(model: LanguageModel, signal?: AbortSignal): AsyncGenerator {
  const asked = { model, prompt: "hi", maxRetries: 0, onError: () => undefined };
  const result = streamText({ ...asked, ...(signal !== undefined && { abortSignal: signal }) });
  for await (const part of result.fullStream) if (/^(text|reasoning|tool)-/.test(part.type)) yield part;
}

/** How a client asks for a stream. */
type Ask = (base: string, signal?: AbortSignal) => Promise<AsyncIterable<unknown>>;

const ASKS: Readonly<Record<string, Ask>> = {
  chat: async (base, signal) =>
    openai(base).chat.completions.create({ model: "m", messages: HI, stream: true }, { ...(signal && { signal }) }),
  completions: async (base, signal) =>
    openai(base).completions.create({ model: "m", prompt: "hi", stream: true }, { ...(signal && { signal }) }),
  responses: async (base, signal) =>
    openai(base).responses.create({ model: "m", input: "hi", stream: true }, { ...(signal && { signal }) }),
  azure: async (base, signal) =>
    azure(base).chat.completions.create({ model: "", messages: HI, stream: true }, { ...(signal && { signal }) }),
  anthropic: async (base, signal) =>
    anthropic(base).messages.create({ ...TOOLS, stream: true }, { ...(signal && { signal }) }),
  genai: async (base, signal) =>
    genai(base).models.generateContentStream({
      model: "m",
      contents: "hi",
      ...(signal && { config: { abortSignal: signal } }),
    }),
  ollama: async (base, signal) => {
    const client = ollama(base);
    signal?.addEventListener("abort", () => client.abort());
    return client.chat({ model: "m", messages: HI, stream: true });
  },
  "ollama generate": async (base, signal) => {
    const client = ollama(base);
    signal?.addEventListener("abort", () => client.abort());
    return client.generate({ model: "m", prompt: "hi", stream: true });
  },
  "ai chat": async (base, signal) =>
    partsOf(createOpenAI({ apiKey: "sk-own", baseURL: `${base}/v1` }).chat("m"), signal),
  "ai responses": async (base, signal) =>
    partsOf(createOpenAI({ apiKey: "sk-own", baseURL: `${base}/v1` }).responses("m"), signal),
  "ai anthropic": async (base, signal) =>
    partsOf(createAnthropic({ apiKey: "sk-own", baseURL: `${base}/v1` })("m"), signal),
};

function askWith(name: string): Ask {
  const ask = ASKS[name];
  if (ask === undefined) throw new Error(`no client ${name}`);
  return ask;
}

/** The headers of a connection are those of its server. */
function withoutHeaders(key: string, value: unknown): unknown {
  return key === "sdkHttpResponse" ? undefined : value;
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error);
}

/** What a client saw, with errors as their text: their stacks and requests differ. */
async function seenBy(ask: Ask, base: string): Promise<unknown> {
  try {
    const { chunks, error } = await collect(await ask(base));
    return {
      chunks: JSON.parse(JSON.stringify(chunks, withoutHeaders)),
      error: messageOf(error),
    };
  } catch (error) {
    return messageOf(error);
  }
}

function playFixture(file: string): void {
  const bytes = recorded(file);
  gateway.upstream.play((_request, response) => {
    response.writeHead(200, { "content-type": file.endsWith(".ndjson") ? NDJSON : SSE });
    let at = 0;
    const next = (): void => {
      response.write(bytes.subarray(at, at + 37));
      at += 37;
      if (at < bytes.length) setImmediate(next);
      else response.end();
    };
    next();
  });
}

const CALLS: readonly (readonly [client: string, file: string, outcome: string, name: string])[] = [
  ["chat", "openai-chat.sse", "ok", "chat m"],
  ["chat", "openai-tools.sse", "ok", "chat m"],
  ["chat", "deepseek.sse", "ok", "chat m"],
  ["chat", "vllm-error.sse", "error", "chat m"],
  ["completions", "completions.sse", "ok", "text_completion m"],
  ["azure", "openai-chat.sse", "ok", "chat my-gpt"],
  ["responses", "responses-text.sse", "ok", "chat m"],
  ["responses", "responses-tools.sse", "ok", "chat m"],
  ["responses", "responses-error.sse", "error", "chat m"],
  ["responses", "responses-failed.sse", "error", "chat m"],
  ["anthropic", "anthropic-text.sse", "ok", "chat m"],
  ["anthropic", "anthropic-tools.sse", "ok", "chat m"],
  ["anthropic", "anthropic-thinking.sse", "ok", "chat m"],
  ["anthropic", "anthropic-error.sse", "error", "chat m"],
  ["genai", "gemini.sse", "ok", "generate_content m"],
  ["genai", "gemini-thinking.sse", "ok", "generate_content m"],
  ["genai", "gemini-error.sse", "error", "generate_content m"],
  ["ollama", "ollama-chat.ndjson", "ok", "chat m"],
  ["ollama", "ollama-thinking.ndjson", "ok", "chat m"],
  ["ollama", "ollama-error.ndjson", "error", "chat m"],
  ["ollama generate", "ollama-generate.ndjson", "ok", "text_completion m"],
  ["ai chat", "openai-chat.sse", "ok", "chat m"],
  ["ai responses", "responses-text.sse", "ok", "chat m"],
  ["ai anthropic", "anthropic-text.sse", "ok", "chat m"],
  ["ai anthropic", "anthropic-thinking.sse", "ok", "chat m"],
];

describe("27, 28: a stream", () => {
  it.each(CALLS)("%s reads %s as it does without the gateway", async (client, file, outcome, name) => {
    playFixture(file);
    const ask = askWith(client);
    const seen = await seenBy(ask, through());
    expect(seen).toEqual(await seenBy(ask, direct()));
    const [first, second] = gateway.upstream.requests;
    expect(first?.url).toBe(second?.url);
    expect(first?.body.equals(second?.body ?? Buffer.alloc(0))).toBe(true);
    await until(() => gateway.monitoring.calls().length > 0);
    expect(gateway.monitoring.calls().map((call) => [call.name, call.attributes["llm.outcome"]])).toEqual([
      [name, outcome],
    ]);
    if (outcome === "ok") {
      expect(gateway.monitoring.calls()[0]?.attributes["llm.time_to_first_token_seconds"]).toBeGreaterThan(0);
    }
  });
});

/** Answers that never end, by client. */
const OPENINGS: readonly (readonly [client: string, file: string])[] = [
  ["chat", "openai-chat.sse"],
  ["azure", "openai-chat.sse"],
  ["responses", "responses-text.sse"],
  ["anthropic", "anthropic-text.sse"],
  ["genai", "gemini.sse"],
  ["ollama", "ollama-chat.ndjson"],
  ["ai anthropic", "anthropic-text.sse"],
];

describe("9: an abort in mid-stream", () => {
  it.each(OPENINGS)("by %s reaches the upstream and is cancelled", async (client, file) => {
    const bytes = recorded(file);
    const half = bytes.subarray(0, bytes.length / 2);
    gateway.upstream.play((_request, response) => {
      response.writeHead(200, { "content-type": file.endsWith(".ndjson") ? NDJSON : SSE });
      response.write(half);
    });
    const controller = new AbortController();
    const reading = (async () => collect(await askWith(client)(through(), controller.signal)))();
    await until(() => gateway.upstream.requests.length === 1 && gateway.monitoring.spans.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const leftAtMs = performance.now();
    controller.abort();
    await reading.catch(() => undefined);
    await until(() => gateway.upstream.requests[0]?.lostAtMs() !== undefined);
    expect((gateway.upstream.requests[0]?.lostAtMs() ?? 0) - leftAtMs).toBeLessThan(100);
    await until(() => gateway.monitoring.calls().length === 1);
    expect(gateway.monitoring.calls()[0]?.attributes).toMatchObject({
      "llm.outcome": "cancelled",
      "http.response.status_code": 200,
    });
  });
});

describe("20: an unreachable upstream", () => {
  const message = 'the upstream "openai" could not be reached or closed the connection';
  const failures: readonly (readonly [client: string, error: object])[] = [
    ["chat", { status: 502, code: "gateway_upstream_unreachable" }],
    ["azure", { status: 502, code: "gateway_upstream_unreachable" }],
    ["responses", { status: 502, code: "gateway_upstream_unreachable" }],
    ["anthropic", { status: 502, error: { type: "error", error: { type: "api_error", message } } }],
    ["genai", { status: 502 }],
    ["ollama", { status_code: 502, error: message }],
  ];
  it.each(failures)("is an error that %s can read", async (client, expected) => {
    gateway.upstream.play((_request, response) => response.socket?.destroy());
    const { error } = await (async () => collect(await askWith(client)(through())))().catch((reason: unknown) => ({
      error: reason,
    }));
    expect(error).toMatchObject(expected);
    expect(messageOf(error)?.replaceAll("\\", "")).toContain(message);
    await until(() => gateway.monitoring.calls().length === 1);
    expect(gateway.monitoring.calls()[0]?.attributes).toMatchObject({
      "llm.outcome": "error",
      "error.type": "connection",
    });
  });
});

describe("26: what is no stream", () => {
  function answerWith(body: object): void {
    gateway.upstream.play((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(body));
    });
  }

  it("embeddings of three clients are recorded with their input", async () => {
    answerWith({ object: "list", data: [{ index: 0, embedding: [0.5] }], model: "e", usage: { prompt_tokens: 4 } });
    const made = await openai(through()).embeddings.create({ model: "e", input: "x", encoding_format: "float" });
    expect(made.data[0]?.embedding).toEqual([0.5]);
    answerWith({ embeddings: [{ values: [0.5] }] });
    const google = await genai(through()).models.embedContent({ model: "e", contents: "x" });
    expect(google.embeddings?.[0]?.values).toEqual([0.5]);
    answerWith({ model: "e", embeddings: [[0.5]], prompt_eval_count: 4 });
    expect((await ollama(through()).embed({ model: "e", input: "x" })).embeddings).toEqual([[0.5]]);
    await until(() => gateway.monitoring.calls().length === 3);
    const calls = gateway.monitoring
      .calls()
      .map(({ name, attributes }) => [name, attributes["gen_ai.usage.input_tokens"]]);
    expect(calls).toEqual([
      ["embeddings e", 4],
      ["embeddings e", undefined],
      ["embeddings e", 4],
    ]);
  });

  it("lists of models and counts of tokens pass and are no calls", async () => {
    answerWith({ object: "list", data: [{ id: "m", object: "model" }], has_more: false });
    expect((await openai(through()).models.list()).data[0]?.id).toBe("m");
    answerWith({ input_tokens: 7 });
    expect(await anthropic(through()).messages.countTokens({ model: "m", messages: HI })).toMatchObject({
      input_tokens: 7,
    });
    answerWith({ totalTokens: 7 });
    expect((await genai(through()).models.countTokens({ model: "m", contents: "hi" })).totalTokens).toBe(7);
    answerWith({ models: [] });
    expect((await ollama(through()).list()).models).toEqual([]);
    await until(() => gateway.monitoring.spans.filter((span) => span.ended).length === 4);
    expect(gateway.monitoring.calls()).toHaveLength(0);
    expect(new Set(gateway.monitoring.spans.map((span) => span.name))).toEqual(new Set(["GET /up/*", "POST /up/*"]));
  });

  it("keys travel where their client put them", async () => {
    answerWith({});
    const sent = async (client: string, base: string): Promise<readonly string[]> => {
      await (async () => collect(await askWith(client)(base)))().catch(() => undefined);
      const raw = gateway.upstream.requests.at(-1)?.rawHeaders ?? [];
      return raw.flatMap((value, i) => (value.endsWith("sk-own") ? [`${raw[i - 1]}: ${value}`] : []));
    };
    for (const client of ["chat", "azure", "anthropic", "genai", "ai anthropic"]) {
      const keys = await sent(client, through());
      expect(keys, client).toHaveLength(1);
      expect(keys).toEqual(await sent(client, direct()));
    }
  });
});
