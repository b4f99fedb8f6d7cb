/** HTTP method and path -> the LLM endpoint that is asked, whoever serves it (measurement contract 3.2, gateway contract 3). */
import { LIMITS } from "../limits.ts";

/** Id of a wire format; the key of `providerByFormat`. */
export type WireFormat =
  | "openai-chat"
  | "openai-completions"
  | "openai-responses"
  | "openai-embeddings"
  | "anthropic-messages"
  | "gemini"
  | "ollama";

/** One LLM endpoint, as far as the request line tells. */
export interface LlmRoute {
  readonly format: WireFormat;
  /** `gen_ai.operation.name`: `chat`, `text_completion`, `generate_content`, `embeddings`, `rerank`. */
  readonly operation: string;
  /** End of the path with `{model}` for a name in it: a bounded name of the endpoint, e.g. `/chat/completions`. */
  readonly pattern: string;
  /** The model, where the path names it: Gemini, Vertex, Bedrock, an Azure deployment. Else the body does. */
  readonly model?: string;
  /** Set where the path decides: Gemini and Vertex, and false for what never streams. Else the body does. */
  readonly streaming?: boolean;
  /** How a streamed answer is framed. `json_array` comes under `application/json`, like a whole answer. */
  readonly framing?: "sse" | "ndjson" | "json_array";
}

/** What a path's ending says before the rest of the path has been looked at. */
type Endpoint = Omit<LlmRoute, "pattern">;
type Ending = readonly [suffix: string, endpoint: Endpoint];

const SSE = { framing: "sse" } as const;
const WHOLE = { streaming: false } as const;

/** Endings of a path, longer ones before those they end with. */
const ENDINGS: readonly Ending[] = [
  ["/chat/completions", { format: "openai-chat", operation: "chat", ...SSE }],
  ["/completions", { format: "openai-completions", operation: "text_completion", ...SSE }],
  ["/responses", { format: "openai-responses", operation: "chat", ...SSE }],
  ["/v1/messages", { format: "anthropic-messages", operation: "chat", ...SSE }],
  ["/api/chat", { format: "ollama", operation: "chat", framing: "ndjson" }],
  ["/api/generate", { format: "ollama", operation: "text_completion", framing: "ndjson" }],
  ["/api/embed", { format: "ollama", operation: "embeddings", ...WHOLE }],
  ["/api/embeddings", { format: "ollama", operation: "embeddings", ...WHOLE }],
  ["/embeddings", { format: "openai-embeddings", operation: "embeddings", ...WHOLE }],
  ["/rerank", { format: "openai-embeddings", operation: "rerank", ...WHOLE }],
  ["/score", { format: "openai-embeddings", operation: "rerank", ...WHOLE }],
];

/** Methods behind the colon of a Gemini or Vertex path. */
const GENERATES = { format: "gemini", operation: "generate_content" } as const;
const EMBEDS = { format: "gemini", operation: "embeddings", ...WHOLE } as const;
const GOOGLE_METHODS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["generateContent", { ...GENERATES, ...WHOLE }],
  ["streamGenerateContent", { ...GENERATES, streaming: true, framing: "json_array" }],
  ["embedContent", EMBEDS],
  ["batchEmbedContents", EMBEDS],
]);
/** Vertex hands a partner's own format through; of these only Anthropic's is one of ours. */
const MESSAGES = { format: "anthropic-messages", operation: "chat" } as const;
const ANTHROPIC_METHODS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["rawPredict", { ...MESSAGES, ...WHOLE }],
  ["streamRawPredict", { ...MESSAGES, streaming: true, ...SSE }],
]);
const GOOGLE_COLLECTIONS = new Set(["models", "tunedModels", "endpoints"]);
/** Azure deployments and OpenAI's old engines: the segment behind names the model. */
const MODEL_COLLECTIONS = new Set(["deployments", "engines"]);

/** A segment as the client meant it; as it stands when it is no valid encoding. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function asksForEvents(search: string): boolean {
  const parameters = search.slice(search.startsWith("?") ? 1 : 0).split("&");
  return parameters.some((parameter) => /^(?:\$|%24)?alt=sse$/i.test(parameter));
}

/** `…/models/{m}:{method}`; `publishers` comes before `models` on Vertex. */
function googleRoute(segments: readonly string[], search: string): LlmRoute | undefined {
  const last = segments.at(-1) ?? "";
  const colon = last.lastIndexOf(":");
  const collection = segments.at(-2) ?? "";
  if (colon <= 0 || !GOOGLE_COLLECTIONS.has(collection)) return undefined;
  const method = last.slice(colon + 1);
  const isAnthropic = segments.at(-3) === "anthropic" && segments.at(-4) === "publishers";
  const route = (isAnthropic ? ANTHROPIC_METHODS : GOOGLE_METHODS).get(method);
  if (route === undefined) return undefined;
  const name = decoded(last.slice(0, colon));
  const model = collection === "models" ? name : `${collection}/${name}`;
  const pattern = `/${collection}/{model}:${method}`;
  return { ...route, pattern, model, ...(route.framing === "json_array" && asksForEvents(search) ? SSE : {}) };
}

/** Bedrock's `/model/{id}/invoke` takes and gives the model's own format. */
function bedrockRoute(segments: readonly string[]): LlmRoute | undefined {
  if (segments.at(-1) !== "invoke" || segments.at(-3) !== "model") return undefined;
  const model = decoded(segments.at(-2) ?? "");
  return model.includes("anthropic.") ? { ...MESSAGES, ...WHOLE, pattern: "/model/{model}/invoke", model } : undefined;
}

function endingRoute(path: string): LlmRoute | undefined {
  const ending = ENDINGS.find(([suffix]) => path.endsWith(suffix));
  if (ending === undefined) return undefined;
  const [suffix, endpoint] = ending;
  const route = { ...endpoint, pattern: suffix };
  const head = path.slice(0, -suffix.length).split("/");
  const model = MODEL_COLLECTIONS.has(head.at(-2) ?? "") ? decoded(head.at(-1) ?? "") : "";
  return model === "" ? route : { ...route, model };
}

/**
 * The LLM endpoint of a request; undefined when it is none we read. Only the end of the path counts, so any prefix may
 * stand before it (`/v1`, `/openai/deployments/{deployment}`, `/v1beta`, `/v1/projects/…`, a gateway's own). It says
 * nothing about who listens there; {@link providerOfHost} does.
 *
 * Vertex: Gemini models, and Anthropic's through `:rawPredict` and `:streamRawPredict`. Bedrock: Anthropic's through
 * `/model/{id}/invoke`. Not read, because their bodies are in no format of ours: other partners on Vertex, `:predict`,
 * Bedrock's `converse` and its `…-stream` endpoints (binary event streams), Gemini's `interactions`, WebSockets.
 *
 * Takes time linear in the path; a path beyond 8 KiB is none of ours, a query beyond that is not looked at.
 * @param method as sent; only `POST` asks a model.
 * @param path of the URL, without query, still percent-encoded.
 * @param search the query, with or without its `?`.
 */
export function llmRouteOf(method: string, path: string, search = ""): LlmRoute | undefined {
  if (method !== "POST" || path.length > LIMITS.routePathBytes) return undefined;
  const plain = path.endsWith("/") ? path.slice(0, -1) : path;
  const ending = endingRoute(plain);
  if (ending !== undefined) return ending;
  const segments = plain.split("/");
  return bedrockRoute(segments) ?? googleRoute(segments, search.length > LIMITS.routePathBytes ? "" : search);
}
