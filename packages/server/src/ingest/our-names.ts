import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";
import {
  AI_SDK_CALLS,
  AI_SDK_NAMES,
  GEN_AI_NAMES,
  INVOCATION_PARAMETERS,
  LIST_ATTRIBUTES,
  OPENINFERENCE_NAMES,
  PROVIDER_NAMES,
  PROVIDER_VALUES,
  REQUEST_TYPE_OPERATIONS,
  SPAN_KIND_OPERATIONS,
} from "./foreign-names.ts";

/** Attributes of one span while our names are added to them. */
type Attributes = Map<string, AttributeValue>;

/**
 * Adds our (v0.1.0) names for what other conventions say (measurement contract 5.6). The originals stay; a value that is
 * there under our name already wins.
 * @param attributes changed in place.
 * @param firstChunkSeconds from an event that other SDKs write at their first chunk: a chunk time, never a TTFT.
 */
export function addOurNames(attributes: Attributes, firstChunkSeconds: number | undefined): void {
  restoreLists(attributes);
  if (firstChunkSeconds !== undefined || hasForeignNames(attributes)) addNames(attributes, firstChunkSeconds);
  wholeTopK(attributes);
}

/** Names of which one must be there for {@link addNames} to find anything. */
const FOREIGN_NAMES: ReadonlySet<string> = new Set([
  ...[...GEN_AI_NAMES, ...OPENINFERENCE_NAMES].map(([foreign]) => foreign),
  "openinference.span.kind",
  "llm.request.type",
  "llm.finish_reason",
  "gen_ai.completion.0.finish_reason",
  "llm.invocation_parameters",
  "llm.model_name",
  "ai.operationId",
  ...PROVIDER_NAMES,
]);

/**
 * Whether {@link addOurNames} or {@link addErrorType} may have something to add; false for most spans that are no calls.
 * @param attributes clean already.
 */
export function mayLackNames(attributes: AttributeMap, firstChunkSeconds: number | undefined): boolean {
  if (firstChunkSeconds !== undefined) return true;
  for (const name of attributes.keys()) if (CALL_NAMES.has(name) || FOREIGN_NAMES.has(name)) return true;
  return false;
}

function hasForeignNames(attributes: AttributeMap): boolean {
  for (const name of attributes.keys()) if (FOREIGN_NAMES.has(name)) return true;
  return false;
}

/** Names of ours whose values may have to be brought into form, or that let others be added. */
const CALL_NAMES: ReadonlySet<string> = new Set([...LIST_ATTRIBUTES, "gen_ai.request.top_k", "gen_ai.operation.name"]);

function addNames(attributes: Attributes, firstChunkSeconds: number | undefined): void {
  rename(attributes, GEN_AI_NAMES);
  rename(attributes, OPENINFERENCE_NAMES);
  addOperation(attributes, "openinference.span.kind", (kind) => SPAN_KIND_OPERATIONS.get(kind.toUpperCase()));
  addOperation(attributes, "llm.request.type", (type) => REQUEST_TYPE_OPERATIONS.get(type));
  addFinishReason(attributes, "llm.finish_reason");
  addCompletionReasons(attributes);
  addInvocationParameters(attributes);
  addModelName(attributes);
  addAiSdkCall(attributes);
  addProvider(attributes);
  addOnce(attributes, "gen_ai.response.time_to_first_chunk", firstChunkSeconds);
}

/** Adds a value unless there is one, or the value says nothing: some SDKs write NaN for a count they do not know. */
function addOnce(attributes: Attributes, name: string, value: AttributeValue | undefined): void {
  if (value === undefined || value === null || Number.isNaN(value) || attributes.has(name)) return;
  attributes.set(name, value);
}

function rename(attributes: Attributes, names: readonly (readonly [foreign: string, ours: string])[]): void {
  for (const [foreign, ours] of names) addOnce(attributes, ours, attributes.get(foreign));
}

function textOf(attributes: AttributeMap, name: string): string | undefined {
  const value = attributes.get(name);
  return typeof value === "string" ? value : undefined;
}

function addOperation(
  attributes: Attributes,
  foreign: string,
  operationOf: (value: string) => string | undefined,
): void {
  const value = textOf(attributes, foreign);
  if (value !== undefined) addOnce(attributes, "gen_ai.operation.name", operationOf(value));
}

function addFinishReason(attributes: Attributes, foreign: string): void {
  const reason = textOf(attributes, foreign);
  if (reason !== undefined) addOnce(attributes, "gen_ai.response.finish_reasons", [reason]);
}

