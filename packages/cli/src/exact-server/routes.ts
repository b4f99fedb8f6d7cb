/** Which path speaks which format. */

/** What a route speaks. */
export type ExactFormat =
  | "openai-chat"
  | "openai-completions"
  | "openai-responses"
  | "openai-embeddings"
  | "anthropic-messages"
  | "gemini"
  | "ollama-chat"
  | "ollama-generate"
  | "ollama-embed";

/** A path that answers POST requests. */
export interface ExactRoute {
  readonly format: ExactFormat;
  /** Model and kind of answer, where the path tells them and not the body. */
  readonly given?: {
    readonly model: string;
    readonly stream: boolean;
    /** The stream is one JSON array. */
    readonly inArray: boolean;
  };
}

const PATHS: ReadonlyMap<string, ExactRoute> = new Map(
  (
    [
      ["/v1/chat/completions", "openai-chat"],
      ["/v1/completions", "openai-completions"],
      ["/v1/responses", "openai-responses"],
      ["/v1/embeddings", "openai-embeddings"],
      ["/v1/messages", "anthropic-messages"],
      ["/api/chat", "ollama-chat"],
      ["/api/generate", "ollama-generate"],
      ["/api/embed", "ollama-embed"],
    ] as const
  ).map(([path, format]) => [path, { format }]),
);

/** The model name may hold slashes, as they are or percent-encoded. */
const GEMINI = /^\/v1(?:beta)?\/models\/(.+):(generateContent|streamGenerateContent)$/;

/** The route of a request target; undefined when there is none. `query` begins with `?` or is empty. */
export function routeOf(path: string, query: string): ExactRoute | undefined {
  const route = PATHS.get(path);
  if (route !== undefined) return route;
  const [, encoded, method] = GEMINI.exec(path) ?? [];
  const model = encoded === undefined ? undefined : decoded(encoded);
  if (model === undefined) return undefined;
  const stream = method === "streamGenerateContent";
  const inArray = stream && new URLSearchParams(query).get("alt") !== "sse";
  return { format: "gemini", given: { model, stream, inArray } };
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A lone percent sign: no client writes such a path.
    return undefined;
  }
}
