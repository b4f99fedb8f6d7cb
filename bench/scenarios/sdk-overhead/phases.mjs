// node bench/scenarios/sdk-overhead/phases.mjs <subject> [+als]: where in a stream a subject's cost lies. Microseconds of
// one stream of 1 000 tokens from memory: until the call gives it, until its first chunk, all chunks, and its end, which
// is where a call is recorded. `+als` turns an AsyncLocalStorage on, as tracing does. One process, one subject.
import { AsyncLocalStorage } from "node:async_hooks";
import { quantile } from "../../lib/statistics.mjs";
import { constantClient, loadOpenAI, takeSpunMs, TOKENS } from "./constant-client.mjs";
import { batchingProcessor } from "./provider.mjs";
import { subjectOf } from "./subjects.mjs";

const WARM = 400;
const STREAMS = 800;
const REQUEST = {
  model: "gpt-4o",
  messages: [{ role: "user", content: "How fast is it?" }],
  stream: true,
  stream_options: { include_usage: true },
};

const [id, als] = process.argv.slice(2);
const subject = subjectOf(id);
Object.assign(process.env, subject.env);
if (als === "+als") new AsyncLocalStorage().run({}, () => undefined);
const apply = await subject.setUp(batchingProcessor());
const OpenAI = loadOpenAI();
const client = apply(constantClient(OpenAI), OpenAI);

/** Milliseconds of the parts of one stream. */
async function timeStream() {
  takeSpunMs();
  const asked = performance.now();
  const stream = await client.chat.completions.create(REQUEST);
  const given = performance.now();
  let seen = 0;
  let [first, last] = [given, given];
  for await (const _ of stream) {
    seen += 1;
    if (seen === 1) first = performance.now();
    // The role chunk comes before the tokens; behind them the constant stream waits until its window is long enough.
    else if (seen === TOKENS) last = performance.now();
  }
  const ended = performance.now();
  return { create: given - asked, first: first - given, chunks: last - first, end: ended - last - takeSpunMs() };
}

for (let i = 0; i < WARM; i += 1) await timeStream();
const samples = [];
for (let i = 0; i < STREAMS; i += 1) samples.push(await timeStream());
const parts = ["create", "first", "chunks", "end"].map((part) => {
  const micros = samples.map((sample) => sample[part] * 1000);
  return `${part} ${quantile(micros, 0.1).toFixed(0)}`;
});
console.log(`${subject.title}${als ?? ""}: ${parts.join(", ")} µs`);
process.exit();
