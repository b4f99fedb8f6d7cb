/** One parsed event of OpenAI's Responses format -> what it says (measurement contract 3.2). */
import { addDelta } from "./deltas.ts";
import { errorOf, readFault } from "./fault.ts";
import { countCutOutput } from "./frames.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { failureOf, finishReasonOf } from "./openai-responses-answer.ts";
import { readUsage } from "./openai-responses-usage.ts";
import { readServerTimings } from "./openai-usage.ts";
import type { DeltaKind, ProviderFault, StreamEvent } from "./provider.ts";
import { readParsedChunk } from "./read-chunk.ts";
import { createSseParsers, type FrameVerdict } from "./sse-stream.ts";

/** Event types whose `delta` is a piece of output. */
const DELTA_KINDS: ReadonlyMap<string, DeltaKind> = new Map([
  ["response.output_text.delta", "text"],
  ["response.refusal.delta", "refusal"],
  ["response.audio.delta", "audio"],
  ["response.audio.transcript.delta", "audio"],
  ["response.reasoning_text.delta", "reasoning"],
  ["response.reasoning_summary_text.delta", "reasoning"],
  ["response.function_call_arguments.delta", "tool"],
  ["response.custom_tool_call_input.delta", "tool"],
  ["response.mcp_call_arguments.delta", "tool"],
  ["response.code_interpreter_call_code.delta", "tool"],
  ["response.shell_call_command.delta", "tool"],
  ["response.apply_patch_call_operation_diff.delta", "tool"],
]);

const SUMMARY_DELTA = "response.reasoning_summary_text.delta";
const PARTIAL_IMAGE = "response.image_generation_call.partial_image";

const FINISHING: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);

/** A name in a new item is output. A reasoning item says that the model reasons, whether or not its text will come. */
function readItem(event: StreamEvent, item: Fields | undefined): void {
  addDelta(event, "tool", item?.["name"]);
  if (item?.["type"] === "reasoning") event.reasoningForm = "redacted";
}

function readEnvelope(event: StreamEvent, type: string, frame: Fields): FrameVerdict {
  const response = fieldsOf(frame["response"]);
  event.responseModel = textOf(response?.["model"]);
  event.responseId = textOf(response?.["id"]);
  event.usage = readUsage(response?.["usage"]);
  event.serverTimings = readServerTimings(response ?? {});
  if (type === "response.failed" || response?.["status"] === "failed") {
    event.type = "error";
    event.fault = failureOf(response);
    return "last_event";
  }
  if (!FINISHING.has(type)) return "event";
  event.finishReason = finishReasonOf(response) ?? type.slice("response.".length);
  return "last_event";
}

/** Reads an event of type `response.*`. */
function readResponseEvent(event: StreamEvent, type: string, frame: Fields): FrameVerdict {
  event.choiceCount = 1;
  const kind = DELTA_KINDS.get(type);
  if (kind !== undefined) {
    addDelta(event, kind, frame["delta"]);
    if (type === SUMMARY_DELTA && event.kinds !== 0) event.reasoningForm = "summary";
    return "event";
  }
  if (type === "response.output_item.added") readItem(event, fieldsOf(frame["item"]));
  else if (type === PARTIAL_IMAGE) addDelta(event, "audio", frame["partial_image_b64"]);
  else return readEnvelope(event, type, frame);
  return "event";
}

/** The fault of an `error` event: documented flat, `{code, message, param}`; sent with these members under `error`. */
function readErrorEvent(frame: Fields | undefined): ProviderFault {
  const type = frame?.["type"];
  return readFault(frame?.["error"] ?? { code: frame?.["code"], type: type === "error" ? undefined : type });
}

function readFrame(event: StreamEvent, frame: Fields): FrameVerdict {
  const type = textOf(frame["type"]);
  if (type === "error" || errorOf(frame) !== undefined) {
    event.type = "error";
    event.fault = readErrorEvent(frame);
    return "event";
  }
  if (type === undefined) {
    event.type = "malformed";
    return "event";
  }
  // Anything else, such as `keepalive`, says nothing about the answer.
  return type.startsWith("response.") ? readResponseEvent(event, type, frame) : "nothing";
}

function readParsed(event: StreamEvent, frame: Fields): boolean {
  return readFrame(event, frame) !== "nothing" && event.type !== "malformed";
}

/** Reads an event that a client library has parsed; false when it is none, or throws when it is touched. */
export function readChunk(value: unknown, event: StreamEvent): boolean {
  return readParsedChunk(value, event, readParsed);
}

/** A parser for one answer. */
export const createResponsesStreamParser = createSseParsers({
  read: readFrame,
  readError: readErrorEvent,
  readCut(event, name, held) {
    const type = name === "" ? /"type": ?"([^"]*)"/.exec(held)?.[1] : name;
    if (type?.startsWith("response.") !== true) {
      event.type = "malformed";
      return "event";
    }
    const verdict = readResponseEvent(event, type, {});
    const kind = type === PARTIAL_IMAGE ? "audio" : DELTA_KINDS.get(type);
    if (kind !== undefined && countCutOutput(event, held, [[/"(?:delta|partial_image_b64)": ?"(?!")/, kind]])) {
      if (type === SUMMARY_DELTA) event.reasoningForm = "summary";
    }
    return verdict;
  },
  varying: { output: [["delta"]], unreadStrings: ["obfuscation"], unreadNumbers: ["sequence_number"] },
});
