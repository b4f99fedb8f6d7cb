// What is measured: nothing, the bare technique, ours in its modes, and the peers of the SDK contract's section 10.
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { registerProvider } from "./provider.mjs";
import { patchBare } from "./bare.mjs";

/** Peers have a folder of their own; it is installed when the bench runs. */
export const PEERS_FOLDER = fileURLToPath(new URL("./peers/", import.meta.url));
const requirePeer = createRequire(`${PEERS_FOLDER}package.json`);

const same = (client) => client;
const ON = { ENABLE_TELEMETRY: "true" };
/** The benchmark puts a sink in the place of the address. */
const TRACING = { ...ON, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
const METRICS_ONLY = { ...ON, OTEL_TRACES_EXPORTER: "none" };

/** Our client wrapper where this release has one, else the decorator around `create`. */
async function wrapWithOurs() {
  const { monitorLlmCall } = await import("@nexent/monitor");
  const wrapper = await import("@nexent/monitor/openai").catch(() => undefined);
  if (wrapper !== undefined) return (client) => wrapper.wrapOpenAI(client);
  return (client) => {
    const { completions } = client.chat;
    completions.create = monitorLlmCall("gpt-4o", "chat", { provider: "openai" })(completions.create.bind(completions));
    return client;
  };
}

/** Our client wrapper, with spans to a provider of our own or to the application's. */
async function traceWithOurs(provider) {
  const { configure } = await import("@nexent/monitor");
  const { tracing } = configure();
  if (tracing !== provider) throw new Error(`spans should reach the ${provider} provider, not: ${tracing}`);
  return wrapWithOurs();
}

/** A second place that observes calls: from two on they may be nested, and calls are followed across `await`. */
async function addSecondSite() {
  const { monitorLlmCall } = await import("@nexent/monitor");
  monitorLlmCall("another")(() => undefined);
}

/** Instrumentations that hook `require`: registered before the client is loaded, as `registerInstrumentations` does. */
function registerInstrumentation(instrumentation, provider) {
  instrumentation.setTracerProvider(provider);
  instrumentation.setMeterProvider(requirePeer("@opentelemetry/api").metrics.getMeterProvider());
  instrumentation.enable();
}

/**
 * @typedef {object} Subject
 * @property {string} id
 * @property {string} title
 * @property {string} [package] where its version comes from; absent: no package of its own
 * @property {string} [entry] what an application imports; default: the package
 * @property {"floor" | "ours" | "peer"} group
 * @property {Record<string, string>} [env]
 * @property {(processor: object) => Promise<(client: object, OpenAI: unknown) => object>} setUp
 *   runs before the client is loaded; what it resolves to is applied to every client
 */

/** @type {readonly Subject[]} */
export const SUBJECTS = [
  { id: "none", title: "no SDK", group: "floor", setUp: async () => same },
  {
    id: "als",
    title: "no SDK, an AsyncLocalStorage in use",
    group: "floor",
    async setUp() {
      new AsyncLocalStorage().run({}, () => undefined);
      return same;
    },
  },
  { id: "bare", title: "bare patched iterator", group: "floor", setUp: async () => patchBare },
  {
    id: "bare-als",
    title: "bare patched iterator, an AsyncLocalStorage in use",
    group: "floor",
    async setUp() {
      new AsyncLocalStorage().run({}, () => undefined);
      return patchBare;
    },
  },
  {
    id: "disabled",
    title: "ours, disabled",
    group: "ours",
    package: "@nexent/monitor",
    setUp: wrapWithOurs,
  },
  {
    id: "metrics",
    title: "ours, metrics only, no AsyncLocalStorage",
    group: "ours",
    package: "@nexent/monitor",
    env: METRICS_ONLY,
    setUp: wrapWithOurs,
  },
  {
    id: "metrics-als",
    title: "ours, metrics only, AsyncLocalStorage on",
    group: "ours",
    package: "@nexent/monitor",
    env: METRICS_ONLY,
    async setUp() {
      await addSecondSite();
      return wrapWithOurs();
    },
  },
  {
    id: "ours",
    title: "ours, default: span + tape",
    group: "ours",
    package: "@nexent/monitor",
    env: TRACING,
    setUp: () => traceWithOurs("own"),
  },
  {
    id: "ours-host",
    title: "ours, default, spans to the application's provider",
    group: "ours",
    package: "@nexent/monitor",
    env: TRACING,
    setUp(processor) {
      registerProvider(processor);
      return traceWithOurs("host");
    },
  },
  {
    id: "otel",
    title: "@opentelemetry/instrumentation-openai",
    group: "peer",
    package: "@opentelemetry/instrumentation-openai",
    async setUp(processor) {
      const { OpenAIInstrumentation } = requirePeer("@opentelemetry/instrumentation-openai");
      registerInstrumentation(new OpenAIInstrumentation(), registerProvider(processor));
      return same;
    },
  },
  {
    id: "arize",
    title: "@arizeai/openinference-instrumentation-openai",
    group: "peer",
    package: "@arizeai/openinference-instrumentation-openai",
    async setUp(processor) {
      const provider = registerProvider(processor);
      const { OpenAIInstrumentation } = requirePeer("@arizeai/openinference-instrumentation-openai");
      const instrumentation = new OpenAIInstrumentation();
      registerInstrumentation(instrumentation, provider);
      let patched = false;
      // The package itself loads the client, past the hook on `require`; its guide then patches by hand.
      return (client, OpenAI) => {
        if (!patched) instrumentation.manuallyInstrument(OpenAI);
        patched = true;
        return client;
      };
    },
  },
  {
    id: "langfuse",
    title: "@langfuse/openai",
    group: "peer",
    package: "@langfuse/openai",
    async setUp(processor) {
      registerProvider(processor);
      const { observeOpenAI } = requirePeer("@langfuse/openai");
      return (client) => observeOpenAI(client);
    },
  },
  {
    id: "openlit",
    title: "openlit",
    group: "peer",
    package: "openlit",
    env: { OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none" },
    async setUp(processor) {
      registerProvider(processor);
      const { trace } = requirePeer("@opentelemetry/api");
      // It takes over a provider that is already there only if it can add a processor to it.
      trace.getTracerProvider().addSpanProcessor = () => undefined;
      const { Openlit } = requirePeer("openlit");
      Openlit.init({ applicationName: "bench", pricingJson: "{}" });
      return same;
    },
  },
  {
    id: "traceloop",
    title: "@traceloop/instrumentation-openai",
    group: "peer",
    package: "@traceloop/instrumentation-openai",
    async setUp(processor) {
      const { OpenAIInstrumentation } = requirePeer("@traceloop/instrumentation-openai");
      registerInstrumentation(new OpenAIInstrumentation(), registerProvider(processor));
      return same;
    },
  },
  {
    id: "lmnr",
    title: "@lmnr-ai/lmnr",
    group: "peer",
    package: "@lmnr-ai/lmnr",
    async setUp(processor) {
      const { Laminar, LaminarSpanProcessor } = requirePeer("@lmnr-ai/lmnr");
      const baseUrl = "http://127.0.0.1:9";
      const spanProcessor = new LaminarSpanProcessor({ spanProcessor: processor });
      Laminar.initialize({ projectApiKey: "none", baseUrl, spanProcessor });
      return (client, OpenAI) => {
        Laminar.patch({ OpenAI });
        return client;
      };
    },
  },
];

/** The subject of an id. */
export function subjectOf(id) {
  const subject = SUBJECTS.find((one) => one.id === id);
  if (subject === undefined)
    throw new Error(`unknown subject ${id}; subjects are ${SUBJECTS.map((one) => one.id).join(", ")}`);
  return subject;
}
