import { ApiError, GoogleGenAI, ThinkingLevel, type GenerateContentResponse } from "@google/genai";
import { gemini } from "@nexent/monitor-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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
const REQUEST = { model: "gemini-2.5-flash", contents: "hi" };

let server: PlayingServer;
let client: GoogleGenAI;

function sse(body: Uint8Array, pieceBytes = body.length): PlayedAnswer {
  return { contentType: "text/event-stream", body, pieceBytes };
}

function json(value: unknown, status = 200): PlayedAnswer {
  const body = encoder.encode(JSON.stringify(value));
  return { contentType: "application/json; charset=UTF-8", body, pieceBytes: 64, status };
}

/** Frames of a recorded array as the client asks for them. */
function asEvents(file: string): Uint8Array {
  const elements = JSON.parse(new TextDecoder().decode(recorded(file))) as readonly unknown[];
  return encoder.encode(elements.map((element) => `data: ${JSON.stringify(element)}\r\n\r\n`).join(""));
}

async function stream(answer: PlayedAnswer): ReturnType<typeof collect<GenerateContentResponse>> {
  server.answer = answer;
  return collect(await client.models.generateContentStream(REQUEST));
}

beforeEach(async () => {
  server = await startPlayingServer(json({}));
  client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: server.origin } });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

describe("chunks of the real @google/genai client", () => {
  it.each([
    ["gemini.sse", 7],
    ["gemini.sse", 1_000_000],
    ["gemini-thinking.sse", 97],
    ["gemini-tools.sse", 97],
    ["gemini-vertex.sse", 97],
    ["gemini-blocked.sse", 97],
  ])("say what the bytes of %s say, in pieces of %i bytes", async (file, pieceBytes) => {
    const answer = sse(recorded(file), pieceBytes);
    const { chunks, error } = await stream(answer);
    expect(error).toBeUndefined();
    const fromChunks = clockOfChunks(gemini, chunks);
    expect(fromChunks).toEqual(clockOfBytes(gemini, answer));
    expect(fromChunks.timings.finishReasons).toHaveLength(1);
    expect(fromChunks.timings.chunkCount).toBe(chunks.length);
  });

  it("agree with what the client reports of text, finish reason and usage", async () => {
    const { chunks } = await stream(sse(recorded("gemini.sse")));
    const { timings } = clockOfChunks(gemini, chunks);
    const text = chunks.map((chunk) => chunk.text ?? "").join("");
    const last = chunks.at(-1);
    expect(timings.outputBytes).toBe(encoder.encode(text).length);
    expect(timings.finishReasons).toEqual([last?.candidates?.[0]?.finishReason]);
    expect(timings.responseModel).toBe(last?.modelVersion);
    expect(timings.usage).toMatchObject({
      inputTokens: last?.usageMetadata?.promptTokenCount,
      outputTokens: last?.usageMetadata?.candidatesTokenCount,
      cacheReadTokens: last?.usageMetadata?.cachedContentTokenCount,
    });
  });

  it("agree with what the client reports of thoughts and calls", async () => {
    const thinking = (await stream(sse(recorded("gemini-thinking.sse")))).chunks;
    const { timings } = clockOfChunks(gemini, thinking);
    const usage = thinking.at(-1)?.usageMetadata;
    expect(timings.usage?.outputTokens).toBe((usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0));
    expect(timings.reasoningVisibility).toBe("summary");
    // The client leaves thoughts out of its text: the first chunk with a text is the first answer token.
    const firstAnswer = thinking.findIndex((chunk) => (chunk.text ?? "") !== "");
    expect(timings.firstAnswerTokenMicros).toBe(500_000 + firstAnswer * 20_000);

    const tools = (await stream(sse(recorded("gemini-tools.sse")))).chunks;
    const firstCall = tools.findIndex((chunk) => chunk.functionCalls !== undefined);
    expect(clockOfChunks(gemini, tools).timings.firstToolCallMicros).toBe(500_000 + firstCall * 20_000);
  });

  it("of several candidates and an image are read without a warning of the client's getters", async () => {
    const answer = sse(asEvents("gemini.json-array"), 97);
    const { chunks } = await stream(answer);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const fromChunks = clockOfChunks(gemini, chunks);
    expect(warn).not.toHaveBeenCalled();
    expect(fromChunks).toEqual(clockOfBytes(gemini, answer));
    const array = { ...answer, body: recorded("gemini.json-array") };
    expect(fromChunks).toEqual(clockOfBytes(gemini, array));
    expect(fromChunks.timings.choiceCount).toBe(2);
  });

  it("behind which an error stands end as the bytes tell", async () => {
    const answer = sse(asEvents("gemini-error.json-array"), 97);
    const { chunks, error } = await stream(answer);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 429 });
    const { timings, fault } = clockOfBytes(gemini, answer);
    expect(fault?.errorType).toBe("rate_limited");
    expect(clockOfChunks(gemini, chunks).timings.outputBytes).toBe(timings.outputBytes);
  });

  it("behind which an error stands without data: end in an error too, and the bytes tell which", async () => {
    const answer = sse(recorded("gemini-error.sse"), 97);
    const { chunks, error } = await stream(answer);
    // The client knows such an error only when it is a network read of its own; else it misses the end of an event.
    expect(error).toBeInstanceOf(Error);
    expect(clockOfBytes(gemini, answer).fault).toEqual({ errorType: "overloaded", code: "UNAVAILABLE" });
    expect(clockOfChunks(gemini, chunks).timings.outputBytes).toBe(14);
  });
});

