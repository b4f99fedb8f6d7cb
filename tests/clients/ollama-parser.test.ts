import { ollama } from "@nexent/monitor-core";
import { Ollama, type ChatResponse, type GenerateResponse } from "ollama";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  clockOfBytes,
  clockOfChunks,
  collect,
  readBoth,
  recorded,
  startPlayingServer,
  type PlayedAnswer,
  type PlayingServer,
} from "./played-answers.testing.ts";

const encoder = new TextEncoder();
const CHAT = { model: "llama3.2", messages: [{ role: "user", content: "hi" }] };

let server: PlayingServer;
let client: Ollama;

function ndjson(file: string, pieceBytes: number): PlayedAnswer {
  return { contentType: "application/x-ndjson", body: recorded(file), pieceBytes };
}

function json(value: unknown, status = 200): PlayedAnswer {
  const body = encoder.encode(JSON.stringify(value));
  return { contentType: "application/json; charset=utf-8", body, pieceBytes: 64, status };
}

async function chat(answer: PlayedAnswer): ReturnType<typeof collect<ChatResponse>> {
  server.answer = answer;
  return collect(await client.chat({ ...CHAT, stream: true }));
}

async function generate(answer: PlayedAnswer): ReturnType<typeof collect<GenerateResponse>> {
  server.answer = answer;
  return collect(await client.generate({ model: "codellama:code", prompt: "def f(a):", stream: true }));
}

beforeEach(async () => {
  server = await startPlayingServer(json({}));
  client = new Ollama({ host: server.origin });
});

afterEach(() => server.close());

describe("chunks of the real ollama client", () => {
  it.each([
    ["ollama-chat.ndjson", 7],
    ["ollama-chat.ndjson", 1_000_000],
    ["ollama-thinking.ndjson", 97],
  ])("say what the bytes of %s say, in pieces of %i bytes", async (file, pieceBytes) => {
    const answer = ndjson(file, pieceBytes);
    const { chunks, error } = await chat(answer);
    expect(error).toBeUndefined();
    const fromChunks = clockOfChunks(ollama, chunks);
    expect(fromChunks).toEqual(clockOfBytes(ollama, answer));
    expect(fromChunks.timings.chunkCount).toBe(chunks.length);
  });

  it("of a completion say what its bytes say", async () => {
    const answer = ndjson("ollama-generate.ndjson", 41);
    const { chunks } = await generate(answer);
    const { timings } = clockOfChunks(ollama, chunks);
    expect(timings).toEqual(clockOfBytes(ollama, answer).timings);
    expect(timings.outputBytes).toBe(encoder.encode(chunks.map((chunk) => chunk.response).join("")).length);
    expect(timings.finishReasons).toEqual(["done"]);
  });

  it("agree with what the client reports of text, thinking, calls, counts and durations", async () => {
    const { chunks } = await chat(ndjson("ollama-thinking.ndjson", 97));
    const { timings, serverTimings } = clockOfChunks(ollama, chunks);
    const first = (tells: (chunk: ChatResponse) => boolean): number => 500_000 + chunks.findIndex(tells) * 20_000;
    expect(timings).toMatchObject({
      firstTokenMicros: first(({ message }) => (message.thinking ?? "") !== ""),
      firstAnswerTokenMicros: first(({ message }) => message.content !== ""),
      firstToolCallMicros: first(({ message }) => message.tool_calls !== undefined),
      finishReasons: [chunks.at(-1)?.done_reason],
      usage: { inputTokens: chunks.at(-1)?.prompt_eval_count, outputTokens: chunks.at(-1)?.eval_count },
      responseModel: chunks.at(-1)?.model,
      reasoningVisibility: "streamed",
    });
    expect(serverTimings?.decodeSeconds).toBe((chunks.at(-1)?.eval_duration ?? 0) / 1e9);
    expect(serverTimings?.loadSeconds).toBe(0);
  });

  it("end with the error the bytes tell", async () => {
    const answer = ndjson("ollama-error.ndjson", 97);
    const { chunks, error } = await chat(answer);
    expect(error).toMatchObject({ message: expect.stringContaining("unexpected EOF") as string });
    const { timings, fault } = clockOfBytes(ollama, answer);
    expect(fault).toEqual({ errorType: "stream_error" });
    expect(clockOfChunks(ollama, chunks).timings.outputBytes).toBe(timings.outputBytes);
  });
});

describe("requests of the real ollama client", () => {
  it("are known by their path, and tell their parameters", async () => {
    await chat(ndjson("ollama-chat.ndjson", 97));
    await generate(ndjson("ollama-generate.ndjson", 97));
    server.answer = json({ model: "llama3.2", message: { role: "assistant", content: "ok" }, done: true });
    await client.chat({ ...CHAT, think: "low", options: { temperature: 0.5, num_predict: 20, stop: ["END"] } });
    server.answer = json({ model: "all-minilm", embeddings: [[0.1]] });
    await client.embed({ model: "all-minilm", input: "hi" });
    await client.embeddings({ model: "all-minilm", prompt: "hi" });
    const streamed = { format: "ollama", framing: "ndjson" };
    const embeds = { format: "ollama", operation: "embeddings", streaming: false };
    expect(server.asked.map(({ route }) => route)).toEqual([
      { ...streamed, operation: "chat", pattern: "/api/chat" },
      { ...streamed, operation: "text_completion", pattern: "/api/generate" },
      { ...streamed, operation: "chat", pattern: "/api/chat" },
      { ...embeds, pattern: "/api/embed" },
      { ...embeds, pattern: "/api/embeddings" },
    ]);
    const readings = server.asked.map(({ body }) => ollama.readRequest(body));
    // The old embeddings request looks like a completion: its route says that it does not stream.
    expect(readings.map(({ stream }) => stream)).toEqual([true, true, false, false, true]);
    expect(readings[2]?.parameters).toEqual({
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.max_tokens": 20,
      "gen_ai.request.stop_sequences": ["END"],
      "gen_ai.request.reasoning.level": "low",
    });
  });
});

describe("whole answers of the real ollama client", () => {
  it("say what their bytes say", async () => {
    server.answer = json({
      model: "llama3.2",
      created_at: "2026-11-20T10:00:00.1Z",
      message: { role: "assistant", content: "Grüße" },
      done: true,
      done_reason: "length",
      total_duration: 2e9,
      load_duration: 1e8,
      prompt_eval_count: 4,
      prompt_eval_duration: 1e8,
      eval_count: 6,
      eval_duration: 3e8,
    });
    const answer = await client.chat(CHAT);
    const [fromBytes, fromClient] = readBoth(ollama, server.answer.body, answer);
    expect(fromClient).toEqual(fromBytes);
    expect(fromBytes).toMatchObject({
      responseModel: answer.model,
      finishReasons: [answer.done_reason],
      usage: { inputTokens: answer.prompt_eval_count, outputTokens: answer.eval_count },
      outputBytes: encoder.encode(answer.message.content).length,
      serverTimings: { totalSeconds: 2, decodeRateTokensPerSecond: 20 },
    });
  });

  it("of embeddings say what their bytes say", async () => {
    server.answer = json({ model: "all-minilm", embeddings: [[0.1, 0.2]], total_duration: 14e6, prompt_eval_count: 8 });
    const answer = await client.embed({ model: "all-minilm", input: "hi" });
    const [fromBytes, fromClient] = readBoth(ollama, server.answer.body, answer);
    expect(fromClient).toEqual(fromBytes);
    expect(fromBytes).toMatchObject({ usage: { inputTokens: answer.prompt_eval_count }, outputBytes: 0 });
  });
});
