// One subject in a process of its own: sets it up and answers measurements.
import { answerParent } from "../../lib/child.mjs";
import { constantClient, loadOpenAI, takeSpunMs, TOKENS } from "./constant-client.mjs";
import { batchingProcessor } from "./provider.mjs";
import { subjectOf } from "./subjects.mjs";

const REQUEST = { model: "gpt-4o", messages: [{ role: "user", content: "How fast is it?" }] };
const STREAM = { ...REQUEST, stream: true, stream_options: { include_usage: true } };
const CALLS_PER_SAMPLE = 20;
/** Streams until compiled code that a collection has thrown away is back. */
const WARM_AFTER_GC = 5;

const subject = subjectOf(process.argv[2]);
const apply = await subject.setUp(batchingProcessor());
const OpenAI = loadOpenAI();
const client = apply(constantClient(OpenAI), OpenAI);

async function readStream(params) {
  let chunks = 0;
  for await (const chunk of await client.chat.completions.create(params)) chunks += chunk.choices.length;
  if (chunks !== TOKENS + 2) throw new Error(`${subject.id} lost chunks: ${chunks} of ${TOKENS + 2}`);
}

/** Nanoseconds per chunk of each of `count` streams without a parser. */
async function isolated({ count }) {
  const samples = [];
  for (let i = 0; i < count; i += 1) {
    const began = performance.now();
    await readStream(STREAM);
    samples.push(((performance.now() - began - takeSpunMs()) * 1e6) / TOKENS);
  }
  return samples;
}

/** Microseconds per non-streaming call, each sample over a few calls. */
async function calls({ count }) {
  const samples = [];
  for (let i = 0; i < count; i += 1) {
    const began = performance.now();
    for (let n = 0; n < CALLS_PER_SAMPLE; n += 1) await client.chat.completions.create(REQUEST);
    samples.push(((performance.now() - began) * 1000) / CALLS_PER_SAMPLE);
  }
  return samples;
}

/** CPU milliseconds, garbage collection included, per stream that the client parses itself. */
async function parsed({ count }) {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i += 1) await readStream({ ...STREAM, user: "parsed" });
  const { user, system } = process.cpuUsage(before);
  return [(user + system) / 1000 / count];
}

function allocatedBytes() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * Bytes allocated per chunk of each of `count` streams. The young generation is so large that nothing is collected
 * meanwhile, and compiled code is not thrown away either.
 */
async function heap({ count }) {
  global.gc();
  const samples = [];
  for (let i = 0; i < count; i += 1) {
    const before = allocatedBytes();
    await readStream(STREAM);
    samples.push((allocatedBytes() - before) / TOKENS);
  }
  return samples.slice(WARM_AFTER_GC);
}

/** Bytes kept per stream that the consumer left after three chunks. */
async function retained({ count }) {
  const leave = async () => {
    let left = 3;
    for await (const _ of await client.chat.completions.create(STREAM)) if (--left === 0) break;
  };
  for (let i = 0; i < 20; i += 1) await leave();
  await settle();
  const before = allocatedBytes();
  for (let i = 0; i < count; i += 1) await leave();
  await settle();
  return [(allocatedBytes() - before) / count];
}

/** Finalizers and timers have run, garbage is gone. */
async function settle() {
  for (let i = 0; i < 3; i += 1) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  global.gc();
}

const MEASURES = { isolated, calls, parsed, heap, retained };

// No forced collection in between: it would throw away compiled code, which a running application keeps.
answerParent(async ({ measure, ...options }) => {
  takeSpunMs();
  return { samples: await MEASURES[measure](options) };
});
