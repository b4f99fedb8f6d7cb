/** `@nexent/monitor/ai`: middleware for the language models of the AI SDK (`ai` 5 to 7). */
import { gemini, summarisesThinking } from "@nexent/monitor-core";
import { createAiParts } from "../follow/ai-parts.ts";
import { followResult } from "../follow/follow-result.ts";
import { manager } from "../manager.ts";
import { observeCall, openRecording, type CallToObserve } from "../observe-call.ts";
import { safeProperty } from "../redact.ts";
import type { Runtime } from "../runtime.ts";
import type { Recording } from "../recording/recording.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import { endOfThrown } from "../recording/thrown-error.ts";
import { CallAttempts } from "./call-attempts.ts";
import type { ClientOptions } from "./client-options.ts";
import { derive } from "./derived.ts";
import { isFetch, tellAttempts } from "./fetch-hook.ts";
import { isMethod } from "./instance.ts";

export type { ClientOptions } from "./client-options.ts";

/** What a middleware is given of a call; the same in all versions of the interface. */
export interface MiddlewareCall {
  readonly params: object;
  readonly model: object;
}

/** A middleware for `wrapLanguageModel`; `Version` is that of the interface, which the caller asks for. */
export interface MonitorMiddleware<Version extends string> {
  readonly specificationVersion: Version;
  readonly wrapGenerate: <R>(call: MiddlewareCall & { readonly doGenerate: () => PromiseLike<R> }) => Promise<R>;
  readonly wrapStream: <R extends { stream: unknown }>(
    call: MiddlewareCall & { readonly doStream: () => PromiseLike<R> },
  ) => Promise<R>;
}

/** First parts of the names that models give their provider, where the label has another one. */
const PROVIDERS: Readonly<Record<string, string>> = {
  "amazon-bedrock": "aws.bedrock",
  azure: "azure.ai.openai",
  "azure-openai": "azure.ai.openai",
  google: "gcp.gemini",
  mistral: "mistral_ai",
  moonshotai: "moonshot_ai",
  vertex: "gcp.vertex_ai",
  xai: "x_ai",
};

/** `openai.chat` -> `openai`, `google.vertex.chat` -> `gcp.vertex_ai`. */
function providerOf(model: object): string {
  const name = safeProperty(model, "provider");
  if (typeof name !== "string" || name === "") return UNKNOWN;
  if (name.startsWith("google.vertex")) return "gcp.vertex_ai";
  const [first = name] = name.split(".");
  return Object.hasOwn(PROVIDERS, first) ? (PROVIDERS[first] ?? first) : first;
}

/** OpenAI and Google hand on summaries of what their models think, Anthropic depending on the model, others all of it. */
function summarisesReasoning(model: object): boolean {
  const [provider, modelId] = [safeProperty(model, "provider"), safeProperty(model, "modelId")];
  if (typeof provider === "string" && /^google\b|\.responses$/.test(provider)) return true;
  return typeof modelId === "string" && summarisesThinking(modelId);
}

/** Undefined for arguments that cannot even be looked at; the call then goes unobserved. */
function callOf(call: MiddlewareCall, streaming: boolean, options: ClientOptions): CallToObserve | undefined {
  try {
    return describe(call, streaming, options);
  } catch {
    return undefined;
  }
}

function describe({ params, model }: MiddlewareCall, streaming: boolean, options: ClientOptions): CallToObserve {
  const modelId = safeProperty(model, "modelId");
  const signal = safeProperty(params, "abortSignal");
  // The call settings of the AI SDK have the names of Gemini's.
  const { parameters } = gemini.readRequest({ generationConfig: params });
  return {
    call: {
      provider: options.provider ?? providerOf(model),
      model: typeof modelId === "string" && modelId !== "" ? modelId : UNKNOWN,
      operation: "chat",
      streaming,
      clockSource: "iterator",
      attributes: { ...options.attributes, ...parameters },
    },
    request: params,
    provider: createAiParts({ summarisesReasoning: summarisesReasoning(model) }),
    askedStream: streaming,
    callerSignal: signal instanceof AbortSignal ? signal : undefined,
    ...(options.tokenTape !== undefined && { tokenTape: options.tokenTape }),
  };
}

/**
 * The model for one call, whose HTTP request is heard: of the parts that the library hands on, only the transport knows
 * when they came. Providers keep their `fetch` in `config`; undefined for a model that does not.
 */
function linkedModel(model: object, recording: Recording): object | undefined {
  const config = safeProperty(model, "config");
  if (typeof config !== "object" || config === null || !("fetch" in config)) return undefined;
  const base = config.fetch ?? globalThis.fetch;
  if (!isFetch(base)) return undefined;
  const fetch = tellAttempts(base, new CallAttempts(recording));
  const linked = derive(model, { config: { ...config, fetch } });
  return linked === model ? undefined : linked;
}

/** Asks a model as `ask` would, with its request heard where that can be. */
function askLinked<R>(
  method: "doGenerate" | "doStream",
  { params, model }: MiddlewareCall,
  recording: Recording | undefined,
  ask: () => PromiseLike<R>,
): PromiseLike<R> {
  const linked = recording && linkedModel(model, recording);
  const original = safeProperty(linked, method);
  if (!isMethod(original)) return ask();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `ask` calls, on the same model
  return original.apply(linked, [params]) as PromiseLike<R>;
}

/** The stream comes as a member of the result: it alone is followed. */
async function observeStream<R extends { stream: unknown }>(
  runtime: Runtime,
  wanted: CallToObserve,
  call: MiddlewareCall & { readonly doStream: () => PromiseLike<R> },
): Promise<R> {
  const recording = openRecording(runtime, wanted);
  if (recording === undefined) return call.doStream();
  const inside = <T>(work: () => T): T => runtime.inside(recording, work);
  let result: R;
  try {
    result = await inside(() => askLinked("doStream", call, recording, () => call.doStream()));
  } catch (error) {
    recording.end(endOfThrown(error, "call", wanted.callerSignal));
    throw error;
  }
  recording.clock.markFirstByte(recording.micros(performance.now()));
  const stream = followResult(result.stream, { ...wanted, sink: recording, watch: runtime.watch, inside });
  return { ...result, stream };
}

/**
 * Middleware that observes every call of a language model, streamed or not, whoever provides it.
 * @example
 * const model = wrapLanguageModel({ model: openai("gpt-4o"), middleware: monitorMiddleware() });
 */
export function monitorMiddleware<Version extends string = "v3">(
  options: ClientOptions = {},
): MonitorMiddleware<Version> {
  manager.addSite("monitorMiddleware");
  const middleware: Omit<MonitorMiddleware<Version>, "specificationVersion"> = {
    async wrapGenerate(call) {
      const runtime = manager.runtime();
      const wanted = runtime && callOf(call, false, options);
      if (runtime === undefined || wanted === undefined) return call.doGenerate();
      const run = (recording: Recording | undefined): unknown =>
        askLinked("doGenerate", call, recording, () => call.doGenerate());
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is observed comes back as it was
      return observeCall(runtime, wanted, run) as ReturnType<typeof call.doGenerate>;
    },
    async wrapStream(call) {
      const runtime = manager.runtime();
      const wanted = runtime && callOf(call, true, options);
      if (runtime === undefined || wanted === undefined) return call.doStream();
      return observeStream(runtime, wanted, call);
    },
  };
  // The versions of the interface differ in nothing that is used here, and nobody looks at this at run time.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the line above says
  return { specificationVersion: "v3" as Version, ...middleware };
}
