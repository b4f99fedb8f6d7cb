import type { Scenario, ScenarioFormat } from "@nexent/monitor-core/scenarios";
import { monitoredFetch } from "@nexent/monitor/fetch";
import { monitorCallbacks } from "@nexent/monitor/langchain";
import { comesAsJson, modelOf } from "../scenario-request.ts";
import { fetchKind } from "./fetch.ts";
import type { ClientCall, ClientDriver, ClientDriverKind } from "./driver.ts";

interface ModelSettings {
  readonly model: string;
  readonly apiKey: string;
  readonly maxRetries: number;
  readonly useResponsesApi: boolean;
  /** It asks for usage unless told otherwise. */
  readonly streamUsage: boolean;
  readonly configuration: { readonly baseURL: string; readonly fetch?: typeof fetch };
}

interface CallSettings {
  readonly signal: AbortSignal;
  readonly callbacks?: readonly unknown[];
  /** Of a stream. */
  readonly headers: ClientCall["headers"];
  /** Of a whole answer. */
  readonly options: { readonly headers: ClientCall["headers"] };
}

type Ask = (prompt: string, settings: CallSettings) => Promise<unknown>;

/** What is used of `@langchain/openai`. */
interface LangChainModule {
  readonly ChatOpenAI: new (settings: ModelSettings) => { readonly stream: Ask; readonly invoke: Ask };
}

/** What a call is watched by: a callback handler, or the transport of the model's client. */
type Watched = "callbacks" | "fetch";

function settingsOf({ scenario, origin, attributes }: ClientCall, watched: Watched): ModelSettings {
  const baseURL = `${origin}/v1`;
  return {
    model: modelOf(scenario),
    apiKey: "none",
    maxRetries: 0,
    useResponsesApi: scenario.format === "openai-responses",
    streamUsage: scenario.includeUsage,
    configuration:
      watched === "callbacks" ? { baseURL } : { baseURL, fetch: monitoredFetch(undefined, { attributes }) },
  };
}

function callSettingsOf({ headers, attributes, signal }: ClientCall, watched: Watched): CallSettings {
  const settings = { signal, headers, options: { headers } };
  return watched === "callbacks" ? { ...settings, callbacks: [monitorCallbacks({ attributes })] } : settings;
}

function hasText(chunk: unknown): boolean {
  return typeof chunk === "object" && chunk !== null && "text" in chunk && chunk.text !== "";
}

function createDriver({ ChatOpenAI }: LangChainModule, watched: Watched): ClientDriver {
  type Model = InstanceType<typeof ChatOpenAI>;
  const models = new Map<string, Model>();
  /** Applications keep a model: it makes its client within its first call, and that is not repeated. */
  function modelFor(call: ClientCall): Model {
    const settings = settingsOf(call, watched);
    if (watched === "fetch") return new ChatOpenAI(settings);
    const key = JSON.stringify(settings);
    const model = models.get(key) ?? new ChatOpenAI(settings);
    models.set(key, model);
    return model;
  }
  return {
    async ask(call) {
      const model = modelFor(call);
      const settings = callSettingsOf(call, watched);
      return call.scenario.stream
        ? model.stream("Play your schedule.", settings)
        : model.invoke("Play your schedule.", settings);
    },
    counter: () => (chunk) => (hasText(chunk) ? 1 : 0),
  };
}

const FORMATS: ReadonlySet<ScenarioFormat> = new Set(["openai-chat", "openai-responses"]);

function playsAtAll(scenario: Scenario): boolean {
  return (
    FORMATS.has(scenario.format) &&
    scenario.targets.includes("sdk") &&
    scenario.path === undefined &&
    !comesAsJson(scenario)
  );
}

/** What the library keeps from its callbacks. */
const NOT_TOLD: ReadonlySet<string> = new Set([
  // Some usage, and reasoning that is not of its own model.
  "rejected-prediction",
  "summarised-reasoning",
  "reasoning-without-count",
  "responses-summarised-reasoning",
  "responses-streamed-reasoning",
  "responses-reasoning-without-count",
  // Deltas that are no text.
  "responses-refusal",
  "responses-mcp-call-only",
  // That a stream was left.
  "early-break",
  "responses-early-break",
  // What an event said that is not about output.
  "responses-error-before-tokens",
  "responses-error-after-tokens",
  "responses-failed",
]);

/** `@langchain/openai`, watched by a callback handler: the library tells it of what it has made of a chunk. */
export const langchainKind: ClientDriverKind = {
  packages: ["@langchain/openai"],
  plays: (scenario) => playsAtAll(scenario) && !NOT_TOLD.has(scenario.name),
  leavingEndsRequest: false,
  // From the start of the run to the request lies work of the library, and it tells of a chunk after it was consumed.
  slack: 1.5,
  create: ([module]) => createDriver(module as LangChainModule, "callbacks"),
};

/** `@langchain/openai`, watched at the transport of the client inside, from which it reads by itself. */
export const langchainFetchKind: ClientDriverKind = {
  packages: ["@langchain/openai"],
  plays: (scenario) => playsAtAll(scenario) && fetchKind.plays(scenario) && scenario.client.kind !== "never_read",
  leavingEndsRequest: true,
  create: ([module]) => createDriver(module as LangChainModule, "fetch"),
};
