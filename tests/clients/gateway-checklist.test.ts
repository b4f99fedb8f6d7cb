/**
 * Rows 16, 27 and 28 of the gateway's checklist through the real process: each provider's own client reads the
 * exact-schedule server as it does directly, and the gateway tells the truth about the schedule.
 */
import Anthropic from "@anthropic-ai/sdk";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { GoogleGenAI } from "@google/genai";
import { streamText, type LanguageModel } from "ai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startExactServer, type ExactServer } from "../../packages/cli/src/exact-server/server.ts";
import { startFaultUpstream } from "../../packages/gateway/src/testing/fault-upstream.testing.ts";
import { fetchRaw } from "../../packages/gateway/src/testing/raw-client.testing.ts";
import { MEASURING, POLICIES } from "../harness/gateway/fixture.ts";
import { fourFormats, startGatewayProcess, sumOf, type GatewayProcess } from "../harness/gateway/process.ts";

Reflect.set(globalThis, "AI_SDK_LOG_WARNINGS", false);

/** Where each family of clients finds its provider. */
interface Bases {
  readonly openai: string;
  readonly anthropic: string;
  readonly gemini: string;
  readonly ollama: string;
}

const HI = [{ role: "user" as const, content: "hi" }];
const KEY = { apiKey: "sk-own" };

/** Text of everything a stream gives. */
async function joined<T>(stream: AsyncIterable<T>, textOf: (part: T) => string | undefined): Promise<string> {
  let text = "";
  for await (const part of stream) text += textOf(part) ?? "";
  return text;
}

/** Text of an AI SDK stream; its error, if there is one, is thrown. */
async function textOfModel(model: LanguageModel): Promise<string> {
  let failure: unknown;
  const result = streamText({
    model,
    prompt: "hi",
    maxRetries: 0,
    onError: ({ error }) => {
      failure = error;
    },
  });
  const text = await joined(result.textStream, (part) => part);
  if (failure !== undefined) throw failure;
  return text;
}

/** How each client reads one streamed text; `model` tells the records of the clients apart. */
const READERS: Readonly<Record<string, (bases: Bases, model: string) => Promise<string>>> = {
  "G27 openai responses": async ({ openai }, model) => {
    const client = new OpenAI({ ...KEY, baseURL: openai, maxRetries: 0 });
    const stream = await client.responses.create({ model, input: "hi", stream: true });
    return joined(stream, (event) => (event.type === "response.output_text.delta" ? event.delta : undefined));
  },
  "G27 anthropic": async ({ anthropic }, model) => {
    const client = new Anthropic({ ...KEY, baseURL: anthropic, maxRetries: 0 });
    const message = await client.messages.stream({ model, max_tokens: 99, messages: HI }).finalMessage();
    expect(message.usage.output_tokens).toBe(20);
    return message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
  },
  "G27 genai": async ({ gemini }, model) => {
    const client = new GoogleGenAI({ ...KEY, httpOptions: { baseUrl: gemini } });
    return joined(await client.models.generateContentStream({ model, contents: "hi" }), (chunk) => chunk.text);
  },
  "G27 ollama": async ({ ollama }, model) => {
    const stream = await new Ollama({ host: ollama }).chat({ model, messages: HI, stream: true });
    return joined(stream, (part) => part.message.content);
  },
  "G28 ai openai-compatible": ({ openai }, model) => textOfModel(createOpenAI({ ...KEY, baseURL: openai }).chat(model)),
  "G28 ai anthropic": ({ anthropic }, model) =>
    textOfModel(createAnthropic({ ...KEY, baseURL: `${anthropic}/v1` })(model)),
};

const directly = (origin: string): Bases => ({
  openai: `${origin}/v1`,
  anthropic: origin,
  gemini: origin,
  ollama: origin,
});

const through = (origin: string): Bases => ({
  openai: `${origin}/v1`,
  anthropic: `${origin}/anthropic`,
  gemini: `${origin}/gemini`,
  ollama: `${origin}/ollama`,
});

describe.each(POLICIES)("under %s", (usage) => {
  let exact: ExactServer;
  let gateway: GatewayProcess;
  const env = { ...MEASURING, LLM_MONITOR_INJECT_USAGE: String(usage === "inject") };

  beforeAll(async () => {
    exact = await startExactServer();
    gateway = await startGatewayProcess({ yaml: fourFormats(exact.origin), env });
  });
  afterAll(async () => {
    await gateway?.stop();
    await exact?.close();
  });

  it.each(Object.entries(READERS))("%s reads its stream, which is timed and counted", async (name, read) => {
    const model = `exact-${name.slice(4).replaceAll(" ", "-")}`;
    const [seen, expected] = [await read(through(gateway.origin), model), await read(directly(exact.origin), model)];
    expect(seen).toBe(expected);
    expect(seen.length).toBeGreaterThan(20);
    const text = await gateway.metrics();
    const label = `model="${model}"`;
    expect(sumOf(text, "llm_requests_total", label, 'stream="true"', 'outcome="ok"')).toBe(1);
    expect(sumOf(text, "llm_total_tokens_total", label, 'type="output"', 'estimated="false"')).toBe(20);
    const ttft = sumOf(text, "llm_time_to_first_token_seconds_sum", label);
    expect(ttft).toBeGreaterThan(0.48);
    expect(ttft).toBeLessThan(0.8);
  });

  it("G27 a Gemini stream as one JSON array keeps its chunks, and is timed and counted", async () => {
    const path = "/v1beta/models/exact-array:streamGenerateContent";
    const body = JSON.stringify({ contents: [{ role: "user", parts: [{ text: "hi" }] }] });
    const relayed = await fetchRaw(`${gateway.origin}/gemini${path}`, { body });
    const direct = await fetchRaw(exact.origin + path, { body });
    expect(withoutIds(relayed.body)).toEqual(withoutIds(direct.body));
    expect(relayed.readsAtMs.length).toBeGreaterThan(10);
    const text = await gateway.metrics();
    expect(sumOf(text, "llm_requests_total", 'model="exact-array"', 'stream="true"', 'outcome="ok"')).toBe(1);
    expect(sumOf(text, "llm_total_tokens_total", 'model="exact-array"', 'type="output"', 'estimated="false"')).toBe(20);
  });

  it("G16 Anthropic's client throws an overloaded_error that comes inside the stream", async () => {
    const upstream = await startFaultUpstream();
    const failing = await startGatewayProcess({ yaml: fourFormats(upstream.origin), env });
    try {
      upstream.play((_request, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
        response.end(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
      });
      const client = new Anthropic({ ...KEY, baseURL: `${failing.origin}/anthropic`, maxRetries: 0 });
      const asked = client.messages.stream({ model: "m", max_tokens: 9, messages: HI }).finalMessage();
      await expect(asked).rejects.toThrow(/overloaded_error/);
      expect(sumOf(await failing.metrics(), "llm_error_count_total", 'error_type="overloaded"')).toBe(1);
    } finally {
      await failing.stop();
      await upstream.close();
    }
  });
});

/** Chunks of a JSON array without what differs between two answers of one server. */
function withoutIds(body: Buffer): unknown {
  return JSON.parse(body.toString("utf8"), (key, value: unknown) =>
    /^(responseId|createTime)$/.test(key) ? undefined : value,
  );
}
