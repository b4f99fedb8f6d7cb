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
  readonly callbacks?: readonly unknown[];
  readonly configuration: {
    readonly baseURL: string;
    readonly defaultHeaders: ClientCall["headers"];
    readonly fetch?: typeof fetch;
  };
}

/** What is used of `@langchain/openai`. */
interface LangChainModule {
  readonly ChatOpenAI: new (settings: ModelSettings) => {
    stream(prompt: string, options: { readonly signal: AbortSignal }): Promise<unknown>;
    invoke(prompt: string, options: { readonly signal: AbortSignal }): Promise<unknown>;
  };
}

/** What a call is watched by: a callback handler, or the transport of the model's client. */
type Watched = "callbacks" | "fetch";

function settingsOf({ scenario, origin, headers, attributes }: ClientCall, watched: Watched): ModelSettings {
  const configuration = { baseURL: `${origin}/v1`, defaultHeaders: headers };
  return {
    model: modelOf(scenario),
    apiKey: "none",
    maxRetries: 0,
    useResponsesApi: scenario.format === "openai-responses",
    streamUsage: scenario.includeUsage,
    ...(watched === "callbacks"
      ? { callbacks: [monitorCallbacks({ attributes })], configuration }
      : { configuration: { ...configuration, fetch: monitoredFetch(undefined, { attributes }) } }),
  };
}

function hasText(chunk: unknown): boolean {
  return typeof chunk === "object" && chunk !== null && "text" in chunk && chunk.text !== "";
}

function createDriver({ ChatOpenAI }: LangChainModule, watched: Watched): ClientDriver {
  return {
    async ask(call) {
      const model = new ChatOpenAI(settingsOf(call, watched));
      const { scenario, signal } = call;
      return scenario.stream
        ? model.stream("Play your schedule.", { signal })
        : model.invoke("Play your schedule.", { signal });
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
