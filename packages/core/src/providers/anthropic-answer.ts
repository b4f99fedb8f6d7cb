import { addDelta, addJsonDelta, emptyDeltaTarget, type DeltaTarget } from "./deltas.ts";
import { readUsage } from "./anthropic-usage.ts";
import { errorOf, readFault } from "./fault.ts";
import { fieldsOf, knownOf, listOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import type { ResponseReading } from "./provider.ts";

function addBlock(output: DeltaTarget, block: Fields | undefined): void {
  const type = textOf(block?.["type"]);
  if (type === "text") addDelta(output, "text", block?.["text"]);
  else if (type === "thinking") addDelta(output, "reasoning", block?.["thinking"]);
  else if (type?.endsWith("tool_use") === true) {
    addDelta(output, "tool", block?.["name"]);
    addJsonDelta(output, "tool", block?.["input"]);
  }
}

function readBody(body: Fields): ResponseReading | undefined {
  const { content } = body;
  const usage = readUsage(body["usage"]);
  const error = errorOf(body);
  // Answers of the Responses format name their input tokens alike, and themselves an `object`.
  const foreign = body["object"] !== undefined;
  if (foreign || (!Array.isArray(content) && usage === undefined && error === undefined)) return undefined;
  const output = emptyDeltaTarget();
  for (const block of listOf(content)) addBlock(output, fieldsOf(block));
  const finishReason = textOf(body["stop_reason"]);
  return knownOf<ResponseReading>({
    responseModel: textOf(body["model"]),
    responseId: textOf(body["id"]),
    finishReasons: finishReason === undefined ? [] : [finishReason],
    usage,
    fault: error === undefined ? undefined : readFault(error),
    outputBytes: output.outputBytes,
    choiceCount: Array.isArray(content) ? 1 : 0,
  });
}

/** Reads a parsed whole answer or error body; undefined when it is not of this format, or throws when it is touched. */
export function readResponse(body: unknown): ResponseReading | undefined {
  return readSafely(body, readBody, undefined);
}
