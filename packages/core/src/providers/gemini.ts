/** Gemini's native format, as spoken by the Gemini API and by Vertex AI (measurement contract 3.2). */
import { ATTR } from "../names/attributes.ts";
import { readChunk, readResponse } from "./gemini-chunk.ts";
import { createGeminiStreamParser } from "./gemini-stream.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import type { Provider, RequestReading } from "./provider.ts";
import { readParameters, readRequestBody, type ParameterTable } from "./request-parameters.ts";

/** Members of `generationConfig`. */
const PARAMETERS: ParameterTable = [
  ["maxOutputTokens", ATTR.genAiRequestMaxTokens, "number"],
  ["temperature", ATTR.genAiRequestTemperature, "number"],
  ["topP", ATTR.genAiRequestTopP, "number"],
  ["topK", ATTR.genAiRequestTopK, "number"],
  ["seed", ATTR.genAiRequestSeed, "number"],
  ["stopSequences", ATTR.genAiRequestStopSequences, "texts"],
  ["frequencyPenalty", ATTR.genAiRequestFrequencyPenalty, "number"],
  ["presencePenalty", ATTR.genAiRequestPresencePenalty, "number"],
];

function readBody(given: Fields): RequestReading {
  const config = fieldsOf(given["generationConfig"]);
  const level = textOf(fieldsOf(config?.["thinkingConfig"])?.["thinkingLevel"]);
  const count = config?.["candidateCount"];
  const choiceCount = typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : undefined;
  const model = textOf(given["model"]);
  return {
    stream: false,
    parameters: {
      ...readParameters(config, PARAMETERS),
      ...(level === undefined ? {} : { [ATTR.genAiRequestReasoningLevel]: level }),
      ...(choiceCount === undefined || choiceCount === 1 ? {} : { [ATTR.genAiRequestChoiceCount]: choiceCount }),
    },
    ...(model === undefined ? {} : { model }),
    ...(choiceCount === undefined ? {} : { choiceCount }),
  };
}

/**
 * `POST …/models/{m}:streamGenerateContent` (server-sent events with `?alt=sse`, else one streamed JSON array),
 * `:generateContent`, and the answers of `:embedContent` and `:batchEmbedContents`. The request body names neither the
 * model nor whether it streams: `stream` of its reading is always false, the path tells both (`llmRouteOf`).
 */
export const gemini: Provider = {
  format: "gemini",
  createStreamParser: createGeminiStreamParser,
  readChunk,
  readRequest: (body) => readRequestBody(body, readBody),
  readResponse,
  normalEnd: "finish_reason",
};
