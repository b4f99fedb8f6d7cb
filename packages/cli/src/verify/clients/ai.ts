import type { Scenario } from "@nexent/monitor-core/scenarios";
import { monitorMiddleware } from "@nexent/monitor/ai";
import { comesAsJson, modelOf } from "../scenario-request.ts";
import type { ClientCall, ClientDriver, ClientDriverKind } from "./driver.ts";

interface ProviderOptions {
  readonly apiKey: string;
  readonly baseURL: string;
  readonly headers: ClientCall["headers"];
}

type ModelOf = (modelId: string) => unknown;

interface Asked {
  readonly model: unknown;
  readonly prompt: string;
  readonly maxRetries: number;
  readonly abortSignal: AbortSignal;
  readonly onError: () => void;
}

/** What is used of `ai`. */
interface AiModule {
  wrapLanguageModel(options: { readonly model: unknown; readonly middleware: unknown }): unknown;
  streamText(asked: Asked): { readonly fullStream: AsyncIterable<unknown> };
  generateText(asked: Asked): Promise<unknown>;
}

/** What is used of `@ai-sdk/openai`. */
interface AiOpenAIModule {
  createOpenAI(options: ProviderOptions): Readonly<Record<"chat" | "responses" | "completion", ModelOf>>;
}

/** What is used of `@ai-sdk/anthropic`. */
interface AiAnthropicModule {
  createAnthropic(options: ProviderOptions): ModelOf;
}

interface Modules {
  readonly ai: AiModule;
  readonly openai: AiOpenAIModule;
  /** Only one version of the library is tried with a second provider. */
  readonly anthropic?: AiAnthropicModule;
}

function providerModel({ openai, anthropic }: Modules, { scenario, origin, headers }: ClientCall): unknown {
  const options = { apiKey: "none", baseURL: `${origin}/v1`, headers };
  const name = modelOf(scenario);
  if (scenario.format === "anthropic-messages") return anthropic?.createAnthropic(options)(name);
  const provider = openai.createOpenAI(options);
  if (scenario.format === "openai-responses") return provider.responses(name);
  return scenario.format === "openai-chat" ? provider.chat(name) : provider.completion(name);
}

const DELTAS: ReadonlySet<unknown> = new Set(["text-delta", "reasoning-delta", "tool-input-delta"]);

function isDelta(part: unknown): boolean {
  return typeof part === "object" && part !== null && "type" in part && DELTAS.has(part.type);
}

function createDriver(modules: Modules): ClientDriver {
  const { ai } = modules;
  return {
    async ask(call) {
      const { scenario, attributes, signal } = call;
      const middleware = monitorMiddleware({ attributes });
      const model = ai.wrapLanguageModel({ model: providerModel(modules, call), middleware });
      const prompt = "Play your schedule.";
      const asked = { model, prompt, maxRetries: 0, abortSignal: signal, onError: () => undefined };
      return scenario.stream ? ai.streamText(asked).fullStream : ai.generateText(asked);
    },
    counter: () => (part) => (isDelta(part) ? 1 : 0),
  };
}

const FORMATS: ReadonlySet<Scenario["format"]> = new Set([
  "openai-chat",
  "openai-completions",
  "openai-responses",
  "anthropic-messages",
]);

/** What the library keeps from its caller, and with it from every middleware. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  // It reads the first choice only.
  "two-choices",
  // Its OpenAI models read no reasoning of compatible servers, and no reasoning in full.
  "streamed-reasoning",
  "summarised-reasoning",
  "reasoning-without-count",
  "responses-streamed-reasoning",
  // The arguments come at once, with the end of the call.
  "responses-mcp-call-only",
  // It waits for the first chunk before it hands over the stream: the call itself fails.
  "reset-before-first-token",
  // It refuses an answer without usage, and takes one for complete only at its terminal event.
  "anthropic-usage-missing",
  "anthropic-chinese-text",
  "anthropic-end-without-message-stop",
]);

/** It reads a little ahead of its caller, and goes on when the caller has left. */
const READS_BY_ITSELF: ReadonlySet<Scenario["client"]["kind"]> = new Set(["break", "never_read"]);

/** The packages of one version of the library, by the names under which they are installed. */
interface AiPackages {
  readonly ai: string;
  readonly openai: string;
  readonly anthropic?: string;
}

function createModules([ai, openai, anthropic]: readonly unknown[]): Modules {
  const modules = { ai: ai as AiModule, openai: openai as AiOpenAIModule };
  return anthropic === undefined ? modules : { ...modules, anthropic: anthropic as AiAnthropicModule };
}

/**
 * A version of Vercel's `ai` with one or two of its providers.
 * @param except names of scenarios that this version does not show its caller.
 */
export const aiKind = (packages: AiPackages, except: readonly string[] = []): ClientDriverKind => ({
  packages: [packages.ai, packages.openai, ...(packages.anthropic === undefined ? [] : [packages.anthropic])],
  plays: (scenario) =>
    FORMATS.has(scenario.format) &&
    (packages.anthropic !== undefined || scenario.format !== "anthropic-messages") &&
    !except.includes(scenario.name) &&
    scenario.targets.includes("sdk") &&
    scenario.path === undefined &&
    !comesAsJson(scenario) &&
    !NOT_SHOWN.has(scenario.name) &&
    !READS_BY_ITSELF.has(scenario.client.kind),
  leavingEndsRequest: false,
  // Chunks without output are not handed on, and usage only with the end.
  hides: ({ truth }) => (truth.outcome === "ok" ? ["firstChunkSeconds"] : ["firstChunkSeconds", "inputTokens"]),
  create: (modules) => createDriver(createModules(modules)),
});
