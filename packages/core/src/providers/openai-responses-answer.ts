import { addDelta, addJsonDelta, emptyDeltaTarget, type DeltaTarget } from "./deltas.ts";
import { errorOf, readFault } from "./fault.ts";
import { fieldsOf, knownOf, listOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import { readUsage } from "./openai-responses-usage.ts";
import { readServerTimings } from "./openai-usage.ts";
import type { ProviderFault, ResponseReading } from "./provider.ts";

/** How a response ended, by its own words; undefined while it has not, or when it failed. */
export function finishReasonOf(response: Fields | undefined): string | undefined {
  const reason = textOf(fieldsOf(response?.["incomplete_details"])?.["reason"]);
  const status = textOf(response?.["status"]);
  return reason ?? (status === "completed" || status === "incomplete" ? status : undefined);
}

/** The fault of a response whose status is `failed`; a code that says nothing to us is the server's. */
export function failureOf(response: Fields | undefined): ProviderFault {
  const fault = readFault(response?.["error"]);
  return fault.errorType === "stream_error" ? { ...fault, errorType: "server_error" } : fault;
}

function addPart(output: DeltaTarget, part: Fields | undefined): void {
  addDelta(output, "text", part?.["text"]);
  addDelta(output, "refusal", part?.["refusal"]);
  addDelta(output, "audio", part?.["data"]);
  addDelta(output, "audio", part?.["transcript"]);
}

function addReasoning(output: DeltaTarget, parts: unknown): void {
  for (const part of listOf(parts)) addDelta(output, "reasoning", fieldsOf(part)?.["text"]);
}

/** What the model wrote of an item; results of tools are not its output. */
function addItem(output: DeltaTarget, item: Fields | undefined): void {
  const type = textOf(item?.["type"]);
  if (type === "message") {
    for (const part of listOf(item?.["content"])) addPart(output, fieldsOf(part));
  } else if (type === "reasoning") {
    addReasoning(output, item?.["summary"]);
    addReasoning(output, item?.["content"]);
  } else if (type === "image_generation_call") {
    addDelta(output, "audio", item?.["result"]);
  } else if (type?.endsWith("_call") === true || type === "mcp_approval_request") {
    for (const member of ["name", "arguments", "input", "code"]) addDelta(output, "tool", item?.[member]);
    for (const member of ["action", "operation"]) addJsonDelta(output, "tool", item?.[member]);
  }
}

function faultOf(body: Fields): ProviderFault | undefined {
  if (body["status"] === "failed") return failureOf(body);
  const error = errorOf(body);
  return error === undefined ? undefined : readFault(error);
}

function readBody(body: Fields): ResponseReading | undefined {
  const items = body["output"];
  const usage = readUsage(body["usage"]);
  const fault = faultOf(body);
  // Anthropic's answers name their input tokens alike, and themselves a `message`.
  const foreign = body["type"] === "message";
  if (foreign || (!Array.isArray(items) && usage === undefined && fault === undefined)) return undefined;
  const output = emptyDeltaTarget();
  for (const item of listOf(items)) addItem(output, fieldsOf(item));
  const finishReason = fault === undefined ? finishReasonOf(body) : undefined;
  return knownOf<ResponseReading>({
    responseModel: textOf(body["model"]),
    responseId: textOf(body["id"]),
    finishReasons: finishReason === undefined ? [] : [finishReason],
    usage,
    fault,
    serverTimings: readServerTimings(body),
    outputBytes: output.outputBytes,
    choiceCount: Array.isArray(items) ? 1 : 0,
  });
}

/** Reads a parsed whole answer or error body; undefined when it is not of this format, or throws when it is touched. */
export function readResponse(body: unknown): ResponseReading | undefined {
  return readSafely(body, readBody, undefined);
}
