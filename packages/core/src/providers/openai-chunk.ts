/** One parsed value of OpenAI's chat or completions format -> what it says. */
import { emptyDeltaTarget } from "./deltas.ts";
import { errorOf, readFault } from "./fault.ts";
import { fieldsOf, knownOf, listOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import { addDeltas, addText } from "./openai-deltas.ts";
import { readPlainChunk } from "./openai-plain-chunk.ts";
import { readServerTimings, readUsage } from "./openai-usage.ts";
import type { ResponseReading, StreamEvent } from "./provider.ts";
import { readParsedChunk } from "./read-chunk.ts";

function readChoice(choice: unknown, event: StreamEvent): void {
  const given = fieldsOf(choice);
  if (given === undefined) return;
  const { index } = given;
  const number = typeof index === "number" && Number.isSafeInteger(index) && index >= 0 ? index : 0;
  event.choiceCount = Math.max(event.choiceCount, number + 1);
  addDeltas(event, given["delta"]);
  // A chunk of a chat has `delta`; `text` beside it would be the same output twice.
  if (given["delta"] === undefined) addText(event, given["text"]);
  event.finishReason ??= textOf(given["finish_reason"]);
}

/** Reads one parsed data event into an empty `event`. */
export function fillEvent(event: StreamEvent, chunk: Fields): void {
  const error = errorOf(chunk);
  if (error !== undefined) {
    event.type = "error";
    event.fault = readFault(error);
  }
  for (const choice of listOf(chunk["choices"])) readChoice(choice, event);
  event.usage = readUsage(chunk);
  event.responseModel = textOf(chunk["model"]);
  event.responseId = textOf(chunk["id"]);
  event.serverTimings = readServerTimings(chunk);
}

function isChunk(value: Fields): boolean {
  return Array.isArray(value["choices"]) || errorOf(value) !== undefined;
}

function readParsed(event: StreamEvent, chunk: Fields): boolean {
  if (readPlainChunk(chunk, event)) return true;
  if (!isChunk(chunk)) return false;
  fillEvent(event, chunk);
  return true;
}

/** Reads a chunk that a client library has parsed; false when it is none, or throws when it is touched. */
export function readChunk(value: unknown, event: StreamEvent): boolean {
  return readParsedChunk(value, event, readParsed);
}

function readBody(body: Fields): ResponseReading | undefined {
  const usage = readUsage(body);
  if (!isChunk(body) && usage === undefined) return undefined;
  const output = emptyDeltaTarget();
  const finishReasons: string[] = [];
  const choices = listOf(body["choices"]);
  for (const item of choices) {
    const choice = fieldsOf(item);
    addDeltas(output, choice?.["message"]);
    if (choice?.["message"] === undefined) addText(output, choice?.["text"]);
    const reason = textOf(choice?.["finish_reason"]);
    if (reason !== undefined) finishReasons.push(reason);
  }
  const error = errorOf(body);
  return knownOf<ResponseReading>({
    responseModel: textOf(body["model"]),
    responseId: textOf(body["id"]),
    finishReasons,
    usage,
    fault: error === undefined ? undefined : readFault(error),
    serverTimings: readServerTimings(body),
    outputBytes: output.outputBytes,
    choiceCount: choices.length,
  });
}

/** Reads a parsed non-streaming answer; undefined when it is not of this format, or throws when it is touched. */
export function readResponse(body: unknown): ResponseReading | undefined {
  return readSafely(body, readBody, undefined);
}
