import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";
import { INVOCATION_PARAMETERS, RENAMED, SPAN_KIND_OPERATIONS } from "./foreign-names.ts";

/**
 * Adds our (v0.1.0) names for what other conventions say (measurement contract 5.6). The originals stay; a value that is
 * there under our name already wins.
 * @param attributes changed in place.
 * @param firstChunkSeconds from an event that other SDKs write at their first chunk: a chunk time, never a TTFT.
 */
export function addOurNames(attributes: Map<string, AttributeValue>, firstChunkSeconds: number | undefined): void {
  for (const [foreign, ours] of RENAMED) addOnce(attributes, ours, attributes.get(foreign));
  const kind = attributes.get("openinference.span.kind");
  if (typeof kind === "string")
    addOnce(attributes, "gen_ai.operation.name", SPAN_KIND_OPERATIONS.get(kind.toUpperCase()));
  const finish = attributes.get("llm.finish_reason");
  if (typeof finish === "string") addOnce(attributes, "gen_ai.response.finish_reasons", [finish]);
  addInvocationParameters(attributes);
  addOnce(attributes, "gen_ai.response.time_to_first_chunk", firstChunkSeconds);
  wholeTopK(attributes);
}

function addOnce(attributes: Map<string, AttributeValue>, name: string, value: AttributeValue | undefined): void {
  if (value === undefined || value === null || attributes.has(name)) return;
  attributes.set(name, value);
}

/** OpenInference keeps request parameters as JSON text; only the known ones are read, and only plain values. */
function addInvocationParameters(attributes: Map<string, AttributeValue>): void {
  const text = attributes.get("llm.invocation_parameters");
  if (typeof text !== "string" || !text.startsWith("{")) return;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not JSON after all (or cut): the original stays readable, nothing is derived from it.
    return;
  }
  if (!isRecord(parsed)) return;
  for (const [foreign, ours] of INVOCATION_PARAMETERS) {
    const value = Object.hasOwn(parsed, foreign) ? parsed[foreign] : undefined;
    if (typeof value === "number" || typeof value === "string" || typeof value === "boolean")
      addOnce(attributes, ours, value);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Older senders write `top_k` as a double; it is a count. */
function wholeTopK(attributes: Map<string, AttributeValue>): void {
  const topK = attributes.get("gen_ai.request.top_k");
  if (typeof topK === "number" && !Number.isInteger(topK)) attributes.set("gen_ai.request.top_k", Math.round(topK));
}

/** Events that mark a first chunk in other SDKs. */
const FIRST_CHUNK_EVENTS: readonly string[] = ["First Token Stream Event"];

/** Seconds from the span's start to such an event, if there is one. */
export function firstChunkOf(
  events: readonly { readonly name: string; readonly timeUnixNanos: bigint }[],
  startUnixNanos: bigint,
): number | undefined {
  const event = events.find((candidate) => FIRST_CHUNK_EVENTS.includes(candidate.name));
  if (event === undefined || event.timeUnixNanos < startUnixNanos) return undefined;
  return Number(event.timeUnixNanos - startUnixNanos) / 1e9;
}

/** `service.name` that says nothing, as SDKs fill it in. */
const UNKNOWN_SERVICE = "unknown_service";
/** Resource attributes that name the sender when `service.name` does not, best first. */
const SERVICE_FALLBACKS: readonly string[] = [
  "k8s.deployment.name",
  "container.name",
  "process.executable.name",
  "host.name",
];
const UNNAMED_SERVICE = "unnamed";

/** Name of the sending service; never empty, never `unknown_service`. */
export function serviceOf(resource: AttributeMap): string {
  const given = resource.get("service.name");
  if (typeof given === "string" && given !== "" && !given.startsWith(UNKNOWN_SERVICE)) return given;
  for (const key of SERVICE_FALLBACKS) {
    const value = resource.get(key);
    if (typeof value === "string" && value !== "") return value;
  }
  return UNNAMED_SERVICE;
}
