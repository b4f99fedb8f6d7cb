// One tracer provider for every subject: same SDK, same processor, and an exporter that does nothing.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const NO_OP_EXPORTER = {
  export: (_spans, done) => done({ code: 0 }),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

/** The processor of the measurements: batching, as in production. */
export function batchingProcessor() {
  const { BatchSpanProcessor } = require("@opentelemetry/sdk-trace");
  return new BatchSpanProcessor({ exporter: NO_OP_EXPORTER });
}

/** A processor that remembers what was started and what was ended. */
export function rememberingProcessor() {
  const started = [];
  const ended = [];
  return {
    started,
    ended,
    onStart: (span) => void started.push(span),
    onEnd: (span) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

/** Registers a provider over `processor` and a context manager globally, as an application would. */
export function registerProvider(processor) {
  const { TracerProvider } = require("@opentelemetry/sdk-trace");
  const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
  const { context, trace } = require("@opentelemetry/api");
  const provider = new TracerProvider({ spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  return provider;
}
