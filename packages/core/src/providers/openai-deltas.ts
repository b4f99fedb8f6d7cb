import { utf8Length } from "../utf8.ts";
import { DELTA_KIND_BIT, type DeltaKind, type StreamEvent } from "./provider.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Where deltas are added: a stream event, or the byte count of a non-streaming message. */
export type DeltaTarget = Pick<StreamEvent, "kinds" | "kind" | "outputBytes">;

function add(target: DeltaTarget, kind: DeltaKind, text: unknown): void {
  if (typeof text !== "string" || text === "") return;
  target.kinds |= DELTA_KIND_BIT[kind];
  target.kind ??= kind;
  target.outputBytes += utf8Length(text);
}

function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null ? (value as Fields) : undefined;
}

function addCall(target: DeltaTarget, call: unknown): void {
  const given = fields(call);
  const body = fields(given?.["function"]) ?? fields(given?.["custom"]) ?? given;
  add(target, "tool", body?.["name"]);
  add(target, "tool", body?.["arguments"] ?? body?.["input"]);
}

/** Content is a string, or in some servers a list of parts with `text`. */
function addContent(target: DeltaTarget, content: unknown): void {
  if (!Array.isArray(content)) {
    add(target, "text", content);
    return;
  }
  for (const part of content) {
    const given = fields(part);
    if (given?.["type"] === "image_url") add(target, "audio", fields(given["image_url"])?.["url"]);
    else add(target, "text", given?.["text"]);
  }
}

/**
 * Adds every counted piece of a `delta` or `message`: reasoning under both names (the same text is counted once when a
 * server sends both), content, refusal, tool calls, audio. Role, empty strings and `obfuscation` count nothing.
 */
export function addDeltas(target: DeltaTarget, delta: unknown): void {
  const given = fields(delta);
  if (given === undefined) return;
  const reasoning = given["reasoning_content"];
  add(target, "reasoning", typeof reasoning === "string" && reasoning !== "" ? reasoning : given["reasoning"]);
  addContent(target, given["content"]);
  add(target, "refusal", given["refusal"]);
  const calls = given["tool_calls"];
  if (Array.isArray(calls)) for (const call of calls) addCall(target, call);
  if (given["function_call"] !== undefined) addCall(target, given["function_call"]);
  const audio = fields(given["audio"]);
  add(target, "audio", audio?.["data"]);
  add(target, "audio", audio?.["transcript"]);
}

/** Adds the text of a legacy completion choice. */
export function addText(target: DeltaTarget, text: unknown): void {
  add(target, "text", text);
}
