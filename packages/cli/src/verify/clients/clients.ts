import { aiKind } from "./ai.ts";
import { anthropicKind } from "./anthropic.ts";
import type { ClientDriverKind } from "./driver.ts";
import { fetchKind } from "./fetch.ts";
import { genaiKind } from "./genai.ts";
import { langchainFetchKind, langchainKind } from "./langchain.ts";
import { ollamaKind } from "./ollama.ts";
import { openaiKind } from "./openai.ts";

/** What version 5 of `ai` keeps from its caller and the later ones tell. */
const AI5_KEEPS = [
  // Rejected predictions, and the pieces of arguments after the first that are JSON by themselves.
  "rejected-prediction",
  "tool-call-only",
  // Refusals, custom tools, and what an error event says.
  "responses-refusal",
  "responses-custom-tool-only",
  "responses-error-before-tokens",
  "responses-error-after-tokens",
  "responses-failed",
  // It takes an answer for complete only when it brings usage.
  "responses-usage-missing",
  "responses-chinese-text",
];

/** Every client library that can be verified. Versions of `openai` and `ai` go by the aliases under which they are installed. */
export const CLIENTS = {
  openai: openaiKind("openai"),
  // It throws the error event of a response without the code that stood in it.
  openai4: openaiKind("openai4", ["responses-error-before-tokens", "responses-error-after-tokens"]),
  openai5: openaiKind("openai5"),
  openai7: openaiKind("openai7"),
  anthropic: anthropicKind,
  genai: genaiKind,
  ollama: ollamaKind,
  ai: aiKind({ ai: "ai", openai: "@ai-sdk/openai", anthropic: "@ai-sdk/anthropic" }),
  ai5: aiKind({ ai: "ai5", openai: "ai5-openai" }, AI5_KEEPS),
  // A refusal is no part of it any more.
  ai7: aiKind({ ai: "ai7", openai: "ai7-openai" }, ["responses-refusal"]),
  langchain: langchainKind,
  "langchain-fetch": langchainFetchKind,
  fetch: fetchKind,
} as const satisfies Readonly<Record<string, ClientDriverKind>>;

/** Names of the client libraries, as targets. */
export type ClientName = keyof typeof CLIENTS;

/** All of them. */
export const CLIENT_NAMES = Object.keys(CLIENTS) as readonly ClientName[];

/** Whether this is the name of a client library. */
export function isClientName(name: string | undefined): name is ClientName {
  return name !== undefined && Object.hasOwn(CLIENTS, name);
}
