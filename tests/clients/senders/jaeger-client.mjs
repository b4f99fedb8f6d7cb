/** A parent and a child with a log, through Jaeger's own client for Node. */
import { createRequire } from "node:module";

const { initTracer } = createRequire(import.meta.url)("jaeger-client");
const tracer = initTracer(
  {
    serviceName: "old-shop",
    sampler: { type: "const", param: 1 },
    reporter: { collectorEndpoint: process.env.JAEGER_URL, flushIntervalMs: 10 },
  },
  { tags: { region: "eu" }, logger: { info: () => undefined, error: (message) => console.error(message) } },
);
const parent = tracer.startSpan("POST /ask");
parent.setTag("span.kind", "server");
const child = tracer.startSpan("chat", { childOf: parent.context() });
child.addTags({
  "span.kind": "client",
  "gen_ai.system": "openai",
  "gen_ai.operation.name": "chat",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.usage.prompt_tokens": 7,
  "gen_ai.usage.completion_tokens": 20,
  error: true,
});
child.log({ event: "retry", attempt: 2 });
child.finish();
parent.finish();
await new Promise((resolve) => tracer.close(resolve));
