import { fieldsOf, type Fields } from "./json-fields.ts";
import type { RequestReading } from "./provider.ts";

type Parameters = RequestReading["parameters"];

/** Body member → attribute, with the type it must have; the first member that has a value wins. */
export type ParameterTable = readonly (readonly [
  member: string,
  attribute: string,
  type: "number" | "string" | "texts",
])[];

/** A list of texts, also when it was given as one text. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === "string") return [value];
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

/** The parameters of `given` that have a value of their type; never content. */
export function readParameters(given: Fields | undefined, table: ParameterTable): Parameters {
  const parameters: Record<string, Parameters[string]> = {};
  for (const [member, attribute, type] of table) {
    const value = given?.[member];
    if (parameters[attribute] !== undefined) continue;
    if (type === "number" && typeof value === "number" && Number.isFinite(value)) parameters[attribute] = value;
    if (type === "string" && typeof value === "string") parameters[attribute] = value;
    const texts = type === "texts" ? textsOf(value) : undefined;
    if (texts !== undefined) parameters[attribute] = texts;
  }
  return parameters;
}

/** Reads a request body of the host; nothing is known of one that is no object, or throws when it is touched. */
export function readRequestBody(body: unknown, read: (given: Fields) => RequestReading): RequestReading {
  try {
    const given = fieldsOf(body);
    if (given !== undefined) return read(given);
  } catch {
    // A getter or proxy of the host threw.
  }
  return { stream: false, parameters: {} };
}
