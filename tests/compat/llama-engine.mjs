// A real inference engine (llama.cpp through node-llama-cpp) answering OpenAI-shaped streams, with its own measurements
// at /measured. Run by llama-cpp.test.ts; node-llama-cpp is not a dependency of the product.
//
//   NEXENT_LLAMA_DIR=<folder with node_modules/node-llama-cpp> node llama-engine.mjs MODEL.gguf PORT
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modelPath, port] = process.argv.slice(2);
const require = createRequire(join(process.env.NEXENT_LLAMA_DIR, "package.json"));
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
const model = await llama.loadModel({ modelPath });
// One thread: the default count spins against the other processes on small machines.
const context = await model.createContext({ sequences: 4, threads: 1, contextSize: 2048 });

/** Engine-side truth per request: id -> times in ms on this process's clock. */
const measured = [];

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}

function writeChunk(response, id, delta, extra = {}) {
  const chunk = {
    id,
    object: "chat.completion.chunk",
    model: "random-llama",
    choices: [{ index: 0, delta, finish_reason: null }],
    ...extra,
  };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

async function answer(request, response) {
  const receivedAtMs = performance.now();
  const { messages, max_tokens: maxTokens = 64, seed = 1 } = await bodyOf(request);
  const prompt = model.tokenize(messages.map((message) => message.content).join("\n"));
  const id = `chatcmpl-${measured.length}`;
  const record = {
    id,
    receivedAtMs,
    firstAtMs: undefined,
    lastAtMs: undefined,
    tokens: 0,
    promptTokens: prompt.length,
  };
  measured.push(record);
  response.writeHead(200, { "content-type": "text/event-stream", "x-engine-id": id });
  response.flushHeaders();
  writeChunk(response, id, { role: "assistant", content: "" });

  const sequence = context.getSequence();
  let gone = false;
  response.on("close", () => (gone = true));
  for await (const token of sequence.evaluate(prompt, { temperature: 1, seed, yieldEogToken: true })) {
    if (gone || record.tokens >= maxTokens) break;
    record.lastAtMs = performance.now();
    record.firstAtMs ??= record.lastAtMs;
    record.tokens += 1;
    writeChunk(response, id, { content: model.detokenize([token]) || "?" });
  }
  await sequence.dispose();
  const usage = {
    prompt_tokens: prompt.length,
    completion_tokens: record.tokens,
    total_tokens: prompt.length + record.tokens,
  };
  response.write(
    `data: ${JSON.stringify({ id, object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason: "length" }] })}\n\n`,
  );
  response.write(
    `data: ${JSON.stringify({ id, object: "chat.completion.chunk", choices: [], usage })}\n\ndata: [DONE]\n\n`,
  );
  response.end();
}

const server = createServer((request, response) => {
  if (request.url === "/health") return response.end("ok");
  if (request.url === "/measured") return response.end(JSON.stringify(measured));
  answer(request, response).catch((error) => {
    console.error(error);
    response.destroy();
  });
  return undefined;
});
server.on("connection", (socket) => socket.setNoDelay(true));
server.listen(Number(port), "127.0.0.1");