/** Earlier OpenLLMetry writes `gen_ai.completion.<n>.finish_reason`, one per choice. */
function addCompletionReasons(attributes: Attributes): void {
  const reasons: string[] = [];
  for (let n = 0; ; n++) {
    const reason = textOf(attributes, `gen_ai.completion.${n}.finish_reason`);
    if (reason === undefined) break;
    reasons.push(reason);
  }
  if (reasons.length > 0) addOnce(attributes, "gen_ai.response.finish_reasons", reasons);
}

/** OpenInference keeps request parameters as JSON text; only the known ones are read, and only plain values. */
function addInvocationParameters(attributes: Attributes): void {
  const parsed = jsonOf(textOf(attributes, "llm.invocation_parameters"), "{");
  if (!isRecord(parsed)) return;
  for (const [foreign, ours] of INVOCATION_PARAMETERS) {
    const value = Object.hasOwn(parsed, foreign) ? parsed[foreign] : undefined;
    if (typeof value === "number" || typeof value === "string" || typeof value === "boolean")
      addOnce(attributes, ours, value);
  }
}

/** Value of a JSON text; undefined for what is none after all, or was cut. The original stays readable either way. */
function jsonOf(text: string | undefined, opening: "{" | "["): unknown {
  if (text === undefined || !text.startsWith(opening)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** OpenInference writes the model it asked first, and puts the model that answered in its place. */
function addModelName(attributes: Attributes): void {
  const name = textOf(attributes, "llm.model_name");
  const isForeign = attributes.has("openinference.span.kind");
  if (name !== undefined && isForeign && attributes.has("gen_ai.request.model")) {
    if (name !== attributes.get("gen_ai.request.model")) addOnce(attributes, "gen_ai.response.model", name);
  } else addOnce(attributes, "gen_ai.request.model", name);
}

/** The span of a call of the AI SDK. It has no operation of its own and writes milliseconds. */
function addAiSdkCall(attributes: Attributes): void {
  const id = textOf(attributes, "ai.operationId");
  const call = id === undefined ? undefined : AI_SDK_CALLS.get(id.slice(id.lastIndexOf(".") + 1));
  if (call === undefined) return;
  addOnce(attributes, "gen_ai.operation.name", call.operation);
  if (call.operation === "chat") addOnce(attributes, "gen_ai.request.stream", call.streams);
  rename(attributes, AI_SDK_NAMES);
  addFinishReason(attributes, "ai.response.finishReason");
  const milliseconds = attributes.get("ai.response.msToFirstChunk");
  if (typeof milliseconds === "number") addOnce(attributes, "gen_ai.response.time_to_first_chunk", milliseconds / 1000);
}

function addProvider(attributes: Attributes): void {
  for (const name of PROVIDER_NAMES) {
    const value = textOf(attributes, name);
    if (value !== undefined && value !== "") addOnce(attributes, "gen_ai.provider.name", providerOf(value));
  }
}

/** `openai.chat` of the AI SDK is `openai`: what follows the provider names one of its interfaces. */
function providerOf(value: string): string {
  for (let name = value.toLowerCase(); name !== ""; name = name.slice(0, Math.max(0, name.lastIndexOf(".")))) {
    const known = PROVIDER_VALUES.get(name);
    if (known !== undefined) return known;
  }
  return value;
}

function restoreLists(attributes: Attributes): void {
  for (const name of LIST_ATTRIBUTES) {
    const list = jsonOf(textOf(attributes, name), "[");
    if (Array.isArray(list) && list.every((item): item is string => typeof item === "string"))
      attributes.set(name, list);
  }
}

/** Older senders write `top_k` as a double; it is a count. */
function wholeTopK(attributes: Attributes): void {
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

/** Type of the exception that a span recorded last, which is the one that ended it. */
function exceptionTypeOf(events: readonly { readonly name: string; readonly attributes: AttributeMap }[]) {
  const last = events.findLast(({ name }) => name === "exception");
  return last === undefined ? undefined : textOf(last.attributes, "exception.type");
}

/**
 * Adds `error.type` to a failed call that only tells of its exception in an event, as OpenInference does.
 * @param attributes changed in place; {@link addOurNames} has been there.
 * @param events clean already, as what is taken from them is not looked at again.
 */
export function addErrorType(
  attributes: Attributes,
  events: readonly { readonly name: string; readonly attributes: AttributeMap }[],
): void {
  if (attributes.has("gen_ai.operation.name")) addOnce(attributes, "error.type", exceptionTypeOf(events));
}
