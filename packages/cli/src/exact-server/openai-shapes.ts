import type { ExactFormat } from "./exact-request.ts";

/** `usage` as OpenAI reports it. */
export interface UsageShape {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens_details?: { readonly reasoning_tokens: number };
}

/** One piece of output, before it is put into a chunk of the asked shape. */
export type Piece =
  | { readonly kind: "role" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "tool"; readonly name?: string; readonly text: string }
  | { readonly kind: "finish"; readonly reason: string };

/** Fields shared by all chunks of one answer. */
export interface AnswerHead {
  readonly format: ExactFormat;
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  /** Chunks then carry `"usage":null`, as OpenAI does when usage was asked for. */
  readonly includeUsage: boolean;
}

const TOOL_CALL_ID = "call_exact_1";

/** The server-sent event of one value. */
export function sseData(value: unknown): string {
  return `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;
}

/** A stream chunk that holds one piece. */
export function chunkOf(head: AnswerHead, piece: Piece): Record<string, unknown> {
  const choice =
    head.format === "openai-chat"
      ? { index: 0, delta: deltaOf(piece), logprobs: null, finish_reason: finishOf(piece) }
      : { index: 0, text: textOf(piece), logprobs: null, finish_reason: finishOf(piece) };
  return { ...envelope(head, true), choices: [choice], ...(head.includeUsage ? { usage: null } : {}) };
}

/** The extra chunk before `[DONE]` that carries the usage. */
export function usageChunk(head: AnswerHead, usage: UsageShape): Record<string, unknown> {
  return { ...envelope(head, true), choices: [], usage };
}

/** The whole answer of a request without `stream`. */
export function completionBody(head: AnswerHead, pieces: readonly Piece[], usage: UsageShape): Record<string, unknown> {
  const finish = pieces.map(finishOf).find((reason) => reason !== null) ?? null;
  const joined = (kind: Piece["kind"]): string =>
    pieces.map((piece) => (piece.kind === kind ? textOf(piece) : "")).join("");
  if (head.format === "openai-completions") {
    const choice = { index: 0, text: pieces.map(textOf).join(""), logprobs: null, finish_reason: finish };
    return { ...envelope(head, false), choices: [choice], usage };
  }
  const reasoning = joined("reasoning");
  const toolName = pieces
    .map((piece) => (piece.kind === "tool" ? piece.name : undefined))
    .find((name) => name !== undefined);
  const message = {
    role: "assistant",
    content: toolName === undefined ? joined("text") : null,
    refusal: null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(toolName === undefined
      ? {}
      : {
          tool_calls: [{ id: TOOL_CALL_ID, type: "function", function: { name: toolName, arguments: joined("tool") } }],
        }),
  };
  return { ...envelope(head, false), choices: [{ index: 0, message, logprobs: null, finish_reason: finish }], usage };
}

/** An error body or event as OpenAI writes it. */
export function errorBody(
  message: string,
  type: string,
  code: string | null,
  param: string | null = null,
): Record<string, unknown> {
  return { error: { message, type, param, code } };
}

function envelope(head: AnswerHead, streaming: boolean): Record<string, unknown> {
  const chat = streaming ? "chat.completion.chunk" : "chat.completion";
  return {
    id: head.id,
    object: head.format === "openai-chat" ? chat : "text_completion",
    created: head.created,
    model: head.model,
    system_fingerprint: "fp_exact",
  };
}

function deltaOf(piece: Piece): Record<string, unknown> {
  if (piece.kind === "role") return { role: "assistant", content: "" };
  if (piece.kind === "text") return { content: piece.text };
  if (piece.kind === "reasoning") return { reasoning_content: piece.text };
  if (piece.kind === "finish") return {};
  const call = piece.name === undefined ? {} : { id: TOOL_CALL_ID, type: "function" };
  const name = piece.name === undefined ? {} : { name: piece.name };
  return { tool_calls: [{ index: 0, ...call, function: { ...name, arguments: piece.text } }] };
}

function textOf(piece: Piece): string {
  return piece.kind === "role" || piece.kind === "finish" ? "" : piece.text;
}

function finishOf(piece: Piece): string | null {
  return piece.kind === "finish" ? piece.reason : null;
}
