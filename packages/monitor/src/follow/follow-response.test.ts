import { describe, expect, it } from "vitest";
import { chatChunk, collectUntil, createFollowedCall, HELLO, type FollowedCall } from "../testing/follow.testing.ts";
import { sse } from "../testing/openai-server.testing.ts";

const STREAM = HELLO.map((chunk) => sse(chunk)).join("") + sse("[DONE]");
const ANSWER = {
  model: "gpt-4o-real",
  choices: [{ index: 0, message: { content: "hello" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 9 },
};
const EVENTS = { headers: { "content-type": "text/event-stream; charset=utf-8" } };
const JSON_TYPE = { headers: { "content-type": "application/json" } };

/** A body in pieces of a few bytes, so that frames are split anywhere. */
function piecewise(text: string, bytes = 7): ReadableStream<Uint8Array> {
  const all = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (at >= all.byteLength) {
        controller.close();
        return;
      }
      controller.enqueue(all.slice(at, at + bytes));
      at += bytes;
    },
  });
}

function streamed(text = STREAM): { readonly call: FollowedCall; readonly response: Response } {
  const call = createFollowedCall();
  const response = new Response(piecewise(text), EVENTS);
  expect(call.follow(response)).toBe(response);
  expect(call.outcome).toBe("open");
  return { call, response };
}

function whole(body: string = JSON.stringify(ANSWER)): { readonly call: FollowedCall; readonly response: Response } {
  const call = createFollowedCall();
  const response = new Response(body, JSON_TYPE);
  expect(call.follow(response)).toBe(response);
  expect(call.outcome).toBe("open");
  return { call, response };
}

function counted(call: FollowedCall): object {
  return call.recording.end({ outcome: "ok" });
}

async function readByob(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader({ mode: "byob" });
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(5));
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
}

/** Every way to read a body to its end, and what it gives for a text. */
const WAYS: readonly (readonly [string, (response: Response) => Promise<string>])[] = [
  ["text()", (response) => response.text()],
  ["arrayBuffer()", async (response) => new TextDecoder().decode(await response.arrayBuffer())],
  ["blob()", async (response) => (await response.blob()).text()],
  ["clone()", (response) => response.clone().text()],
  [
    "a reader",
    async (response) => {
      let text = "";
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) return text;
        text += piece.value;
      }
    },
  ],
  ["a reader with buffers of its own", (response) => readByob(response.body ?? piecewise(""))],
  [
    "for await",
    async (response) => {
      const decoder = new TextDecoder();
      let text = "";
      for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
      return text;
    },
  ],
  [
    "tee()",
    async (response) => {
      const [left, right] = response.body?.tee() ?? [];
      await new Response(right).text();
      return new Response(left).text();
    },
  ],
  ["new Response(body)", (response) => new Response(response.body, response).text()],
];

