/** OpenAI Responses, `POST …/responses`, also as other servers speak it (measurement contract 3.2). */
import { readResponse } from "./openai-responses-answer.ts";
import { createResponsesStreamParser, readChunk } from "./openai-responses-event.ts";
import { readRequest } from "./openai-responses-request.ts";
import type { Provider } from "./provider.ts";

/** `POST …/responses`. */
export const openaiResponses: Provider = {
  format: "openai-responses",
  createStreamParser: createResponsesStreamParser,
  readChunk,
  readRequest,
  readResponse,
  normalEnd: "finish_reason",
};