describe("requests of the real @google/genai client", () => {
  it("are known by their path, and tell their parameters", async () => {
    await stream(sse(recorded("gemini.sse")));
    server.answer = json({ candidates: [{ content: { parts: [{ text: "ok" }] }, finishReason: "STOP" }] });
    await client.models.generateContent({
      ...REQUEST,
      config: {
        temperature: 0.5,
        maxOutputTokens: 100,
        stopSequences: ["END"],
        candidateCount: 2,
        thinkingConfig: { thinkingLevel: ThinkingLevel.LOW },
      },
    });
    server.answer = json({ embeddings: [{ values: [0.1] }] });
    await client.models.embedContent({ model: "gemini-embedding-001", contents: "hi" });
    const route = { format: "gemini", operation: "generate_content", model: "gemini-2.5-flash" };
    expect(server.asked.map((request) => request.route)).toEqual([
      { ...route, pattern: "/models/{model}:streamGenerateContent", streaming: true, framing: "sse" },
      { ...route, pattern: "/models/{model}:generateContent", streaming: false },
      {
        format: "gemini",
        operation: "embeddings",
        model: "gemini-embedding-001",
        pattern: "/models/{model}:batchEmbedContents",
        streaming: false,
      },
    ]);
    expect(gemini.readRequest(server.asked[1]?.body)).toEqual({
      stream: false,
      choiceCount: 2,
      parameters: {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.reasoning.level": "LOW",
        "gen_ai.request.choice.count": 2,
      },
    });
  });

  it("to Vertex AI are known by their path", async () => {
    const vertex = new GoogleGenAI({ vertexai: true, apiKey: "none", httpOptions: { baseUrl: server.origin } });
    server.answer = sse(recorded("gemini-vertex.sse"));
    const { chunks } = await collect(await vertex.models.generateContentStream(REQUEST));
    expect(server.asked[0]?.route).toEqual({
      format: "gemini",
      operation: "generate_content",
      model: "gemini-2.5-flash",
      pattern: "/models/{model}:streamGenerateContent",
      streaming: true,
      framing: "sse",
    });
    expect(clockOfChunks(gemini, chunks)).toEqual(clockOfBytes(gemini, server.answer));
  });
});

describe("whole answers of the real @google/genai client", () => {
  it("say what their bytes say", async () => {
    server.answer = json({
      candidates: [{ content: { parts: [{ text: "Grüße" }], role: "model" }, finishReason: "MAX_TOKENS", index: 0 }],
      usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 2, totalTokenCount: 16, thoughtsTokenCount: 10 },
      modelVersion: "gemini-2.5-flash",
      responseId: "r1",
    });
    const answer = await client.models.generateContent(REQUEST);
    const [fromBytes, fromClient] = readBoth(gemini, server.answer.body, answer);
    expect(fromClient).toEqual(fromBytes);
    expect(fromBytes).toEqual({
      responseModel: answer.modelVersion,
      responseId: answer.responseId,
      finishReasons: [answer.candidates?.[0]?.finishReason],
      usage: { inputTokens: 4, outputTokens: 12, reasoningTokens: 10 },
      outputBytes: encoder.encode(answer.text).length,
      choiceCount: 1,
    });
  });

  it("that are errors map to the type of their status", async () => {
    server.answer = json({ error: { code: 404, message: "no such model", status: "NOT_FOUND" } }, 404);
    const error: unknown = await client.models.generateContent(REQUEST).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 404 });
    const body = JSON.parse(new TextDecoder().decode(server.answer.body)) as unknown;
    expect(gemini.readResponse(body)?.fault).toEqual({ errorType: "not_found", code: "NOT_FOUND" });
  });
});