describe("a response whose body is streamed", () => {
  it.each(WAYS)("gives every byte through %s and ends ok", async (_name, read) => {
    const { call, response } = streamed();
    expect(await read(response)).toBe(STREAM);
    expect(call.outcome).toBe("ok");
    expect(counted(call)).toMatchObject({ countedChunkCount: 2, finishReasons: ["stop"] });
  });

  it("keeps the type of a blob and parses JSON lines nobody else could", async () => {
    const plain = await new Response(piecewise(STREAM), EVENTS).blob();
    expect((await streamed().response.blob()).type).toBe(plain.type);
    await expect(streamed().response.json()).rejects.toBeInstanceOf(SyntaxError);
  });

  it("says that it was read, and refuses to be read twice, as ever", async () => {
    const { response } = streamed();
    expect(response.bodyUsed).toBe(false);
    const text = response.text();
    expect(response.bodyUsed).toBe(true);
    await text;
    await expect(response.text()).rejects.toBeInstanceOf(TypeError);
    expect(() => response.clone()).toThrow(TypeError);
  });

  it("can be cloned after its body was looked at", async () => {
    const { call, response } = streamed();
    expect(response.body?.locked).toBe(false);
    const copy = response.clone();
    expect(await Promise.all([response.text(), copy.text()])).toEqual([STREAM, STREAM]);
    expect(call.outcome).toBe("ok");
    expect(counted(call)).toMatchObject({ countedChunkCount: 2 });
  });

  it("is cancelled when the reader cancels, and passes that on", async () => {
    let reason: unknown;
    const call = createFollowedCall();
    const source = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(sse(HELLO[1] ?? {}))),
      cancel: (given) => void (reason = given),
    });
    const response = call.follow(new Response(source, EVENTS));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel("enough");
    expect(reason).toBe("enough");
    expect(call.outcome).toBe("cancelled");
  });

  it("is interrupted when the body breaks, with the same error", async () => {
    const broken = new TypeError("terminated");
    const call = createFollowedCall();
    const source = new ReadableStream({ pull: (controller) => controller.error(broken) });
    await expect(call.follow(new Response(source, EVENTS)).text()).rejects.toBe(broken);
    expect(call.outcome).toBe("error/stream_interrupted");
  });

  it("is interrupted when it ends without its end", async () => {
    const { call, response } = streamed(sse(chatChunk({ content: "a" })));
    await response.text();
    expect(call.outcome).toBe("error/stream_interrupted");
  });

  it("is abandoned when nobody reads it", async () => {
    const call = createFollowedCall();
    (() => void call.follow(new Response(piecewise(STREAM), EVENTS)))();
    await collectUntil(() => call.outcome === "abandoned");
  });

  it.each([
    [
      "text/event-stream",
      `data: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } })}\n\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}\n\n`,
    ],
    [
      "text/event-stream",
      `data: ${JSON.stringify({ type: "response.output_text.delta", delta: "Hi" })}\n\ndata: ${JSON.stringify({ type: "response.completed", response: { status: "completed", usage: { output_tokens: 2 } } })}\n\n`,
    ],
    [
      "text/event-stream",
      `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text: "Hi" }] }, finishReason: "STOP" }], usageMetadata: { candidatesTokenCount: 2 } })}\n\n`,
    ],
    [
      "application/x-ndjson",
      `${JSON.stringify({ model: "m", message: { content: "Hi" }, done: false })}\n${JSON.stringify({ model: "m", done: true, done_reason: "stop", eval_count: 2 })}`,
    ],
  ])("finds out the format of %s by itself: %s", async (type, text) => {
    const call = createFollowedCall();
    const response = call.follow(new Response(piecewise(text), { headers: { "content-type": type } }));
    expect(await response.text()).toBe(text);
    expect(call.outcome).toBe("ok");
    expect(counted(call)).toMatchObject({ countedChunkCount: 1, outputTokens: 2, tokenSource: "usage" });
  });
});

describe("a response in one piece", () => {
  it.each(WAYS)("gives every byte through %s, and its usage is read", async (name, read) => {
    const { call, response } = whole();
    expect(await read(response)).toBe(JSON.stringify(ANSWER));
    expect(call.outcome).toBe("ok");
    // A blob is read by whoever gets it; we do not.
    if (name !== "blob()") expect(counted(call)).toMatchObject({ outputTokens: 9, responseModel: "gpt-4o-real" });
  });

  it("gives its JSON, and a syntax error where there is none", async () => {
    const { call, response } = whole();
    expect(await response.json()).toEqual(ANSWER);
    expect(counted(call)).toMatchObject({ outputTokens: 9 });
    const torn = whole("{");
    await expect(torn.response.json()).rejects.toBeInstanceOf(SyntaxError);
    expect(torn.call.outcome).toBe("error/protocol");
  });

  it("ends at its headers when it has failed or has no body", () => {
    const bad = createFollowedCall();
    bad.follow(new Response("x", { status: 429 }));
    expect(bad.outcome).toBe("error/rate_limited");
    const empty = createFollowedCall();
    empty.follow(new Response(undefined, { status: 204 }));
    expect(empty.outcome).toBe("ok");
    const frozen = createFollowedCall();
    frozen.follow(Object.freeze(new Response("{}", JSON_TYPE)));
    expect(frozen.outcome).toBe("ok");
  });

  it("is abandoned when nobody reads it", async () => {
    const call = createFollowedCall();
    (() => void call.follow(new Response("{}", JSON_TYPE)))();
    await collectUntil(() => call.outcome === "abandoned");
  });
});
