/** OpenAI Chat Completions and legacy Completions, with the quirks of compatible servers (measurement contract 3.2, 3.3). */
import { readChunk, readResponse } from "./openai-chunk.ts";
import { readRequest } from "./openai-request.ts";
import { createOpenAiStreamParser } from "./openai-stream.ts";
import { readText } from "./openai-plain-chunk.ts";
import type { Provider } from "./provider.ts";

function createOpenAiProvider(format: string): Provider {
  return {
    format,
    createStreamParser: createOpenAiStreamParser,
    readChunk,
    readText,
    readRequest,
    readResponse,
    normalEnd: "finish_reason",
  };
}

/** `POST …/chat/completions`. */
export const openaiChat: Provider = createOpenAiProvider("openai-chat");

/** Legacy `POST …/completions`: the delta is `choices[].text`. */
export const openaiCompletions: Provider = createOpenAiProvider("openai-completions");
