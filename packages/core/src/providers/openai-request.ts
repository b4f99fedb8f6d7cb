import { ATTR } from "../names/attributes.ts";
import { fieldsOf, type Fields } from "./json-fields.ts";
import type { RequestReading } from "./provider.ts";

type Parameter = string | number | boolean | readonly string[];

/** Body member → attribute, with the type it must have. */
const PARAMETERS: readonly (readonly [member: string, attribute: string, type: "number" | "string"])[] = [
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

function stopSequences(stop: unknown): readonly string[] | undefined {
  if (typeof stop === "string") return [stop];
  return Array.isArray(stop) && stop.every((item) => typeof item === "string") ? stop : undefined;
}

/** Model, stream flag, choices and standard parameters of a request body; never content. Never throws. */
export function readRequest(body: unknown): RequestReading {
  try {
    const given = fieldsOf(body);
    return given === undefined ? { stream: false, parameters: {} } : readBody(given);
  } catch {
    // A getter or proxy of the host threw; nothing of the request is known then.
    return { stream: false, parameters: {} };
  }
}

function readBody(given: Fields): RequestReading {
  const parameters: Record<string, Parameter> = {};
  for (const [member, attribute, type] of PARAMETERS) {
    const value = given[member];
    if (parameters[attribute] !== undefined) continue;
    if (type === "number" && typeof value === "number" && Number.isFinite(value)) parameters[attribute] = value;
    if (type === "string" && typeof value === "string") parameters[attribute] = value;
  }
  const stop = stopSequences(given["stop"]);
  if (stop !== undefined) parameters[ATTR.genAiRequestStopSequences] = stop;
  const { model, n } = given;
  const choiceCount = typeof n === "number" && Number.isSafeInteger(n) && n > 0 ? n : undefined;
  if (choiceCount !== undefined && choiceCount !== 1) parameters[ATTR.genAiRequestChoiceCount] = choiceCount;
  return {
    stream: given["stream"] === true,
    parameters,
    ...(typeof model === "string" && model !== "" ? { model } : {}),
    ...(choiceCount === undefined ? {} : { choiceCount }),
  };
}
