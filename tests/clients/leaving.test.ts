/** Clients whose streams are left: what the application and the provider see is the same with and without the SDK. */
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { wrapAnthropic } from "@nexent/monitor/anthropic";
import { wrapGoogleGenAI } from "@nexent/monitor/genai";
import { wrapOllama } from "@nexent/monitor/ollama";
import { wrapOpenAI } from "@nexent/monitor/openai";
import * as fc from "fast-check";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chatChunk } from "../../packages/monitor/src/testing/follow.testing.ts";
import { type OpenAiServer, sse, startOpenAiServer } from "../../packages/monitor/src/testing/openai-server.testing.ts";
import { monitorEachTest } from "./monitored.testing.ts";

const EVERY_MS = 4;
/** A request that is still open so long after its reader left is not ended by that. */
const SETTLED_MS = 60;

/** A client and how it asks for a stream that does not end. */
interface Subject {
  readonly path: string;
  readonly piece: string;
  ask(origin: string, wrapped: boolean, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
}

const MESSAGES = [{ role: "user" as const, content: "hi" }];

const SUBJECTS: Readonly<Record<string, Subject>> = {
  openai: {
    path: "/v1/chat/completions",
    piece: sse(chatChunk({ content: "a" })),
    ask(origin, wrapped, signal) {
      const client = new OpenAI({ apiKey: "none", baseURL: `${origin}/v1`, maxRetries: 0 });
      const { completions } = (wrapped ? wrapOpenAI(client) : client).chat;
      return completions.create({ model: "m", messages: MESSAGES, stream: true }, { signal });
    },
  },
  anthropic: {
    path: "/v1/messages",
    piece: `event: content_block_delta\n${sse({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "a" } })}`,
    ask(origin, wrapped, signal) {
      const client = new Anthropic({ apiKey: "none", baseURL: origin, maxRetries: 0, logLevel: "off" });
      const { messages } = wrapped ? wrapAnthropic(client) : client;
      return messages.create({ model: "m", max_tokens: 9, messages: MESSAGES, stream: true }, { signal });
    },
  },
  genai: {
    path: "/v1beta/models/m:streamGenerateContent?alt=sse",
    piece: sse({ candidates: [{ index: 0, content: { role: "model", parts: [{ text: "a" }] } }] }),
    ask(origin, wrapped, abortSignal) {
      const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: origin } });
      const { models } = wrapped ? wrapGoogleGenAI(client) : client;
      return models.generateContentStream({ model: "m", contents: "hi", config: { abortSignal } });
    },
  },
  ollama: {
    path: "/api/chat",
    piece: `${JSON.stringify({ model: "m", message: { role: "assistant", content: "a" }, done: false })}\n`,
    ask(origin, wrapped, signal) {
      const client = new Ollama({ host: origin });
      // It takes no signal, but has an abort of its own.
      signal.addEventListener("abort", () => client.abort());
      return (wrapped ? wrapOllama(client) : client).chat({ model: "m", messages: MESSAGES, stream: true });
    },
  },
};

type Leave = "break" | "return" | "throw" | "abort" | "abort while waiting";

const ways = fc.record({
  leave: fc.constantFrom<Leave>("break", "return", "throw", "abort", "abort while waiting"),
  after: fc.nat({ max: 5 }),
});

let server: OpenAiServer;
beforeAll(async () => {
  server = await startOpenAiServer((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const timer = setInterval(() => response.write(piece), EVERY_MS);
    response.on("close", () => clearInterval(timer));
  });
});
afterAll(() => server.close());

let piece = "";
const monitored = monitorEachTest();

/** Leaves a stream and tells what was seen from both ends. */
async function leave(subject: Subject, wrapped: boolean, way: { leave: Leave; after: number }): Promise<string[]> {
  const seen: string[] = [];
  const controller = new AbortController();
  const boom = new RangeError("of the host");
  piece = subject.piece;
  const at = server.requests.length;
  const stop = (): void => controller.abort(new Error("enough"));
  try {
    const stream = await subject.ask(server.baseURL.replace("/v1", ""), wrapped, controller.signal);
    const iterator = stream[Symbol.asyncIterator]();
    for (let count = 0; count < way.after; count += 1) seen.push(`element ${(await iterator.next()).done}`);
    if (way.leave === "break") for await (const _ of { [Symbol.asyncIterator]: () => iterator }) break;
    else if (way.leave === "return") seen.push(`return ${(await iterator.return?.("early"))?.done}`);
    else if (way.leave === "throw") seen.push(`throw ${(await iterator.throw?.(boom))?.done}`);
    else {
      if (way.leave === "abort") stop();
      const next = iterator.next();
      if (way.leave === "abort while waiting") stop();
      // What had come before is handed on; how much that is, is a matter of time.
      for (let step = await next; step.done !== true; step = await iterator.next());
      seen.push("ended");
    }
    seen.push(`after ${(await iterator.next()).done}`);
  } catch (error) {
    seen.push(error instanceof Error ? `${error.name} ${error.message} ${error === boom}` : "no error");
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  seen.push(server.requests[at]?.closed ? "request ended" : "request goes on");
  stop();
  return seen;
}

describe.each(Object.entries(SUBJECTS))("a stream of %s that is left", (_name, subject) => {
  it("shows its reader and its provider the same with and without us, and is one request", async () => {
    let [played, started] = [0, 0];
    await fc.assert(
      fc.asyncProperty(ways, async (way) => {
        expect(await leave(subject, true, way)).toEqual(await leave(subject, false, way));
        played += 1;
        // A generator that is left before its first step never starts: the answer inside stays unread until it is collected.
        if (way.after > 0 || (way.leave !== "return" && way.leave !== "throw")) started += 1;
      }),
      { numRuns: 25 },
    );
    const counts = monitored.samples("llm_requests_total").map((line) => Number(line.split(" ").at(-1)));
    const told = counts.reduce((sum, count) => sum + count, 0);
    expect([told >= started, told <= played]).toEqual([true, true]);
  });
});
