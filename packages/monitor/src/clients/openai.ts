/** `@nexent/monitor/openai`: the OpenAI client, versions 4 to 7, and its Azure class. */
import { openaiChat, openaiCompletions, openaiEmbeddings, openaiResponses } from "@nexent/monitor-core";
import { safeProperty } from "../redact.ts";
import type { ClientOptions } from "./client-options.ts";
import { wrapStainless, type ClientShape } from "./stainless.ts";

export type { ClientOptions } from "./client-options.ts";

const OPENAI: ClientShape = {
  wrapper: "wrapOpenAI",
  resources: [
    { path: ["chat", "completions"], operation: "chat", format: openaiChat },
    { path: ["responses"], operation: "chat", format: openaiResponses },
    { path: ["beta", "responses"], operation: "chat", format: openaiResponses },
    { path: ["completions"], operation: "text_completion", format: openaiCompletions },
    { path: ["embeddings"], operation: "embeddings", format: openaiEmbeddings },
  ],
  helpers: [["chat", "completions"], ["beta", "chat", "completions"], ["responses"]],
  // Only the Azure class has an API version.
  providerOf: (client) => (typeof safeProperty(client, "apiVersion") === "string" ? "azure.ai.openai" : "openai"),
};

/**
 * Observes an OpenAI client in place: `chat.completions`, `responses`, `completions` and `embeddings` with `create`,
 * `parse` and `stream`, and every HTTP request they send. Nothing is added to a request.
 * @returns the same instance; wrapping twice is wrapping once.
 * @example
 * const client = wrapOpenAI(new OpenAI());
 */
export function wrapOpenAI<C extends object>(client: C, options: ClientOptions = {}): C {
  return wrapStainless(client, OPENAI, options);
}
