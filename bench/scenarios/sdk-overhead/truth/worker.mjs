// One subject does one thing to a client in a process of its own, and tells what the application and the spans saw.
import { createRequire } from "node:module";
import { rememberingProcessor } from "../provider.mjs";
import { subjectOf } from "../subjects.mjs";

const [subjectId, doing, port] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const REQUEST = { model: "gpt-4o", messages: [{ role: "user", content: "How fast is it?" }] };
const STREAM = { ...REQUEST, stream: true };
/** For what happens without the application: ends that come late, finalizers, garbage. */
const AFTERMATH_MS = 700;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function readAll(stream) {
  let tokens = 0;
  for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) tokens += 1;
  return { tokens };
}

async function timed(params) {
  return readAll(await client.chat.completions.create(params));
}

async function tried(work) {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: error?.constructor?.name ?? String(error) };
  }
}

/** What became of a member: it works, it is not there, or what it throws. */
async function works(work) {
  const { value, error } = await tried(work);
  return error ?? (value === true ? "ok" : "missing");
}

const DOINGS = {
  withUsage: () => timed({ ...STREAM, stream_options: { include_usage: true } }),
  withoutUsage: () => timed(STREAM),
  async breaks() {
    let left = 5;
    for await (const chunk of await client.chat.completions.create({ ...STREAM, user: "long" })) {
      if (chunk.choices[0]?.delta?.content && --left === 0) break;
    }
    return {};
  },
  async neverReads() {
    await client.chat.completions.create({ ...STREAM, user: "flood" });
    // A hidden reader would need this long.
    await wait(2000);
    return {};
  },
  dies: () => tried(() => timed({ ...STREAM, user: "dies" })),
  async refuses() {
    const { value, error } = await tried(() => client.chat.completions.create({ ...STREAM, user: "refuses" }));
    return error === undefined ? { late: (await tried(() => readAll(value))).error } : { error };
  },
  async withResponse() {
    const member = await works(async () => {
      const { data, response } = await client.chat.completions.create(STREAM).withResponse();
      const { tokens } = await readAll(data);
      return response.status === 200 && tokens > 0;
    });
    return { member };
  },
  async asResponse() {
    const member = await works(async () => {
      const response = await client.chat.completions.create(STREAM).asResponse();
      return (await response.text()).includes("[DONE]");
    });
    return { member };
  },
  async members() {
    const stream = await client.chat.completions.create(STREAM);
    const controller = stream.controller instanceof AbortController ? "ok" : "missing";
    const tee = await works(async () => {
      if (typeof stream.tee !== "function") return false;
      const [left, right] = stream.tee();
      const [a, b] = await Promise.all([readAll(left), readAll(right)]);
      return a.tokens > 0 && a.tokens === b.tokens;
    });
    const toReadableStream = await works(async () => {
      const other = await client.chat.completions.create(STREAM);
      if (typeof other.toReadableStream !== "function") return false;
      let text = "";
      for await (const part of other.toReadableStream()) text += new TextDecoder().decode(part);
      return text.includes("finish_reason");
    });
    return { controller, tee, toReadableStream };
  },
  async parse() {
    const schema = { name: "city", strict: true, schema: { type: "object", properties: { city: { type: "string" } } } };
    const member = await works(async () => {
      const format = { type: "json_schema", json_schema: schema };
      const answer = await client.chat.completions.parse({ ...REQUEST, response_format: format });
      return answer.choices[0].message.content.includes("Oslo");
    });
    return { member };
  },
  async streamHelper() {
    const member = await works(async () => {
      const answer = await client.chat.completions.stream(REQUEST).finalChatCompletion();
      return answer.choices[0].message.content.startsWith("t0 ");
    });
    return { member };
  },
};

/** Garbage is collected, finalizers run, whatever ends late has ended. */
async function aftermath() {
  for (const end = performance.now() + AFTERMATH_MS; performance.now() < end; await wait(50)) global.gc();
}

function describeSpan(span) {
  const { name, attributes, events, status, startTime } = span;
  const startMs = startTime[0] * 1000 + startTime[1] / 1e6;
  const ended = processor.ended.some((one) => one.spanContext().spanId === span.spanContext().spanId);
  return { name, attributes, events: events.map((event) => event.name), error: status.code === 2, startMs, ended };
}

const processor = rememberingProcessor();
const apply = await subjectOf(subjectId).setUp(processor);
const { OpenAI } = require("openai");
const baseURL = `http://127.0.0.1:${port}/v1`;
const client = apply(new OpenAI({ apiKey: "none", baseURL, maxRetries: 0 }), OpenAI);
/** What the server says became of the latest request. */
const latest = async () => (await fetch(`http://127.0.0.1:${port}/last`)).json();
// Once before, so that what a fresh process needs for its first request is nobody's time to first token.
await latest();
const seen = await DOINGS[doing]();
await aftermath();
const server = await latest();
process.send({ seen, server, spans: processor.started.map(describeSpan) });
