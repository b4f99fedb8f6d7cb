/** One span of an LLM call by hand, through an exporter of OpenTelemetry of either line. */
import { SpanKind } from "@opentelemetry/api";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const { EXPORTER, OTLP_URL, COMPRESSION } = process.env;
const { CompressionAlgorithm } = await import("@opentelemetry/otlp-exporter-base");
const { OTLPTraceExporter } = await import(EXPORTER);
const compression = COMPRESSION === "gzip" ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
const exporter = new OTLPTraceExporter({ url: OTLP_URL, compression });
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
const span = provider.getTracer("by hand").startSpan("chat m", { kind: SpanKind.CLIENT });
span.setAttributes({
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "m ⏱",
  "gen_ai.usage.input_tokens": 7,
  "gen_ai.usage.output_tokens": 20,
  "gen_ai.response.finish_reasons": ["stop"],
});
span.addEvent("first_token_received", { ttft_seconds: 0.5 });
span.end();
await provider.forceFlush();
await provider.shutdown();
