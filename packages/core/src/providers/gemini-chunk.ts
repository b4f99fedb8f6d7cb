/** One parsed value of Gemini's format -> what it says. Members are read by name; no getter of a client class is touched. */
import { UsageTally } from "../usage-tally.ts";
import { addDelta, addJsonDelta, type DeltaTarget } from "./deltas.ts";
import { readFault } from "./fault.ts";
import { readUsage } from "./gemini-usage.ts";
import { fieldsOf, knownOf, listOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import { emptyStreamEvent, resetStreamEvent } from "./provider.ts";
import type { ProviderFault, ResponseReading, StreamEvent } from "./provider.ts";
import { readParsedChunk } from "./read-chunk.ts";

/** Default of a protobuf enum: says that there is no reason. */
const NO_REASON = /_UNSPECIFIED$/;

function reasonOf(value: unknown): string | undefined {
  const reason = textOf(value);
  return reason === undefined || NO_REASON.test(reason) ? undefined : reason;
}

/** The blocked prompt of an answer without candidates is its normal end. */
function blockReasonOf(chunk: Fields): string | undefined {
  return reasonOf(fieldsOf(chunk["promptFeedback"])?.["blockReason"]);
}

/** The status text says more than its number, which a client sees as the HTTP status anyway. */
function faultOf(error: Fields): ProviderFault {
  return readFault({ code: error["status"], status: error["code"] });
}

/** Vertex may stream arguments piece by piece; only the values count, not the paths they go to. */
function addPartialArguments(target: DeltaTarget, partials: unknown): void {
  for (const item of listOf(partials)) {
    const partial = fieldsOf(item);
    const value = partial?.["stringValue"] ?? partial?.["numberValue"] ?? partial?.["boolValue"];
    addDelta(target, "tool", typeof value === "number" || typeof value === "boolean" ? String(value) : value);
  }
}

function addCall(target: DeltaTarget, call: Fields | undefined): void {
  addDelta(target, "tool", call?.["name"]);
  addJsonDelta(target, "tool", call?.["args"]);
  addPartialArguments(target, call?.["partialArgs"]);
}

/**
 * Adds one part. A thought is a summary of the reasoning; a signature counts nothing, but alone it stands for reasoning
 * that is not streamed. Code the model wants to run counts as a tool call, its result is no output of the model.
 */
function addPart(target: DeltaTarget, part: Fields): void {
  const thought = part["thought"] === true;
  if (thought) target.reasoningForm = "summary";
  else if (textOf(part["thoughtSignature"]) !== undefined) target.reasoningForm ??= "redacted";
  addDelta(target, thought ? "reasoning" : "text", part["text"]);
  addDelta(target, thought ? "reasoning" : "audio", fieldsOf(part["inlineData"])?.["data"]);
  addCall(target, fieldsOf(part["functionCall"]));
  addCall(target, fieldsOf(part["toolCall"]));
  addDelta(target, "tool", fieldsOf(part["executableCode"])?.["code"]);
}

function readCandidate(candidate: Fields, event: StreamEvent): void {
  const { index } = candidate;
  const number = typeof index === "number" && Number.isSafeInteger(index) && index >= 0 ? index : 0;
  event.choiceCount = Math.max(event.choiceCount, number + 1);
  for (const item of listOf(fieldsOf(candidate["content"])?.["parts"])) {
    const part = fieldsOf(item);
    if (part !== undefined) addPart(event, part);
  }
  event.finishReason ??= reasonOf(candidate["finishReason"]);
}

/** Reads one parsed chunk into an empty `event`. */
export function fillEvent(event: StreamEvent, chunk: Fields): void {
  const error = fieldsOf(chunk["error"]);
  if (error !== undefined) {
    event.type = "error";
    event.fault = faultOf(error);
  }
  for (const item of listOf(chunk["candidates"])) {
    const candidate = fieldsOf(item);
    if (candidate !== undefined) readCandidate(candidate, event);
  }
  event.finishReason ??= blockReasonOf(chunk);
  event.usage = readUsage(chunk["usageMetadata"]);
  event.responseModel = textOf(chunk["modelVersion"]);
  event.responseId = textOf(chunk["responseId"]);
}

/** An error of Google's APIs, told apart from those of other formats. */
function isError(error: Fields | undefined): boolean {
  return error !== undefined && (typeof error["code"] === "number" || typeof error["status"] === "string");
}

function isChunk(value: Fields): boolean {
  return (
    Array.isArray(value["candidates"]) ||
    fieldsOf(value["usageMetadata"]) !== undefined ||
    fieldsOf(value["promptFeedback"]) !== undefined ||
    isError(fieldsOf(value["error"]))
  );
}

/** Also the answers of `:embedContent` and `:batchEmbedContents`; their usage, if any, stands where that of a chunk does. */
function isAnswer(value: Fields | undefined): value is Fields {
  if (value === undefined) return false;
  return isChunk(value) || fieldsOf(value["embedding"]) !== undefined || Array.isArray(value["embeddings"]);
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

/** The finish reasons of all candidates, or why there is none. */
function finishReasonsOf(chunk: Fields): readonly string[] {
  const reasons = listOf(chunk["candidates"])
    .map((item) => reasonOf(fieldsOf(item)?.["finishReason"]))
    .filter((reason) => reason !== undefined);
  const blocked = blockReasonOf(chunk);
  return reasons.length === 0 && blocked !== undefined ? [blocked] : reasons;
}

/** What the chunks of one answer say together: counts are cumulative, the first name and the first fault hold. */
function readChunks(chunks: readonly Fields[]): ResponseReading | undefined {
  const event = emptyStreamEvent();
  const tally = new UsageTally();
  let { responseModel, responseId, fault } = event;
  let outputBytes = 0;
  let choiceCount = 0;
  for (const chunk of chunks) {
    resetStreamEvent(event);
    fillEvent(event, chunk);
    outputBytes += event.outputBytes;
    choiceCount = Math.max(choiceCount, event.choiceCount);
    if (event.usage !== undefined) tally.take(event.usage);
    responseModel ??= event.responseModel;
    responseId ??= event.responseId;
    fault ??= event.fault;
  }
  return knownOf<ResponseReading>({
    responseModel,
    responseId,
    finishReasons: chunks.flatMap(finishReasonsOf),
    usage: tally.usage,
    fault,
    serverTimings: undefined,
    outputBytes,
    choiceCount,
  });
}

function readBody({ body }: Fields): ResponseReading | undefined {
  const chunks = (Array.isArray(body) ? listOf(body) : [body]).map(fieldsOf);
  return chunks.length > 0 && chunks.every(isAnswer) ? readChunks(chunks) : undefined;
}

/**
 * Reads a parsed whole answer, also a list of chunks: the body of `:streamGenerateContent` without `alt=sse`, errors
 * included. Undefined when it is not of this format, or throws when it is touched.
 */
export function readResponse(body: unknown): ResponseReading | undefined {
  return readSafely({ body }, readBody, undefined);
}
