/** Two chats, an embedding and a refusal, made with `openai` under a third-party instrumentation that exports to us. */
import { createRequire } from "node:module";
import { metrics } from "@opentelemetry/api";
import { NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";

const { INSTRUMENTATION, OPENAI, EXPORTER, OTLP_URL, MODEL_URL } = process.env;
// Instrumentations watch `require`, as they do in applications of CommonJS.
const load = createRequire(import.meta.url);

const { OTLPTraceExporter } = await import(EXPORTER);
const provider = new NodeTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url: OTLP_URL }))],
});
provider.register();

const { OpenAIInstrumentation } = load(INSTRUMENTATION);
const instrumentation = new OpenAIInstrumentation();
instrumentation.setTracerProvider(provider);
instrumentation.setMeterProvider(metrics.getMeterProvider());
const { OpenAI } = load(OPENAI);
// Some know the package by its name only, and here it has another.
if (OPENAI !== "openai") instrumentation.manuallyInstrument(OpenAI);

const client = new OpenAI({ apiKey: "none", baseURL: MODEL_URL, maxRetries: 0 });
const messages = [{ role: "user", content: "Hi" }];
await client.chat.completions.create({ model: "gpt-4o", messages, temperature: 0.5, max_tokens: 64 });
const stream = await client.chat.completions.create({
  model: "gpt-4o",
  messages,
  stream: true,
  stream_options: { include_usage: true },
});
for await (const _chunk of stream);
await client.embeddings.create({ model: "text-embedding-3-small", input: "hello" });
await client.chat.completions.create({ model: "refused", messages }).catch(() => undefined);
// Streams end a turn after their reader has.
await new Promise((resolve) => setTimeout(resolve, 50));
await provider.shutdown();
