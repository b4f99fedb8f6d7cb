/** One parsed object of Ollama's native format -> what it says. */
import { addDelta, addJsonDelta, type DeltaTarget } from "./deltas.ts";
import { readFault } from "./fault.ts";
import { countOf, fieldsOf, knownOf, listOf, readSafely, secondsOf, textOf, type Fields } from "./json-fields.ts";
import { emptyStreamEvent } from "./provider.ts";
import type { ResponseReading, ServerTimings, StreamEvent, TokenUsage } from "./provider.ts";
import { readParsedChunk } from "./read-chunk.ts";

const NANOS_PER_SECOND = 1e9;

/** Finish reason of servers older than `done_reason`: all they say is that the answer is done. */
const DONE = "done";

/** `/api/chat` says what it has to say in a message. */
function addMessage(target: DeltaTarget, message: Fields): void {
  addDelta(target, "reasoning", message["thinking"]);
  addDelta(target, "text", message["content"]);
  for (const call of listOf(message["tool_calls"])) {
    const called = fieldsOf(fieldsOf(call)?.["function"]);
    addDelta(target, "tool", called?.["name"]);
    addJsonDelta(target, "tool", called?.["arguments"]);
  }
  for (const image of listOf(message["images"])) addDelta(target, "audio", image);
}

/** `/api/generate` has the same members in the object itself; `image` holds a generated image. */
function addGenerated(target: DeltaTarget, chunk: Fields): void {
  addDelta(target, "reasoning", chunk["thinking"]);
  addDelta(target, "text", chunk["response"]);
  addDelta(target, "audio", chunk["image"]);
}

function readUsage(chunk: Fields): TokenUsage | undefined {
  return knownOf<TokenUsage>({
    inputTokens: countOf(chunk["prompt_eval_count"]),
    outputTokens: countOf(chunk["eval_count"]),
  });
}

/**
 * Durations of a last object, in nanoseconds. It leaves out one that is 0; an object without any of them (an unloaded
 * model) says nothing, and neither does one that is not done.
 */
function readTimings(chunk: Fields): ServerTimings | undefined {
  const durations = ["load_duration", "prompt_eval_duration", "eval_duration", "total_duration"];
  const given = durations.map((member) => secondsOf(chunk[member], NANOS_PER_SECOND));
  if (given.every((seconds) => seconds === undefined)) return undefined;
  const missing = chunk["done"] === true ? 0 : undefined;
  const [loadSeconds, prefillSeconds, decodeSeconds, totalSeconds] = given.map((seconds) => seconds ?? missing);
  const tokens = countOf(chunk["eval_count"]);
  return knownOf<ServerTimings>({
    loadSeconds,
    prefillSeconds,
    decodeSeconds,
    totalSeconds,
    decodeRateTokensPerSecond: tokens === undefined || !decodeSeconds ? undefined : tokens / decodeSeconds,
  });
}

function isError(chunk: Fields): boolean {
  return textOf(chunk["error"]) !== undefined;
}

/** Reads one parsed line into an empty `event`. */
export function fillEvent(event: StreamEvent, chunk: Fields): void {
  if (isError(chunk)) {
    event.type = "error";
    event.fault = readFault(chunk["error"]);
  }
  const message = fieldsOf(chunk["message"]);
  if (message !== undefined) addMessage(event, message);
  addGenerated(event, chunk);
  if (typeof chunk["done"] === "boolean") event.choiceCount = 1;
  if (chunk["done"] === true) event.finishReason = textOf(chunk["done_reason"]) ?? DONE;
  event.usage = readUsage(chunk);
  event.responseModel = textOf(chunk["model"]);
  event.serverTimings = readTimings(chunk);
}

/** The model tells a chunk from the result of an iterator, which says `done` too. */
function isChunk(value: Fields): boolean {
  return isError(value) || (typeof value["done"] === "boolean" && textOf(value["model"]) !== undefined);
}

/** Answers of `/api/embed` and the older `/api/embeddings`. */
function isEmbedding(value: Fields): boolean {
  return Array.isArray(value["embeddings"]) || Array.isArray(value["embedding"]);
}

function readParsed(event: StreamEvent, chunk: Fields): boolean {
  if (!isChunk(chunk)) return false;
  fillEvent(event, chunk);
  return true;
}

/** Reads a chunk that a client library has parsed; false when it is none, or throws when it is touched. */
export function readChunk(value: unknown, event: StreamEvent): boolean {
  return readParsedChunk(value, event, readParsed);
}

/** A whole answer looks like the only chunk of a stream. */
function readBody(body: Fields): ResponseReading | undefined {
  if (!isChunk(body) && !isEmbedding(body)) return undefined;
  const event = emptyStreamEvent();
  fillEvent(event, body);
  const { responseModel, finishReason, usage, fault, serverTimings, outputBytes, choiceCount } = event;
  const finishReasons = finishReason === undefined ? [] : [finishReason];
  return knownOf<ResponseReading>({
    responseModel,
    responseId: undefined,
    finishReasons,
    usage,
    fault,
    serverTimings,
    outputBytes,
    choiceCount,
  });
}

/** Reads a parsed whole answer; undefined when it is not of this format, or throws when it is touched. */
export function readResponse(body: unknown): ResponseReading | undefined {
  return readSafely(body, readBody, undefined);
}
