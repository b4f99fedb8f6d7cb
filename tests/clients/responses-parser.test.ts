import { openaiResponses, type TokenTimings } from "@nexent/monitor-core";
import OpenAI from "openai";
import OpenAI4 from "openai4";
import OpenAI5 from "openai5";
import OpenAI7 from "openai7";
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
const REQUEST = { model: "gpt-5.1", input: "hi", max_output_tokens: 100 };

interface Chunk {
  readonly type?: string;
}

/** What this test uses of every generation of the client. */
interface ResponsesClient {
  readonly responses: {
    create(body: typeof REQUEST & { readonly stream: true }): PromiseLike<AsyncIterable<Chunk>>;
    create(body: typeof REQUEST): PromiseLike<object>;
    stream(body: typeof REQUEST): { finalResponse(): Promise<FinalResponse> };
  };
}

/** What the client itself reports of an answer. */
interface FinalResponse {
  readonly id: string;
  readonly model: string;
  readonly status?: string;
  readonly output_text: string;
  readonly usage?: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly input_tokens_details: { readonly cached_tokens: number };
    readonly output_tokens_details: { readonly reasoning_tokens: number };
  };
}

type Options = { readonly apiKey: string; readonly baseURL: string; readonly maxRetries: number };

const CLIENTS: readonly (readonly [name: string, create: (options: Options) => ResponsesClient])[] = [
  ["openai 4", (options) => new OpenAI4(options)],
  ["openai 5", (options) => new OpenAI5(options)],
  ["openai 6", (options) => new OpenAI(options)],
  ["openai 7", (options) => new OpenAI7(options)],
];

const FILES = [
  "responses-text.sse",
  "responses-summary.sse",
  "responses-hidden.sse",
  "responses-vllm.sse",
  "responses-tools.sse",
  "responses-kinds.sse",
  "responses-incomplete.sse",
  "responses-interrupted.sse",
  "responses-failed.sse",
];

let server: PlayingServer;

function sse(file: string, pieceBytes: number): PlayedAnswer {
  return { contentType: "text/event-stream; charset=utf-8", body: recorded(file), pieceBytes };
}

function json(value: unknown, status = 200): PlayedAnswer {
  return { contentType: "application/json", body: encoder.encode(JSON.stringify(value)), pieceBytes: 64, status };
}

function timingsOf(file: string): TokenTimings {
  return clockOfBytes(openaiResponses, sse(file, 97)).timings;
}

beforeEach(async () => {
  server = await startPlayingServer(json({}));
});

afterEach(() => server.close());

describe.each(CLIENTS)("events of the real %s client", (_name, create) => {
  const client = (): ResponsesClient => create({ apiKey: "none", baseURL: server.origin, maxRetries: 0 });

  async function streamed(answer: PlayedAnswer): ReturnType<typeof collect<Chunk>> {
    server.answer = answer;
    return collect(await client().responses.create({ ...REQUEST, stream: true }));
  }

  it.each(FILES.flatMap((file) => [97, 1_000_000].map((bytes) => ({ file, bytes }))))(
    "say what the bytes of $file say, in pieces of $bytes bytes",
    async ({ file, bytes }) => {
      const answer = sse(file, bytes);
      const { chunks, error } = await streamed(answer);
      expect(error).toBeUndefined();
      // A heartbeat is an event for the client, and none for us; openai 4 wraps events whose name it does not know.
      const counted = chunks.filter(({ type }) => type !== undefined && type !== "keepalive");
      expect(clockOfChunks(openaiResponses, counted)).toEqual(clockOfBytes(openaiResponses, answer));
    },
  );

  it("are cut by an error event, as it is sent", async () => {
    const answer = sse("responses-error.sse", 97);
    const { error } = await streamed(answer);
    const { fault } = clockOfBytes(openaiResponses, answer);
    expect(fault?.code).toBe("rate_limit_exceeded");
    expect(error).toMatchObject({ code: fault?.code });
  });

  it("say what is wrong in an error event, as it is documented, or are cut by it", async () => {
    const answer = sse("responses-error-flat.sse", 97);
    const { chunks, error } = await streamed(answer);
    const { fault } = clockOfBytes(openaiResponses, answer);
    expect(fault?.code).toBe("server_error");
    if (error === undefined) expect(clockOfChunks(openaiResponses, chunks).fault).toEqual(fault);
    else expect(error).toMatchObject({ message: "Something went wrong" });
  });

  it("is told the parameters of its request, and reads a whole answer as its bytes are", async () => {
    const { chunks } = await streamed(sse("responses-tools.sse", 97));
    const completed = chunks.at(-1) as unknown as { readonly response: object };
    expect(openaiResponses.readRequest(server.asked[0]?.body)).toEqual({
      model: "gpt-5.1",
      stream: true,
      parameters: { "gen_ai.request.max_tokens": 100 },
    });
    server.answer = json(completed.response);
    const answered = await client().responses.create(REQUEST);
    const [bytes, parsed] = readBoth(openaiResponses, server.answer.body, answered);
    expect(parsed).toEqual(bytes);
    // Whole or streamed, the model wrote the same.
    expect(parsed).toMatchObject({
      finishReasons: ["completed"],
      outputBytes: timingsOf("responses-tools.sse").outputBytes,
      usage: timingsOf("responses-tools.sse").usage,
    });
  });
});

// Older helpers throw at a keepalive event, this one too at those of vLLM that OpenAI does not have.
describe("the response that the real openai 7 client puts together", () => {
  it.each(["responses-text.sse", "responses-summary.sse", "responses-hidden.sse"])(
    "from %s has the usage, the model and the text that we counted",
    async (file) => {
      server.answer = sse(file, 97);
      const client = new OpenAI7({
        apiKey: "none",
        baseURL: server.origin,
        maxRetries: 0,
      });
      const final = await client.responses.stream(REQUEST).finalResponse();
      const timings = timingsOf(file);
      expect(timings).toMatchObject({
        responseId: final.id,
        responseModel: final.model,
        finishReasons: [final.status],
        outputTokens: final.usage?.output_tokens,
      });
      expect(timings.usage).toMatchObject({
        inputTokens: final.usage?.input_tokens,
        cacheReadTokens: final.usage?.input_tokens_details.cached_tokens,
        reasoningTokens: final.usage?.output_tokens_details.reasoning_tokens,
      });
      const reasoning = file === "responses-summary.sse" ? Buffer.byteLength("**Adding** two numbers") : 0;
      expect(timings.outputBytes - reasoning).toBe(Buffer.byteLength(final.output_text));
    },
  );
});
