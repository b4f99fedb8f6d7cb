import { addDelta, type DeltaTarget } from "./deltas.ts";
import { fieldsOf, listOf, textOf, type Fields } from "./json-fields.ts";

/** The same reasoning stands under several names; it is counted once, and its details say what it is. */
function addReasoning(target: DeltaTarget, given: Fields): void {
  const plain = textOf(given["reasoning_content"]) ?? textOf(given["reasoning"]);
  addDelta(target, "reasoning", plain);
  for (const item of listOf(given["reasoning_details"])) {
    const detail = fieldsOf(item);
    if (detail?.["type"] === "reasoning.summary") target.reasoningForm = "summary";
    else if (detail?.["type"] === "reasoning.encrypted") target.reasoningForm ??= "redacted";
    if (plain === undefined) addDelta(target, "reasoning", detail?.["text"] ?? detail?.["summary"]);
  }
}

/** Content is a string, or in some servers a list of parts. */
function addContent(target: DeltaTarget, content: unknown): void {
  if (!Array.isArray(content)) {
    addDelta(target, "text", content);
    return;
  }
  for (const item of content) {
    const part = fieldsOf(item);
    if (part?.["type"] === "thinking") addThinking(target, part["thinking"]);
    else if (part?.["type"] === "image_url") addImage(target, part);
    else addDelta(target, "text", part?.["text"]);
  }
}

/** Mistral streams reasoning as a list of texts inside a content part. */
function addThinking(target: DeltaTarget, thinking: unknown): void {
  addDelta(target, "reasoning", thinking);
  for (const item of listOf(thinking)) addDelta(target, "reasoning", fieldsOf(item)?.["text"]);
}

function addImage(target: DeltaTarget, part: Fields | undefined): void {
  addDelta(target, "audio", fieldsOf(part?.["image_url"])?.["url"]);
}

function addCall(target: DeltaTarget, call: unknown): void {
  const given = fieldsOf(call);
  const body = fieldsOf(given?.["function"]) ?? fieldsOf(given?.["custom"]) ?? given;
  addDelta(target, "tool", body?.["name"]);
  addDelta(target, "tool", body?.["arguments"] ?? body?.["input"]);
}

/**
 * Adds every counted piece of a `delta` or `message`: reasoning, content, refusal, tool calls, audio and images. Role,
 * empty strings, signatures and `obfuscation` count nothing.
 */
export function addDeltas(target: DeltaTarget, delta: unknown): void {
  const given = fieldsOf(delta);
  if (given === undefined) return;
  addReasoning(target, given);
  addContent(target, given["content"]);
  addDelta(target, "refusal", given["refusal"]);
  for (const call of listOf(given["tool_calls"])) addCall(target, call);
  addCall(target, given["function_call"]);
  const audio = fieldsOf(given["audio"]);
  addDelta(target, "audio", audio?.["data"]);
  addDelta(target, "audio", audio?.["transcript"]);
  for (const image of listOf(given["images"])) addImage(target, fieldsOf(image));
}

/** Adds the text of a legacy completion choice. */
export function addText(target: DeltaTarget, text: unknown): void {
  addDelta(target, "text", text);
}
