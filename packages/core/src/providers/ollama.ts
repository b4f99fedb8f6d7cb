/** Ollama's native format (measurement contract 3.2). */
import { ATTR } from "../names/attributes.ts";
import { fieldsOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import { readChunk, readResponse } from "./ollama-chunk.ts";
import { createOllamaStreamParser } from "./ollama-stream.ts";
import type { Provider, RequestReading } from "./provider.ts";
import { readParameters, stopSequencesOf, UNREAD_REQUEST, type ParameterTable } from "./request-parameters.ts";

/** Members of `options`. */
const PARAMETERS: ParameterTable = [
  ["temperature", ATTR.genAiRequestTemperature, "number"],
  ["top_p", ATTR.genAiRequestTopP, "number"],
  ["top_k", ATTR.genAiRequestTopK, "number"],
  ["seed", ATTR.genAiRequestSeed, "number"],
  ["frequency_penalty", ATTR.genAiRequestFrequencyPenalty, "number"],
  ["presence_penalty", ATTR.genAiRequestPresencePenalty, "number"],
];

/** What `num_predict` limits; -1 and -2 stand for no limit. */
function limitOf(options: Fields | undefined): number | undefined {
  const limit = options?.["num_predict"];
  return typeof limit === "number" && limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

/** Embeddings never stream, and have an input where others have messages or a prompt. */
function readBody(given: Fields): RequestReading {
  const options = fieldsOf(given["options"]);
  const parameters = readParameters(options, PARAMETERS);
  const limit = limitOf(options);
  if (limit !== undefined) parameters[ATTR.genAiRequestMaxTokens] = limit;
  const stop = stopSequencesOf(options?.["stop"]);
  if (stop !== undefined) parameters[ATTR.genAiRequestStopSequences] = stop;
  // `true` and `false` are no level.
  const level = textOf(given["think"]);
  if (level !== undefined) parameters[ATTR.genAiRequestReasoningLevel] = level;
  const model = textOf(given["model"]);
  return {
    stream: given["stream"] !== false && given["input"] === undefined,
    parameters,
    ...(model === undefined ? {} : { model }),
  };
}

/**
 * `POST /api/chat` and `/api/generate` as newline-delimited JSON or whole answers, and the answers of `/api/embed` and
 * `/api/embeddings`. A request streams unless it says `"stream": false`. The object with `done: true` is the normal end;
 * servers that give no `done_reason` get the finish reason `done`.
 */
export const ollama: Provider = {
  format: "ollama",
  createStreamParser: createOllamaStreamParser,
  readChunk,
  readRequest: (body) => readSafely(body, readBody, UNREAD_REQUEST),
  readResponse,
  normalEnd: "finish_reason",
};
