/** Gemini's native format, as spoken by the Gemini API and by Vertex AI (measurement contract 3.2). */
import { ATTR } from "../names/attributes.ts";
import { readChunk, readResponse } from "./gemini-chunk.ts";
import { createGeminiStreamParser } from "./gemini-stream.ts";
import { fieldsOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import type { Provider, RequestReading } from "./provider.ts";
import { readParameters, stopSequencesOf, UNREAD_REQUEST, type ParameterTable } from "./request-parameters.ts";

/** Members of `generationConfig`. */
const PARAMETERS: ParameterTable = [
  ["maxOutputTokens", ATTR.genAiRequestMaxTokens, "number"],
  ["temperature", ATTR.genAiRequestTemperature, "number"],
  ["topP", ATTR.genAiRequestTopP, "number"],
  ["topK", ATTR.genAiRequestTopK, "number"],
  ["seed", ATTR.genAiRequestSeed, "number"],
  ["frequencyPenalty", ATTR.genAiRequestFrequencyPenalty, "number"],
  ["presencePenalty", ATTR.genAiRequestPresencePenalty, "number"],
];

function readBody(given: Fields): RequestReading {
  const config = fieldsOf(given["generationConfig"]);
  const parameters = readParameters(config, PARAMETERS);
  const stop = stopSequencesOf(config?.["stopSequences"]);
  if (stop !== undefined) parameters[ATTR.genAiRequestStopSequences] = stop;
  const level = textOf(fieldsOf(config?.["thinkingConfig"])?.["thinkingLevel"]);
  if (level !== undefined) parameters[ATTR.genAiRequestReasoningLevel] = level;
  const count = config?.["candidateCount"];
  const choiceCount = typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : undefined;
  if (choiceCount !== undefined && choiceCount !== 1) parameters[ATTR.genAiRequestChoiceCount] = choiceCount;
  return { stream: false, parameters, ...(choiceCount === undefined ? {} : { choiceCount }) };
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
  readRequest: (body) => readSafely(body, readBody, UNREAD_REQUEST),
  readResponse,
  normalEnd: "finish_reason",
};
