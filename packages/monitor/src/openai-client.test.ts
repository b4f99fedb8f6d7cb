import { ATTR } from "@nexent/monitor-core";
import OpenAI, { APIUserAbortError, BadRequestError } from "openai";
import { describe, expect, it } from "vitest";
import { chatChunk, collectUntil, createFollowedCall, HELLO } from "./testing/follow.testing.ts";
import { type Handler, sse, writeSchedule } from "./testing/openai-server.testing.ts";
import { helloSchedule, providerEachTest } from "./testing/provider.testing.ts";

const server = providerEachTest();

const USAGE = { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } };
const STREAM = helloSchedule(USAGE);
const ANSWER = {
  id: "r1",
  object: "chat.completion",
  model: "gpt-4o-real",
  choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 9 },
};
const REQUEST = { model: "gpt-4o", messages: [{ role: "user" as const, content: "hi" }] };

async function clientOf(handler: Handler): Promise<OpenAI> {
  await server.start(handler);
  return new OpenAI({ apiKey: "none", baseURL: server.baseURL, maxRetries: 0 });
}

const streaming = (): Promise<OpenAI> => clientOf((response) => writeSchedule(response, STREAM));
const answering = (body: object = ANSWER, status = 200): Promise<OpenAI> =>
  clientOf(
    (response) => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
  );

async function readAll(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const value of stream) seen.push(value);
  return seen;
}

describe("the real openai client, streaming", () => {
  it("gets its own promise and its own stream back, and TTFT is the first counted delta, not the role chunk", async () => {
    const client = await streaming();
    const call = createFollowedCall();
    const promise = client.chat.completions.create({ ...REQUEST, stream: true });
    expect(call.follow(promise)).toBe(promise);
    const stream = await promise;
    expect(stream.constructor.name).toBe("Stream");
    expect(await readAll(stream)).toHaveLength(5);
    expect(call.outcome).toBe("ok");
    const timings = call.recording.end({ outcome: "ok" });
    const [firstByte, firstChunk, firstToken] = [
      timings.firstByteMicros,
      timings.firstChunkMicros,
      timings.firstTokenMicros,
    ];
    expect(firstByte).toBeLessThanOrEqual(firstChunk ?? 0);
    // The role chunk is sent 40 ms before the first token.
    expect((firstToken ?? 0) - (firstChunk ?? 0)).toBeGreaterThan(30_000);
    expect(timings).toMatchObject({ outputTokens: 2, tokenSource: "usage", finishReasons: ["stop"], chunkCount: 5 });
    expect(call.backend.spans[0]?.attributes).toMatchObject({
      [ATTR.llmClockSource]: "iterator",
      [ATTR.llmInputTokens]: 7,
    });
  });

  it("sends the same bytes with and without us", async () => {
    const client = await streaming();
    await readAll(await client.chat.completions.create({ ...REQUEST, stream: true }));
    await readAll(await createFollowedCall().follow(client.chat.completions.create({ ...REQUEST, stream: true })));
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
  });

  it("keeps withResponse, tee, controller and toReadableStream", async () => {
    const client = await streaming();
    const first = createFollowedCall();
    const { data, response } = await first
      .follow(client.chat.completions.create({ ...REQUEST, stream: true }))
      .withResponse();
    expect(response.status).toBe(200);
    expect(first.outcome).toBe("open");
    const [left, right] = data.tee();
    expect((await readAll(left)).length + (await readAll(right)).length).toBe(10);
    expect(first.outcome).toBe("ok");
    expect(first.recording.end({ outcome: "ok" }).countedChunkCount).toBe(2);

    const second = createFollowedCall();
    const stream = await second.follow(client.chat.completions.create({ ...REQUEST, stream: true }));
    expect(stream.controller.signal.aborted).toBe(false);
    const lines = (await new Response(stream.toReadableStream()).text()).trim().split("\n");
    expect(lines).toHaveLength(5);
    expect(second.outcome).toBe("ok");
  });

  it("is cancelled by a break, and the upstream sees it", async () => {
    const client = await streaming();
    const call = createFollowedCall();
    for await (const _ of await call.follow(client.chat.completions.create({ ...REQUEST, stream: true }))) break;
    expect(call.outcome).toBe("cancelled");
    await collectUntil(() => server.requests.at(0)?.closed === true);
  });

  it("is cancelled by controller.abort(), which ends the stream quietly, and by a signal before the answer", async () => {
    const client = await streaming();
    const quiet = createFollowedCall();
    const stream = await quiet.follow(client.chat.completions.create({ ...REQUEST, stream: true }));
    let chunks = 0;
    for await (const _ of stream) if ((chunks += 1) === 1) stream.controller.abort();
    expect(quiet.outcome).toBe("cancelled");

    const early = createFollowedCall();
    const abort = new AbortController();
    const promise = early.follow(
      client.chat.completions.create({ ...REQUEST, stream: true }, { signal: abort.signal }),
    );
    abort.abort();
    await expect(promise).rejects.toBeInstanceOf(APIUserAbortError);
    expect(early.outcome).toBe("cancelled");
  });

  it("is interrupted when the server dies in the middle, ends without a finish reason, or says nothing at all", async () => {
    const dying = await clientOf(async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(sse(HELLO[1] ?? {}));
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.destroy();
    });
    const died = createFollowedCall();
    await expect(
      readAll(await died.follow(dying.chat.completions.create({ ...REQUEST, stream: true }))),
    ).rejects.toThrow();
    expect(died.outcome).toBe("error/stream_interrupted");
    await server.close();

    const unfinished = await clientOf((response) =>
      writeSchedule(response, [[0, sse(HELLO[1] ?? {}) + sse("[DONE]")]]),
    );
    const cut = createFollowedCall();
    await readAll(await cut.follow(unfinished.chat.completions.create({ ...REQUEST, stream: true })));
    expect(cut.outcome).toBe("error/stream_interrupted");
    await server.close();

    const empty = await clientOf((response) => writeSchedule(response, [[0, sse("[DONE]")]]));
    const nothing = createFollowedCall();
    await readAll(await nothing.follow(empty.chat.completions.create({ ...REQUEST, stream: true })));
    expect(nothing.outcome).toBe("error/stream_interrupted");
  });

  it("maps an error event inside the stream, which the client throws", async () => {
    const failing = { error: { type: "overloaded_error", message: "busy" } };
    const client = await clientOf((response) =>
      writeSchedule(response, [[0, sse(chatChunk({ content: "a" })) + sse(failing)]]),
    );
    const call = createFollowedCall();
    await expect(
      readAll(await call.follow(client.chat.completions.create({ ...REQUEST, stream: true }))),
    ).rejects.toThrow("busy");
    expect(call.outcome).toBe("error/overloaded");
  });

  it("is abandoned when nobody awaits the promise, and when nobody reads the stream", async () => {
    const client = await streaming();
    const unawaited = createFollowedCall();
    (() => void unawaited.follow(client.chat.completions.create({ ...REQUEST, stream: true })))();
    await collectUntil(() => unawaited.outcome !== "open");
    expect(unawaited.outcome).toBe("abandoned");

    const unread = createFollowedCall();
    await (async () => void (await unread.follow(client.chat.completions.create({ ...REQUEST, stream: true }))))();
    await collectUntil(() => unread.outcome !== "open");
    expect(unread.outcome).toBe("abandoned");
  });

  it("works with the stream() helper", async () => {
    const client = await streaming();
    const call = createFollowedCall();
    const runner = client.chat.completions.stream({ ...REQUEST });
    expect(call.follow(runner)).toBe(runner);
    expect((await runner.finalChatCompletion()).choices[0]?.message.content).toBe("Hello");
    expect(call.outcome).toBe("ok");
    expect(call.recording.end({ outcome: "ok" })).toMatchObject({ outputTokens: 2, countedChunkCount: 2 });
    const stopped = createFollowedCall();
    for await (const _ of stopped.follow(client.chat.completions.stream({ ...REQUEST }))) break;
    await collectUntil(() => stopped.outcome !== "open");
    expect(stopped.outcome).toBe("cancelled");
  });
});

