// Times of 4 000 tokens on one span: as a token tape, and as one span event per token with the event limit lifted.
import { createRequire } from "node:module";
import { encodeTokenTape } from "@nexent/monitor-core";
import { answerParent } from "../../../lib/child.mjs";
import { alternate } from "../../../lib/statistics.mjs";
import { rememberingProcessor } from "../provider.mjs";

const require = createRequire(import.meta.url);
const { TracerProvider } = require("@opentelemetry/sdk-trace");
const transformer = createRequire(require.resolve("@opentelemetry/exporter-trace-otlp-http"))(
  "@opentelemetry/otlp-transformer",
);

const TOKENS = 4000;
/** Gaps of 5 to 35 ms in no pattern a tape could profit from. */
const ENTRIES = Array.from({ length: TOKENS }, (_, i) => ({
  atMicros: 250_000 + i * 20_000 + ((i * 7919) % 15_013),
  kind: "text",
  tokens: 1,
}));

const processor = rememberingProcessor();
const provider = new TracerProvider({
  spanProcessors: [processor],
  spanLimits: { eventCountLimit: TOKENS, attributeValueLengthLimit: Infinity },
});
const tracer = provider.getTracer("bench");

function spanWith(write) {
  const span = tracer.startSpan("chat gpt-4o");
  write(span);
  span.end();
  processor.started.length = 0;
  return processor.ended.pop();
}

const withTape = (span) => span.setAttribute("llm.token_tape", encodeTokenTape(ENTRIES));
function withEvents(span) {
  for (let i = 0; i < TOKENS; i += 1) span.addEvent("token_generated", { "token.index": i }, [1, ENTRIES[i].atMicros]);
}

const bytesOf = (write) => transformer.JsonTraceSerializer.serializeRequest([spanWith(write)]).length;

/** Nanoseconds per token of writing a span. */
function writing(write) {
  const began = performance.now();
  spanWith(write);
  return ((performance.now() - began) * 1e6) / TOKENS;
}

answerParent(async ({ rounds }) => {
  const plain = bytesOf(() => undefined);
  return {
    nsPerToken: await alternate({ tape: () => writing(withTape), events: () => writing(withEvents) }, rounds * 4),
    bytes: { tape: bytesOf(withTape) - plain, events: bytesOf(withEvents) - plain },
  };
});
