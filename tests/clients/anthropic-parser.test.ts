import Anthropic, { APIError } from "@anthropic-ai/sdk";
import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages/messages";
import { anthropicMessages } from "@nexent/monitor-core";
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
const REQUEST = { model: "claude-opus-5-5", max_tokens: 100, messages: [{ role: "user" as const, content: "hi" }] };

let server: PlayingServer;
let client: Anthropic;

function sse(file: string, pieceBytes: number): PlayedAnswer {
  return { contentType: "text/event-stream; charset=utf-8", body: recorded(file), pieceBytes };
}

function json(value: unknown, status = 200): PlayedAnswer {
  return { contentType: "application/json", body: encoder.encode(JSON.stringify(value)), pieceBytes: 64, status };
}

async function streamed(answer: PlayedAnswer): ReturnType<typeof collect<RawMessageStreamEvent>> {
  server.answer = answer;
  return collect(await client.messages.create({ ...REQUEST, stream: true }));
}

/** UTF-8 bytes of what the model wrote, by the message that the client has put together. */
function bytesOf({ content }: Message): number {
  const written = content.map((block) => {
    if (block.type === "text") return block.text;
    if (block.type === "thinking") return block.thinking;
    return block.type === "tool_use" ? block.name + JSON.stringify(block.input) : "";
  });
  return Buffer.byteLength(written.join(""));
}

beforeEach(async () => {
  server = await startPlayingServer(json({}));
  client = new Anthropic({ apiKey: "none", baseURL: server.origin, maxRetries: 0 });
});

afterEach(() => server.close());

const WHOLE = [
  "anthropic-text.sse",
  "anthropic-tools.sse",
  "anthropic-thinking.sse",
  "anthropic-omitted.sse",
  "anthropic-redacted.sse",
  "anthropic-search.sse",
];

describe("events of the real @anthropic-ai/sdk client", () => {
  it.each(
    [...WHOLE, "anthropic-interrupted.sse"].flatMap((file) => [7, 97, 1_000_000].map((bytes) => ({ file, bytes }))),
  )("say what the bytes of $file say, in pieces of $bytes bytes", async ({ file, bytes }) => {
    const answer = sse(file, bytes);
    const { chunks, error } = await streamed(answer);
    expect(error).toBeUndefined();
    // The marker is an event for the client, and no chunk for the clock.
    const counted = chunks.filter(({ type }) => type !== "message_stop");
    expect(clockOfChunks(anthropicMessages, counted)).toEqual(clockOfBytes(anthropicMessages, answer));
  });

  it.each(WHOLE)("of %s add up to the usage, the stop reason and the model of the client's message", async (file) => {
    server.answer = sse(file, 97);
    const message = await client.messages.stream(REQUEST).finalMessage();
    const { timings } = clockOfBytes(anthropicMessages, sse(file, 97));
    const { usage } = message;
    expect(timings).toMatchObject({
      outputTokens: usage.output_tokens,
      tokenSource: "usage",
      finishReasons: [message.stop_reason],
      responseModel: message.model,
      responseId: message.id,
    });
    expect(timings.usage?.inputTokens).toBe(
      usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    );
    expect(timings.usage?.cacheReadTokens).toBe(usage.cache_read_input_tokens ?? undefined);
  });

  it.each(["anthropic-text.sse", "anthropic-thinking.sse", "anthropic-redacted.sse"])(
    "of %s hold the bytes of the client's message",
    async (file) => {
      server.answer = sse(file, 97);
      const message = await client.messages.stream(REQUEST).finalMessage();
      expect(clockOfBytes(anthropicMessages, sse(file, 97)).timings.outputBytes).toBe(bytesOf(message));
    },
  );

  it("are followed by its error where we see one", async () => {
    const answer = sse("anthropic-error.sse", 97);
    const { chunks, error } = await streamed(answer);
    const { timings, fault } = clockOfBytes(anthropicMessages, answer);
    if (!(error instanceof APIError)) expect.unreachable();
    expect(fault).toEqual({ errorType: "overloaded", code: error.type });
    expect(clockOfChunks(anthropicMessages, chunks).timings.outputTokens).toBe(timings.outputTokens);
  });

  it("of vLLM's thinking say what its bytes say, up to the marker the client ignores", async () => {
    const answer = sse("anthropic-vllm.sse", 97);
    const { chunks, error } = await streamed(answer);
    expect(error).toBeUndefined();
    const counted = chunks.filter(({ type }) => type !== "message_stop");
    expect(clockOfChunks(anthropicMessages, counted)).toEqual(clockOfBytes(anthropicMessages, answer));
  });
});

describe("a whole message of the real client", () => {
  it("is read as its bytes are", async () => {
    server.answer = sse("anthropic-tools.sse", 97);
    const message = await client.messages.stream(REQUEST).finalMessage();
    server.answer = json(message);
    const answered = await client.messages.create(REQUEST);
    const [bytes, parsed] = readBoth(anthropicMessages, server.answer.body, answered);
    expect(parsed).toEqual(bytes);
    expect(parsed).toMatchObject({ finishReasons: ["tool_use"], outputBytes: bytesOf(message), choiceCount: 1 });
    expect(parsed?.usage).toEqual({ inputTokens: 472, outputTokens: 89 });
  });

  it("may be an error of the type the client names", async () => {
    const body = { type: "error", error: { type: "not_found_error", message: "model: x" }, request_id: "req_1" };
    server.answer = json(body, 404);
    const error: unknown = await client.messages.create(REQUEST).catch((thrown: unknown) => thrown);
    if (!(error instanceof APIError)) expect.unreachable();
    expect(anthropicMessages.readResponse(body)?.fault).toEqual({ errorType: "not_found", code: error.type });
    expect(anthropicMessages.readResponse(error.error)?.fault).toEqual({ errorType: "not_found", code: error.type });
  });
});

describe("a request of the real client", () => {
  it("is read as it was asked", async () => {
    await streamed(sse("anthropic-text.sse", 97));
    expect(anthropicMessages.readRequest(server.asked[0]?.body)).toEqual({
      model: "claude-opus-5-5",
      stream: true,
      parameters: { "gen_ai.request.max_tokens": 100 },
    });
  });
});