describe("the real openai client, whole answers", () => {
  it("reads usage and finish reason once the caller awaits", async () => {
    const client = await answering();
    const call = createFollowedCall();
    const answer = await call.follow(client.chat.completions.create(REQUEST));
    expect(answer.choices[0]?.message.content).toBe("hello");
    expect(call.outcome).toBe("ok");
    expect(call.backend.spans[0]?.attributes).toMatchObject({ [ATTR.llmOutputTokens]: 9, [ATTR.llmStream]: false });
  });

  it("keeps parse() and asResponse()", async () => {
    const client = await answering();
    const parsed = createFollowedCall();
    const completion = await parsed.follow(client.chat.completions.parse(REQUEST));
    expect(completion.choices[0]?.message.content).toBe("hello");
    expect(parsed.outcome).toBe("ok");
    const raw = createFollowedCall();
    const response = await raw.follow(client.chat.completions.create(REQUEST)).asResponse();
    expect(await response.json()).toEqual(ANSWER);
    expect(raw.outcome).toBe("ok");
  });

  it("throws the client's own error and maps its status", async () => {
    const client = await answering(
      { error: { message: "bad", type: "invalid_request_error", code: "bad_value" } },
      400,
    );
    const call = createFollowedCall();
    await expect(call.follow(client.chat.completions.create(REQUEST))).rejects.toBeInstanceOf(BadRequestError);
    expect(call.outcome).toBe("error/invalid_request");
    expect(call.ends[0]).toMatchObject({ httpStatus: 400, errorCode: "bad_value" });
  });

  it("knows a failed connection though nobody awaits", async () => {
    const client = await answering();
    await server.close();
    const call = createFollowedCall();
    const promise = call.follow(client.chat.completions.create(REQUEST));
    await collectUntil(() => call.outcome !== "open");
    expect(call.outcome).toBe("error/connection");
    await expect(promise).rejects.toThrow("Connection error");
  });
});
