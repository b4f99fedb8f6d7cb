import { ATTR } from "../names/attributes.ts";
import { fieldsOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import type { RequestReading } from "./provider.ts";
import { readParameters, stopSequencesOf, UNREAD_REQUEST, type ParameterTable } from "./request-parameters.ts";

const PARAMETERS: ParameterTable = [
  ["max_output_tokens", ATTR.genAiRequestMaxTokens, "number"],
  ["temperature", ATTR.genAiRequestTemperature, "number"],
  ["top_p", ATTR.genAiRequestTopP, "number"],
  // The rest is of compatible servers.
  ["top_k", ATTR.genAiRequestTopK, "number"],
  ["seed", ATTR.genAiRequestSeed, "number"],
  ["frequency_penalty", ATTR.genAiRequestFrequencyPenalty, "number"],
  ["presence_penalty", ATTR.genAiRequestPresencePenalty, "number"],
];

function readBody(given: Fields): RequestReading {
  const parameters = readParameters(given, PARAMETERS);
  const stop = stopSequencesOf(given["stop"]);
  if (stop !== undefined) parameters[ATTR.genAiRequestStopSequences] = stop;
  const effort = textOf(fieldsOf(given["reasoning"])?.["effort"]);
  if (effort !== undefined) parameters[ATTR.genAiRequestReasoningLevel] = effort;
  const model = textOf(given["model"]);
  return { stream: given["stream"] === true, parameters, ...(model === undefined ? {} : { model }) };
}

/** Model, stream flag and parameters of a request body; never content. Never throws. */
export function readRequest(body: unknown): RequestReading {
  return readSafely(body, readBody, UNREAD_REQUEST);
}
