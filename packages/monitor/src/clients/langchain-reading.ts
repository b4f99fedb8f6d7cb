/** What LangChain's chunks and results say, whichever provider they come from. */
import {
  DELTA_KIND_BIT,
  utf8Length,
  type DeltaKind,
  type ResponseReading,
  type StreamEvent,
  type TokenUsage,
} from "@nexent/monitor-core";
import { safeProperty } from "../redact.ts";

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Adds a piece of output; anything but text with at least one character is none. */
type Add = (kind: DeltaKind, text: unknown) => void;

/** Content in blocks: those of Anthropic, of Google and LangChain's own. */
function addBlock(block: unknown, add: Add): void {
  const type = safeProperty(block, "type");
  if (type === "thinking" || type === "reasoning") {
    add("reasoning", safeProperty(block, "thinking") ?? safeProperty(block, "reasoning"));
  } else if (type === "text" || type === "text_delta") add("text", safeProperty(block, "text"));
}

function addMessage(message: unknown, add: Add): void {
  const content = safeProperty(message, "content");
  if (typeof content === "string") add("text", content);
  for (const block of listOf(content)) addBlock(block, add);
  add("reasoning", safeProperty(safeProperty(message, "additional_kwargs"), "reasoning_content"));
  const calls = listOf(safeProperty(message, "tool_call_chunks"));
  for (const call of calls) {
    add("tool", safeProperty(call, "name"));
    add("tool", safeProperty(call, "args"));
  }
  if (calls.length > 0) return;
  for (const call of listOf(safeProperty(message, "tool_calls"))) {
    add("tool", safeProperty(call, "name"));
    add("tool", JSON.stringify(safeProperty(call, "args") ?? ""));
  }
}

function finishReasonOf(generation: unknown): string | undefined {
  const info = safeProperty(generation, "generationInfo");
  const metadata = safeProperty(safeProperty(generation, "message"), "response_metadata");
  for (const name of ["finish_reason", "stop_reason", "finishReason", "done_reason"]) {
    const reason = textOf(safeProperty(info, name)) ?? textOf(safeProperty(metadata, name));
    if (reason !== undefined) return reason;
  }
  // The Responses API has no finish reason but a status, which is also told while the answer is under way.
  const status = safeProperty(metadata, "status");
  return status === "completed" || status === "incomplete" ? status : undefined;
}

function modelOf(generation: unknown): string | undefined {
  const metadata = safeProperty(safeProperty(generation, "message"), "response_metadata");
  return textOf(safeProperty(metadata, "model_name")) ?? textOf(safeProperty(metadata, "model"));
}

/** Reads a streamed chunk into an empty event. Its usage is a part of the whole, which the result brings. */
export function readToken(token: string, chunk: unknown, completion: number, event: StreamEvent): void {
  const add: Add = (kind, text) => {
    if (textOf(text) === undefined) return;
    event.kind ??= kind;
    event.kinds |= DELTA_KIND_BIT[kind];
    event.outputBytes += utf8Length(String(text));
  };
  const message = safeProperty(chunk, "message");
  if (message === undefined) add("text", token);
  else addMessage(message, add);
  event.choiceCount = completion + 1;
  event.finishReason = finishReasonOf(chunk);
  event.responseModel = modelOf(chunk);
  event.responseId = textOf(safeProperty(message, "id"));
}

function known(counts: { readonly [K in keyof TokenUsage]: number | undefined }): TokenUsage | undefined {
  const usage: TokenUsage = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
  return Object.keys(usage).length === 0 ? undefined : usage;
}

function usageOf(result: unknown, message: unknown): TokenUsage | undefined {
  const usage = safeProperty(message, "usage_metadata");
  const [input, output] = [safeProperty(usage, "input_token_details"), safeProperty(usage, "output_token_details")];
  const told = known({
    inputTokens: countOf(safeProperty(usage, "input_tokens")),
    outputTokens: countOf(safeProperty(usage, "output_tokens")),
    cacheReadTokens: countOf(safeProperty(input, "cache_read")),
    cacheWriteTokens: countOf(safeProperty(input, "cache_creation")),
    reasoningTokens: countOf(safeProperty(output, "reasoning")),
  });
  const total = safeProperty(safeProperty(result, "llmOutput"), "tokenUsage");
  const counted =
    told ??
    known({
      inputTokens: countOf(safeProperty(total, "promptTokens")),
      outputTokens: countOf(safeProperty(total, "completionTokens")),
    });
  // Where a provider said nothing, LangChain says 0; no question has no tokens.
  return counted?.inputTokens === 0 && counted.outputTokens === 0 ? undefined : counted;
}

/** Reads the result of a run: the generations of one prompt. */
export function readResult(result: unknown): ResponseReading {
  const [first] = listOf(safeProperty(result, "generations"));
  const generations = listOf(first);
  const message = safeProperty(generations[0], "message");
  let outputBytes = 0;
  const add: Add = (_kind, text) => (outputBytes += typeof text === "string" ? utf8Length(text) : 0);
  for (const generation of generations) {
    const said = safeProperty(generation, "message");
    if (said === undefined) add("text", safeProperty(generation, "text"));
    else addMessage(said, add);
  }
  const usage = usageOf(result, message);
  const [responseModel, responseId] = [modelOf(generations[0]), textOf(safeProperty(message, "id"))];
  return {
    finishReasons: generations.map(finishReasonOf).filter((reason) => reason !== undefined),
    outputBytes,
    choiceCount: generations.length,
    ...(usage !== undefined && { usage }),
    ...(responseModel !== undefined && { responseModel }),
    ...(responseId !== undefined && { responseId }),
  };
}
