import { ATTR } from "../names/attributes.ts";
import { readSafely, textOf, type Fields } from "./json-fields.ts";
import type { RequestReading } from "./provider.ts";
import { readParameters, stopSequencesOf, UNREAD_REQUEST, type ParameterTable } from "./request-parameters.ts";

const PARAMETERS: ParameterTable = [
  ["max_completion_tokens", ATTR.genAiRequestMaxTokens, "number"],
  ["max_tokens", ATTR.genAiRequestMaxTokens, "number"],
  ["temperature", ATTR.genAiRequestTemperature, "number"],
  ["top_p", ATTR.genAiRequestTopP, "number"],
  ["top_k", ATTR.genAiRequestTopK, "number"],
  ["seed", ATTR.genAiRequestSeed, "number"],
  ["frequency_penalty", ATTR.genAiRequestFrequencyPenalty, "number"],
  ["presence_penalty", ATTR.genAiRequestPresencePenalty, "number"],
  ["reasoning_effort", ATTR.genAiRequestReasoningLevel, "string"],
];

/** Model, stream flag, choices and standard parameters of a request body; never content. Never throws. */
export function readRequest(body: unknown): RequestReading {
  return readSafely(body, readBody, UNREAD_REQUEST);
}

function readBody(given: Fields): RequestReading {
  const parameters = readParameters(given, PARAMETERS);
  const stop = stopSequencesOf(given["stop"]);
  if (stop !== undefined) parameters[ATTR.genAiRequestStopSequences] = stop;
  const { n } = given;
  const choiceCount = typeof n === "number" && Number.isSafeInteger(n) && n > 0 ? n : undefined;
  if (choiceCount !== undefined && choiceCount !== 1) parameters[ATTR.genAiRequestChoiceCount] = choiceCount;
  const model = textOf(given["model"]);
  return {
    stream: given["stream"] === true,
    parameters,
    ...(model === undefined ? {} : { model }),
    ...(choiceCount === undefined ? {} : { choiceCount }),
  };
}
