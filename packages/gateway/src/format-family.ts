/** Wire formats that share how they tell an error and where their clients put the key. */
import type { WireFormat } from "@nexent/monitor-core";

/** Whose manners a format has. */
export type FormatFamily = "openai" | "anthropic" | "gemini" | "ollama";

const FAMILIES: Readonly<Record<WireFormat, FormatFamily>> = {
  "openai-chat": "openai",
  "openai-completions": "openai",
  "openai-responses": "openai",
  "openai-embeddings": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gemini",
  ollama: "ollama",
};

/** What an endpoint of a provider speaks that is in no format of ours. */
const OF_PROVIDERS: ReadonlyMap<string, FormatFamily> = new Map<string, FormatFamily>([
  ["anthropic", "anthropic"],
  ["gcp.gemini", "gemini"],
  ["gcp.vertex_ai", "gemini"],
  ["ollama", "ollama"],
]);

const KEY_HEADERS: Readonly<Record<FormatFamily, string>> = {
  openai: "authorization",
  anthropic: "x-api-key",
  gemini: "x-goog-api-key",
  ollama: "authorization",
};

/** The family of a format. */
export function familyOf(format: WireFormat): FormatFamily {
  return FAMILIES[format];
}

/** The family a provider speaks where the path does not tell; OpenAI's is what most servers take. */
export function familyOfProvider(provider: string): FormatFamily {
  return OF_PROVIDERS.get(provider) ?? "openai";
}

/** Header in which a provider expects its key, lower case. Azure takes a bearer for users of its directory only. */
export function keyHeaderOf(provider: string, family: FormatFamily): string {
  return family === "openai" && provider === "azure.ai.openai" ? "api-key" : KEY_HEADERS[family];
}
