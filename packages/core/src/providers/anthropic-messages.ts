/** Anthropic Messages, `POST …/v1/messages`, also as other servers speak it (measurement contract 3.2). */
import { readResponse } from "./anthropic-answer.ts";
import { createAnthropicStreamParser, readChunk } from "./anthropic-event.ts";
import { readRequest } from "./anthropic-request.ts";
import type { Provider } from "./provider.ts";

/** `POST …/v1/messages`. */
export const anthropicMessages: Provider = {
  format: "anthropic-messages",
  createStreamParser: createAnthropicStreamParser,
  readChunk,
  readRequest,
  readResponse,
  normalEnd: "finish_reason",
};
