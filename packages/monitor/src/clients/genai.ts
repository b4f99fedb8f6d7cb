/** `@nexent/monitor/genai`: Google's client for Gemini and Vertex AI. */
import { gemini } from "@nexent/monitor-core";
import type { CallAttempts } from "./call-attempts.ts";
import type { CallToObserve } from "../observe-call.ts";
import { safeProperty } from "../redact.ts";
import { providerAt, serverOf } from "./server-address.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import type { ClientOptions } from "./client-options.ts";
import { derive } from "./derived.ts";
import { isFetch, tellAttempts } from "./fetch-hook.ts";
import { isMethod, partOf, replaceMethod, wrapInPlace } from "./instance.ts";
import { observeMethod, type Describe } from "./observed-method.ts";

export type { ClientOptions } from "./client-options.ts";

/** One request to a model. The public methods may make several: for tools they call themselves, for continuations. */
interface Asking {
  /** The first that the client has is observed. */
  readonly methods: readonly string[];
  readonly operation: string;
  readonly streaming: boolean;
}

const ASKING: readonly Asking[] = [
  { methods: ["generateContentInternal", "generateContent"], operation: "generate_content", streaming: false },
  {
    methods: ["generateContentStreamInternal", "generateContentStream"],
    operation: "generate_content",
    streaming: true,
  },
  { methods: ["embedContentInternal", "embedContent"], operation: "embeddings", streaming: false },
];

/** The parameter of `apiCall` that takes a `fetch`. */
const FETCH_PARAMETER = 5;

/** `models/{m}`, `publishers/google/models/{m}`, `{m}`. */
function modelOf(params: unknown): string {
  const model = safeProperty(params, "model");
  if (typeof model !== "string" || model === "") return UNKNOWN;
  const at = model.lastIndexOf("models/");
  return at < 0 ? model : model.slice(at + "models/".length);
}

function signalOf(config: unknown): AbortSignal | undefined {
  const signal = safeProperty(config, "abortSignal");
  return signal instanceof AbortSignal ? signal : undefined;
}

function describe(client: object, { operation, streaming }: Asking, options: ClientOptions): Describe {
  return ([params]): CallToObserve => {
    const config = safeProperty(params, "config");
    const baseURL = safeProperty(partOf(client, ["apiClient", "clientOptions", "httpOptions"]), "baseUrl");
    const own = safeProperty(client, "vertexai") === true ? "gcp.vertex_ai" : "gcp.gemini";
    const { parameters } = gemini.readRequest({ generationConfig: config });
    return {
      call: {
        provider: options.provider ?? providerAt(baseURL) ?? own,
        model: modelOf(params),
        operation,
        streaming,
        clockSource: "iterator",
        attributes: { ...options.attributes, ...parameters },
        ...serverOf(baseURL),
      },
      request: params,
      provider: gemini,
      askedStream: streaming,
      callerSignal: signalOf(config),
      ...(options.tokenTape !== undefined && { tokenTape: options.tokenTape }),
    };
  };
}

/** The part that makes the HTTP requests, for one call; where it takes no `fetch`, attempts stay unseen. */
function linkedApi(api: object, attempts: CallAttempts): object {
  const original = safeProperty(api, "apiCall");
  if (!isMethod(original) || original.length <= FETCH_PARAMETER) return api;
  const apiCall = (...args: unknown[]): unknown => {
    const given = args[FETCH_PARAMETER] ?? globalThis.fetch;
    if (!isFetch(given)) return original.apply(api, args);
    const sent = args.slice();
    sent[FETCH_PARAMETER] = tellAttempts(given, attempts);
    return original.apply(api, sent);
  };
  return derive(api, { apiCall });
}

function linkedModels(models: unknown, attempts: CallAttempts): unknown {
  if (typeof models !== "object" || models === null) return models;
  const api = partOf(models, ["apiClient"]);
  const linked = api && linkedApi(api, attempts);
  return linked === undefined || linked === api ? models : derive(models, { apiClient: linked });
}

function patchModels(models: object, { methods }: Asking, describeCall: Describe): void {
  const method = methods.find((name) => isMethod(safeProperty(models, name)));
  if (method === undefined) return;
  replaceMethod(models, method, (original) =>
    observeMethod(original, describeCall, (self, args, attempts) =>
      original.apply(linkedModels(self, attempts), [...args]),
    ),
  );
}

/**
 * Observes a `GoogleGenAI` client in place: `models.generateContent`, `models.generateContentStream` and
 * `models.embedContent`, and the chats made with it. Nothing is added to a request.
 * @returns the same instance; wrapping twice is wrapping once.
 * @example
 * const ai = wrapGoogleGenAI(new GoogleGenAI({ apiKey }));
 */
export function wrapGoogleGenAI<C extends object>(client: C, options: ClientOptions = {}): C {
  return wrapInPlace(client, "wrapGoogleGenAI", (found) => {
    const models = partOf(found, ["models"]);
    if (models !== undefined)
      for (const asking of ASKING) patchModels(models, asking, describe(found, asking, options));
  });
}
