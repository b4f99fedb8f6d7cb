// Spans in Jaeger's thrift: our encoder beside OTLP, and the bytes of OpenTelemetry's former Jaeger exporter.
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { answerParent } from "../../../lib/child.mjs";
import { alternate } from "../../../lib/statistics.mjs";
import { rememberingProcessor } from "../provider.mjs";
import { PEERS_FOLDER } from "../subjects.mjs";

// Not in every release.
const { encodeJaegerBatch } = await import("@nexent/monitor-core");
const require = createRequire(import.meta.url);
const { TracerProvider } = require("@opentelemetry/sdk-trace");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { JsonTraceSerializer, ProtobufTraceSerializer } = createRequire(
  require.resolve("@opentelemetry/exporter-trace-otlp-http"),
)("@opentelemetry/otlp-transformer");

const SPANS = 100;
const RESOURCE = { "service.name": "bench", "service.version": "1.0.0" };

/** What a monitored call leaves on its span, without a tape. */
const ATTRIBUTES = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.response.model": "gpt-4o-2024-08-06",
  "gen_ai.response.finish_reasons": ["stop"],
  "gen_ai.usage.input_tokens": 12,
  "gen_ai.usage.output_tokens": 1000,
  "llm.outcome": "ok",
  "llm.stream": true,
  "llm.time_to_first_token_seconds": 0.26,
  "llm.generation_rate": 51.25,
};

function finishedSpans() {
  const processor = rememberingProcessor();
  const provider = new TracerProvider({ resource: resourceFromAttributes(RESOURCE), spanProcessors: [processor] });
  for (let i = 0; i < SPANS; i += 1) {
    const span = provider.getTracer("bench", "1.0.0").startSpan("chat gpt-4o", { attributes: ATTRIBUTES });
    span.addEvent("first_token_received", { ttft_seconds: 0.26 });
    span.end();
  }
  return processor.ended;
}

const spans = finishedSpans();
const encoders = {
  thrift: () => encodeJaegerBatch(RESOURCE, spans),
  json: () => JsonTraceSerializer.serializeRequest(spans),
  protobuf: () => ProtobufTraceSerializer.serializeRequest(spans),
};

/** Microseconds per span. */
function encoding(encode) {
  const began = performance.now();
  encode();
  return ((performance.now() - began) * 1000) / SPANS;
}

/** What the former exporter sends for the same spans, to a collector that only counts. */
async function formerExporterBytes() {
  let bytes = 0;
  const collector = createServer(async (request, response) => {
    for await (const part of request) bytes += part.length;
    response.end();
  });
  collector.listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { JaegerExporter } = createRequire(`${PEERS_FOLDER}package.json`)("@opentelemetry/exporter-jaeger");
  const exporter = new JaegerExporter({ endpoint: `http://127.0.0.1:${collector.address().port}/api/traces` });
  // It was made for SDK 1.x, whose spans named these members otherwise.
  const former = spans.map((span) =>
    Object.create(span, {
      instrumentationLibrary: { value: span.instrumentationScope },
      parentSpanId: { value: undefined },
    }),
  );
  const { error } = await new Promise((sent) => exporter.export(former, sent));
  await exporter.shutdown();
  collector.close();
  if (error !== undefined) throw error;
  return bytes;
}

answerParent(async ({ rounds }) => {
  if (encodeJaegerBatch === undefined) return {};
  const bytes = Object.fromEntries(Object.entries(encoders).map(([name, encode]) => [name, encode().length / SPANS]));
  const timed = Object.fromEntries(Object.entries(encoders).map(([name, encode]) => [name, () => encoding(encode)]));
  return {
    microsPerSpan: await alternate(timed, rounds * 10),
    bytesPerSpan: { ...bytes, formerExporter: (await formerExporterBytes()) / SPANS },
  };
});
