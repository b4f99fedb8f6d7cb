/** One parsed value of OpenAI's chat or completions format -> what it says. */
import { readFault } from "./fault.ts";
import { fieldsOf, listOf, textOf, type Fields } from "./json-fields.ts";
import { addDeltas, addText, type DeltaTarget } from "./openai-deltas.ts";
import { readPlainChunk } from "./openai-plain-chunk.ts";
import { readServerTimings, readUsage } from "./openai-usage.ts";
import { resetStreamEvent } from "./provider.ts";
import type { ResponseReading, StreamEvent } from "./provider.ts";

/** `error` as client libraries take it: null, false and the empty string are no error. */
function errorOf(chunk: Fields): unknown {
  const error = chunk["error"];
  return error === undefined || error === null || error === false || error === "" ? undefined : error;
}

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

/** Reads a chunk that a client library has parsed; false when it is none, or throws when it is touched. */
export function readChunk(value: unknown, event: StreamEvent): boolean {
  resetStreamEvent(event);
  try {
    const chunk = fieldsOf(value);
    if (chunk === undefined) return false;
    if (readPlainChunk(chunk, event)) return true;
    if (!isChunk(chunk)) return false;
    fillEvent(event, chunk);
    return true;
  } catch {
    // A getter or proxy of the host threw; the host must not notice us.
    return false;
  }
}

function readBody(body: Fields): ResponseReading | undefined {
  const usage = readUsage(body);
  if (!isChunk(body) && usage === undefined) return undefined;
  const output: DeltaTarget = { kinds: 0, kind: undefined, outputBytes: 0, reasoningForm: undefined };
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
  const serverTimings = readServerTimings(body);
  const responseModel = textOf(body["model"]);
  const responseId = textOf(body["id"]);
  return {
    finishReasons,
    outputBytes: output.outputBytes,
    choiceCount: choices.length,
    ...(responseModel === undefined ? {} : { responseModel }),
    ...(responseId === undefined ? {} : { responseId }),
    ...(usage === undefined ? {} : { usage }),
    ...(serverTimings === undefined ? {} : { serverTimings }),
    ...(error === undefined ? {} : { fault: readFault(error) }),
  };
}

/** Reads a parsed non-streaming answer; undefined when it is not of this format, or throws when it is touched. */
export function readResponse(body: unknown): ResponseReading | undefined {
  try {
    const given = fieldsOf(body);
    return given === undefined ? undefined : readBody(given);
  } catch {
    // As for chunks: whatever a hostile object throws stays here.
    return undefined;
  }
}
