/** One parsed event of Anthropic's Messages format -> what it says (measurement contract 3.2). */
import { addDelta } from "./deltas.ts";
import { errorOf, readFault } from "./fault.ts";
import { countCutOutput } from "./frames.ts";
import { fieldsOf, textOf, type Fields } from "./json-fields.ts";
import { readDeltaUsage, readStartUsage } from "./anthropic-usage.ts";
import type { StreamEvent } from "./provider.ts";
import { readParsedChunk } from "./read-chunk.ts";
import { createSseParsers, type FrameVerdict } from "./sse-stream.ts";

/**
 * Whether the thinking this model streams is a summary: so for Claude from version 4 on. Claude 3.7 and the models of
 * other makers that are served in this format stream it in full.
 */
export function summarisesThinking(model: string | undefined): boolean {
  return model !== undefined && /claude/i.test(model) && !/claude-3\b/i.test(model);
}

function readMessageStart(event: StreamEvent, message: Fields | undefined): void {
  event.responseModel = textOf(message?.["model"]);
  event.responseId = textOf(message?.["id"]);
  event.usage = readStartUsage(message?.["usage"]);
  if (summarisesThinking(event.responseModel)) event.reasoningForm = "summary";
}

/** A block begins empty; its type says something, and of a tool call its name is output. */
function readBlockStart(event: StreamEvent, block: Fields | undefined): void {
  const type = textOf(block?.["type"]);
  if (type === "text") addDelta(event, "text", block?.["text"]);
  else if (type === "thinking") addDelta(event, "reasoning", block?.["thinking"]);
  else if (type === "redacted_thinking") event.reasoningForm = "redacted";
  // `tool_use`, `server_tool_use`, `mcp_tool_use`
  else if (type?.endsWith("tool_use") === true) addDelta(event, "tool", block?.["name"]);
}

function readBlockDelta(event: StreamEvent, delta: Fields | undefined): void {
  switch (delta?.["type"]) {
    case "text_delta":
      addDelta(event, "text", delta["text"]);
      break;
    case "input_json_delta":
      addDelta(event, "tool", delta["partial_json"]);
      break;
    case "thinking_delta":
      addDelta(event, "reasoning", delta["thinking"]);
      break;
    case "signature_delta":
      // The reasoning, encrypted: all there is of it when its text is left out.
      if (textOf(delta["signature"]) !== undefined) event.reasoningForm = "redacted";
      break;
    default:
    // `citations_delta` and what comes later say nothing that is counted.
  }
}

/** Reads an event that belongs to the message. */
function readMessageEvent(event: StreamEvent, type: string, frame: Fields): FrameVerdict {
  event.choiceCount = 1;
  switch (type) {
    case "content_block_delta":
      readBlockDelta(event, fieldsOf(frame["delta"]));
      return "event";
    case "message_start":
      readMessageStart(event, fieldsOf(frame["message"]));
      return "event";
    case "content_block_start":
      readBlockStart(event, fieldsOf(frame["content_block"]));
      return "event";
    case "content_block_stop":
      return "event";
    case "message_delta":
      event.finishReason = textOf(fieldsOf(frame["delta"])?.["stop_reason"]);
      event.usage = readDeltaUsage(frame["usage"]);
      return "event";
    case "message_stop":
      event.choiceCount = 0;
      event.type = "done";
      return "event";
    default:
      // `ping`, and event types nobody knows yet.
      return "nothing";
  }
}

function readFrame(event: StreamEvent, frame: Fields): FrameVerdict {
  const type = textOf(frame["type"]);
  const error = errorOf(frame);
  if (error !== undefined || type === "error") {
    event.type = "error";
    event.fault = readFault(error);
    return "event";
  }
  if (type !== undefined) return readMessageEvent(event, type, frame);
  event.type = "malformed";
  return "event";
}

function readParsed(event: StreamEvent, frame: Fields): boolean {
  return readFrame(event, frame) !== "nothing" && event.type !== "malformed";
}

/** Reads an event that a client library has parsed; false when it is none, or throws when it is touched. */
export function readChunk(value: unknown, event: StreamEvent): boolean {
  return readParsedChunk(value, event, readParsed);
}

/** A parser for one answer. */
export const createAnthropicStreamParser = createSseParsers({
  read: readFrame,
  readError: (frame) => readFault(frame?.["error"] ?? frame),
  readCut(event, name, held) {
    const type = name === "" ? /"type": ?"([^"]*)"/.exec(held)?.[1] : name;
    const known = type !== undefined && readMessageEvent(event, type, {}) === "event";
    if (!known) event.type = "malformed";
    else if (type === "content_block_delta") {
      countCutOutput(event, held, [
        [/"text": ?"(?!")/, "text"],
        [/"thinking": ?"(?!")/, "reasoning"],
        [/"partial_json": ?"(?!")/, "tool"],
      ]);
    }
    return "event";
  },
  varying: {
    output: [
      ["text", "text"],
      ["thinking", "reasoning"],
      ["partial_json", "tool"],
    ],
    unreadStrings: [],
    unreadNumbers: [],
  },
});
