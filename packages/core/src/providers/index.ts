import { anthropicMessages } from "./anthropic-messages.ts";
import { gemini } from "./gemini.ts";
import { ollama } from "./ollama.ts";
import { openaiChat, openaiCompletions } from "./openai-chat.ts";
import { openaiEmbeddings } from "./openai-embeddings.ts";
import { openaiResponses } from "./openai-responses.ts";
import type { Provider } from "./provider.ts";

/** Every wire format we read. */
const PROVIDERS: readonly Provider[] = [
  openaiChat,
  openaiCompletions,
  openaiResponses,
  openaiEmbeddings,
  anthropicMessages,
  gemini,
  ollama,
];

/** The provider of a format id such as `openai-chat`; undefined when we do not read it. */
export function providerByFormat(format: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.format === format);
}
