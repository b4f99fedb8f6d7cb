import type { Fields } from "./json-fields.ts";
import type { RequestReading } from "./provider.ts";

type Parameter = RequestReading["parameters"][string];

/** Body member -> attribute, with the type it must have; of several members for one attribute the first given holds. */
export type ParameterTable = readonly (readonly [member: string, attribute: string, type: "number" | "string"])[];

/** What a body says that no reader understood. */
export const UNREAD_REQUEST: RequestReading = { stream: false, parameters: {} };

/** The parameters of `given` that have the type they must have. */
export function readParameters(given: Fields | undefined, table: ParameterTable): Record<string, Parameter> {
  const parameters: Record<string, Parameter> = {};
  for (const [member, attribute, type] of table) {
    const value = given?.[member];
    if (parameters[attribute] !== undefined) continue;
    if (type === "number" && typeof value === "number" && Number.isFinite(value)) parameters[attribute] = value;
    if (type === "string" && typeof value === "string") parameters[attribute] = value;
  }
  return parameters;
}

/** Stop sequences as an attribute: one text or a list of texts; undefined when they are neither. */
export function stopSequencesOf(stop: unknown): readonly string[] | undefined {
  if (typeof stop === "string") return [stop];
  return Array.isArray(stop) && stop.every((item) => typeof item === "string") ? stop : undefined;
}
