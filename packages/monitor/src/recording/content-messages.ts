/**
 * Prompts and answers of every client as messages of the GenAI conventions: a role and parts. Read by shape, so that one
 * reader serves all formats. Images, audio and files are named, never copied.
 */
import { safeProperty } from "../redact.ts";

/** One piece of a message. */
export interface MessagePart {
  readonly type: string;
  readonly content?: string;
  readonly id?: string;
  readonly name?: string;
  /** JSON of a tool's arguments. */
  readonly arguments?: string;
  /** What a tool answered. */
  readonly response?: string;
}

/** A message of a prompt or an answer. */
export interface ContentMessage {
  readonly role: string;
  readonly parts: readonly MessagePart[];
  readonly finish_reason?: string;
}

/** What was asked. */
export interface AskedContent {
  readonly system: readonly MessagePart[];
  readonly messages: readonly ContentMessage[];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** The first member of these names that is there. */
function firstOf(value: unknown, names: readonly string[]): unknown {
  return names.map((name) => safeProperty(value, name)).find((found) => found !== undefined && found !== null);
}

/** Text as it is, anything else as JSON; undefined for what has none. */
function written(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  try {
    return value === undefined ? undefined : JSON.stringify(value);
  } catch {
    return undefined;
  }
}

const ROLES: Readonly<Record<string, string>> = { human: "user", ai: "assistant", model: "assistant" };

function roleOf(message: unknown, usual: string): string {
  const role = textOf(firstOf(message, ["role", "type"])) ?? usual;
  return Object.hasOwn(ROLES, role) ? (ROLES[role] ?? role) : role;
}

function optional(name: keyof MessagePart, value: string | undefined): Partial<MessagePart> {
  return value === undefined ? {} : { [name]: value };
}

function toolCall(call: unknown): MessagePart {
  const named = safeProperty(call, "function") ?? safeProperty(call, "functionCall") ?? call;
  return {
    type: "tool_call",
    ...optional("id", textOf(firstOf(call, ["call_id", "toolCallId", "id"]))),
    ...optional("name", textOf(firstOf(named, ["name", "toolName"]))),
    ...optional("arguments", written(firstOf(named, ["arguments", "input", "args"]))),
  };
}

function toolResponse(result: unknown): MessagePart {
  const from = safeProperty(result, "functionResponse") ?? result;
  return {
    type: "tool_call_response",
    ...optional("id", textOf(firstOf(result, ["tool_call_id", "tool_use_id", "call_id", "toolCallId"]))),
    ...optional("response", written(firstOf(from, ["response", "output", "content", "result"]))),
  };
}

const CALLS = new Set<unknown>(["tool_use", "tool-call", "function_call", "custom_tool_call", "tool_call"]);
const RESPONSES = new Set<unknown>(["tool_result", "tool-result", "function_call_output"]);
const REASONING = new Set<unknown>(["thinking", "reasoning", "reasoning_text", "summary_text"]);

function partOf(value: unknown): MessagePart {
  if (typeof value === "string") return { type: "text", content: value };
  const type = safeProperty(value, "type");
  if (CALLS.has(type) || safeProperty(value, "functionCall") !== undefined) return toolCall(value);
  if (RESPONSES.has(type) || safeProperty(value, "functionResponse") !== undefined) return toolResponse(value);
  const content = textOf(firstOf(value, ["text", "thinking", "reasoning", "refusal"]));
  if (content === undefined) return { type: textOf(type) ?? "unknown" };
  const reasons = REASONING.has(type) || safeProperty(value, "thought") === true;
  return { type: reasons ? "reasoning" : "text", content };
}

function partsOf(message: unknown): readonly MessagePart[] {
  if (typeof message === "string") return [partOf(message)];
  const type = safeProperty(message, "type");
  if (CALLS.has(type)) return [toolCall(message)];
  if (RESPONSES.has(type) || safeProperty(message, "tool_call_id") !== undefined) return [toolResponse(message)];
  const reasoning = textOf(firstOf(message, ["reasoning_content", "thinking"]));
  const content = listOf(firstOf(message, ["content", "parts", "text", "response", "refusal", "summary"]));
  return [
    ...(reasoning === undefined ? [] : [{ type: "reasoning", content: reasoning }]),
    ...content.filter((part) => part !== "").map(partOf),
    ...listOf(safeProperty(message, "tool_calls")).map(toolCall),
  ];
}

function messageOf(message: unknown, usual: string): ContentMessage {
  const role = typeof message === "string" ? usual : roleOf(message, usual);
  return { role: role === "message" ? usual : role, parts: partsOf(message) };
}

/** A list of messages, one message, or the pieces of one; LangChain gives a list of lists. */
function messagesOf(asked: unknown): readonly ContentMessage[] {
  const list = listOf(asked);
  const flat = list.length === 1 && Array.isArray(list[0]) ? listOf(list[0]) : list;
  const arePieces = flat.length > 0 && flat.every((piece) => textOf(safeProperty(piece, "text")) !== undefined);
  const areMessages = flat.some((piece) => textOf(safeProperty(piece, "role")) !== undefined);
  if (arePieces && !areMessages && safeProperty(flat[0], "content") === undefined)
    return [{ role: "user", parts: flat.map(partOf) }];
  return flat.map((message) => messageOf(message, "user"));
}

/** What a request asks, whichever client it is for. */
export function readAsked(request: unknown): AskedContent {
  const config = safeProperty(request, "config");
  const system =
    firstOf(request, ["system", "instructions", "systemInstruction"]) ?? safeProperty(config, "systemInstruction");
  return {
    system: system === undefined ? [] : partsOf(Array.isArray(system) ? { content: system } : system),
    messages: messagesOf(firstOf(request, ["messages", "input", "contents", "prompt"])),
  };
}

/** One alternative of an answer, with the reason why it ended. */
function alternative(choice: unknown): ContentMessage {
  const message = safeProperty(choice, "message") ?? safeProperty(choice, "content") ?? choice;
  const isBare = Array.isArray(message) || typeof message === "string";
  const { parts } = messageOf(isBare ? { content: message } : message, "assistant");
  const reason = textOf(firstOf(choice, ["finish_reason", "finishReason", "stop_reason", "done_reason"]));
  return { role: "assistant", parts, ...(reason !== undefined && { finish_reason: reason }) };
}

/** What a whole answer says, whichever client it is of; empty when it is of no known shape. */
export function readAnswered(answer: unknown): readonly ContentMessage[] {
  if (typeof answer !== "object") return [];
  const generations = listOf(safeProperty(answer, "generations"));
  const choices = firstOf(answer, ["choices", "candidates"]) ?? generations[0];
  if (choices !== undefined) return listOf(choices).map(alternative);
  const output = safeProperty(answer, "output");
  if (Array.isArray(output)) return [{ role: "assistant", parts: output.flatMap(partsOf) }];
  const said = alternative(answer);
  return said.parts.length === 0 ? [] : [said];
}
