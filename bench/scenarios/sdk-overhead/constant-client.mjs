// The real OpenAI client on constants: no network, and for `isolated` streams no parser either.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Content chunks of one stream. */
export const TOKENS = 1000;
const PIECES = ["The", " answer", " is", " that", " time", " to", " first", " token", ",", " 令牌", " and", " rate"];
/** Rates need a window of at least this long; a stream from memory would be over sooner. */
const WINDOW_MS = 1.1;

const base = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_795_000_000, model: "gpt-4o-2024-08-06" };
const choice = (delta, finish_reason = null) => ({
  ...base,
  choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  usage: null,
});
const usage = { prompt_tokens: 12, completion_tokens: TOKENS, total_tokens: TOKENS + 12 };

const TEXTS = [
  choice({ role: "assistant", content: "", refusal: null }),
  ...Array.from({ length: TOKENS }, (_, i) => choice({ content: PIECES[i % PIECES.length] })),
  choice({}, "stop"),
  { ...base, choices: [], usage },
].map((chunk) => JSON.stringify(chunk));

/** As a parser would make them: one object per chunk, all of them plain. */
const CHUNKS = TEXTS.map((text) => JSON.parse(text));
const LAST_TOKEN = TOKENS;

const BODY = new TextEncoder().encode(`${TEXTS.map((text) => `data: ${text}\n\n`).join("")}data: [DONE]\n\n`);
const ANSWER = JSON.stringify({
  ...base,
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: PIECES.join(""), refusal: null },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens: 12, completion_tokens: PIECES.length, total_tokens: 12 + PIECES.length },
});

/** Milliseconds spent waiting for {@link WINDOW_MS}; not part of anybody's cost. */
let spunMs = 0;

/** Waiting time since the last look. */
export function takeSpunMs() {
  const spent = spunMs;
  spunMs = 0;
  return spent;
}

function spinUntil(untilMs) {
  const began = performance.now();
  let now = began;
  while (now < untilMs) now = performance.now();
  spunMs += now - began;
}

/** As the client's own: an async generator that aborts its request when it is left early. */
function constantIterator(controller) {
  return async function* iterator() {
    let done = false;
    try {
      const began = performance.now();
      for (let i = 0; i < CHUNKS.length; i += 1) {
        if (i === LAST_TOKEN) spinUntil(began + WINDOW_MS);
        yield CHUNKS[i];
      }
      done = true;
    } finally {
      if (!done) controller.abort();
    }
  };
}

/** The body in writes of 64 kB, as a server in a hurry would send it. */
function bodyStream() {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= BODY.length) return controller.close();
      controller.enqueue(BODY.slice(at, at + 65_536));
      at += 65_536;
    },
  });
}

const SSE = { headers: { "content-type": "text/event-stream" } };
const JSON_TYPE = { headers: { "content-type": "application/json", "x-request-id": "req_1" } };

/** Answers every request of a client from memory. */
async function constantFetch(_url, init) {
  const { stream, user } = JSON.parse(init.body);
  if (stream !== true) return new Response(ANSWER, JSON_TYPE);
  return new Response(user === "parsed" ? bodyStream() : null, SSE);
}

/** Loads the client; instrumentations that hook `require` must be registered before. */
export function loadOpenAI() {
  const { OpenAI } = require("openai");
  const { Stream } = require("openai/streaming");
  const parse = Stream.fromSSEResponse.bind(Stream);
  Stream.fromSSEResponse = (response, controller, client, ...rest) =>
    response.body === null
      ? new Stream(constantIterator(controller), controller, client)
      : parse(response, controller, client, ...rest);
  return OpenAI;
}

/** A client as most applications make it, over the process's own `fetch`; its requests never leave the process. */
export function constantClient(OpenAI) {
  globalThis.fetch = constantFetch;
  return new OpenAI({ apiKey: "none", baseURL: "http://127.0.0.1:9/v1", maxRetries: 0 });
}
