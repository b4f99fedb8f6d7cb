// A small server in OpenAI's format with an exact schedule; the request's `user` names what it does.
import { createServer } from "node:http";
import { answerParent } from "../../../lib/child.mjs";

const ROLE_MS = 75;
const FIRST_TOKEN_MS = 260;
const TOKENS = 20;
const TOKEN_MS = 5;
const LONG_TOKENS = 400;
const FLOOD_CHUNKS = 3000;
const FLOOD_CHUNK_BYTES = 16 * 1024;
const INPUT_TOKENS = 7;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const base = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_795_000_000, model: "gpt-4o-2024-08-06" };
const usage = { prompt_tokens: INPUT_TOKENS, completion_tokens: TOKENS, total_tokens: INPUT_TOKENS + TOKENS };

/** What became of the latest request. */
let last = { written: 0, finished: false, aborted: false };

/** One streamed answer being written. */
class Answer {
  constructor(response, state) {
    this.response = response;
    this.state = state;
  }

  get gone() {
    return this.response.destroyed;
  }

  async event(value) {
    if (this.gone) return;
    const room = this.response.write(`data: ${JSON.stringify(value)}\n\n`);
    if (!room) await Promise.race([new Promise((go) => this.response.once("drain", go)), this.closed()]);
  }

  delta(delta, finish_reason = null) {
    if (delta.content) {
      this.state.written += 1;
      this.state.firstTokenMs ??= performance.now() - this.state.arrivedMs;
    }
    return this.event({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  }

  async finish(withUsage) {
    await this.delta({}, "stop");
    if (withUsage) await this.event({ ...base, choices: [], usage });
    this.response.end("data: [DONE]\n\n", () => {
      this.state.finished = true;
    });
  }

  closed() {
    return new Promise((resolve) => this.response.once("close", resolve));
  }
}

async function start(answer) {
  await wait(ROLE_MS);
  await answer.delta({ role: "assistant", content: "" });
  await wait(FIRST_TOKEN_MS - ROLE_MS);
}

async function tokens(answer, count) {
  for (let i = 0; i < count && !answer.gone; i += 1) {
    await answer.delta({ content: `t${i} ` });
    await wait(TOKEN_MS);
  }
}

const PLAYS = {
  normal: async (answer, withUsage) => {
    await start(answer);
    await tokens(answer, TOKENS);
    await answer.finish(withUsage);
  },
  long: async (answer, withUsage) => {
    await start(answer);
    await tokens(answer, LONG_TOKENS);
    await answer.finish(withUsage);
  },
  /** More than the sockets between can hold: it only ends if somebody reads it. */
  flood: async (answer, withUsage) => {
    await start(answer);
    for (let i = 0; i < FLOOD_CHUNKS && !answer.gone; i += 1)
      await answer.delta({ content: "x".repeat(FLOOD_CHUNK_BYTES) });
    await answer.finish(withUsage);
  },
  dies: async (answer) => {
    await start(answer);
    await tokens(answer, 5);
    answer.response.socket?.destroy();
  },
};

function sendJson(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "x-request-id": "req_1" });
  response.end(JSON.stringify(body));
}

function wholeAnswer() {
  const message = { role: "assistant", content: '{"city":"Oslo"}', refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: "stop" }];
  return { ...base, object: "chat.completion", choices, usage };
}

async function answerRequest(request, response) {
  const arrivedMs = performance.now();
  let text = "";
  for await (const part of request) text += part;
  const { user, stream, stream_options: options } = JSON.parse(text);
  const state = { written: 0, finished: false, aborted: false, arrivedMs };
  last = state;
  response.on("close", () => {
    state.aborted = !response.writableFinished;
  });
  if (user === "refuses") {
    return sendJson(response, 400, {
      error: { message: "no", type: "invalid_request_error", param: null, code: "no" },
    });
  }
  if (stream !== true) return sendJson(response, 200, wholeAnswer());
  response.writeHead(200, { "content-type": "text/event-stream", "x-request-id": "req_1" });
  response.flushHeaders();
  await (PLAYS[user] ?? PLAYS.normal)(new Answer(response, state), options?.include_usage === true);
}

const server = createServer((request, response) => {
  if (request.url === "/last") return sendJson(response, 200, last);
  void answerRequest(request, response).catch(() => response.destroy());
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
answerParent(() => ({ port: server.address().port }));
