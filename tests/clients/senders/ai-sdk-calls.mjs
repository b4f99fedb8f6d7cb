/** The same calls with the AI SDK, which has its telemetry inside. */
import { createOpenAI } from "@ai-sdk/openai";
import { NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { embed, generateText, streamText } from "ai";

const { EXPORTER, OTLP_URL, MODEL_URL } = process.env;
const { OTLPTraceExporter } = await import(EXPORTER);
const provider = new NodeTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url: OTLP_URL }))],
});
provider.register();

const openai = createOpenAI({ apiKey: "none", baseURL: MODEL_URL });
const telemetry = { isEnabled: true, recordInputs: false, recordOutputs: false };
const settings = { model: openai.chat("gpt-4o"), prompt: "Hi", maxRetries: 0, experimental_telemetry: telemetry };
await generateText({ ...settings, temperature: 0.5, maxOutputTokens: 64 });
for await (const _part of streamText(settings).textStream);
await embed({
  model: openai.embedding("text-embedding-3-small"),
  value: "hello",
  experimental_telemetry: telemetry,
});
await generateText({ ...settings, model: openai.chat("refused") }).catch(() => undefined);
await provider.shutdown();
