/** OpenAI Chat Completions and legacy Completions. */
import {
  joined,
  TOOL_CALL_ID,
  toolNameOf,
  type AnswerEnd,
  type AnswerHead,
  type AnswerShape,
  type AnswerUsage,
  type AnswerWriter,
  type Fault,
  type Piece,
} from "./shape.ts";
import { SSE_HEADERS, sseData, type Fields } from "./sse.ts";

const REASONS: Readonly<Record<AnswerEnd["reason"], string>> = { stop: "stop", length: "length", tool: "tool_calls" };

const LOGPROBS = { logprobs: null };

/** An error body or event as OpenAI writes it. */
export function openaiError({ status, message, code, param }: Fault): Fields {
  const type = status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error";
  const usualCode = status === 429 ? "rate_limit_exceeded" : null;
  return { error: { message, type, param: param ?? null, code: code ?? usualCode } };
}

function usageOf({ inputTokens, outputTokens, reasoningTokens }: AnswerUsage): Fields {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(reasoningTokens === 0 ? {} : { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}

/** How the two formats differ. */
interface Variant {
  readonly idPrefix: string;
  readonly chunkObject: string;
  readonly wholeObject: string;
  /** Content of the first chunk; undefined when there is no such chunk. */
  readonly role: Fields | undefined;
  choice(piece: Piece | undefined): Fields;
  wholeChoice(pieces: readonly Piece[]): Fields;
}

function deltaOf(piece: Piece): Fields {
  if (piece.kind === "text") return { content: piece.text };
  if (piece.kind === "reasoning") return { reasoning_content: piece.text };
  const call = piece.name === undefined ? {} : { id: TOOL_CALL_ID, type: "function" };
  const name = piece.name === undefined ? {} : { name: piece.name };
  return { tool_calls: [{ index: 0, ...call, function: { ...name, arguments: piece.text } }] };
}

function messageOf(pieces: readonly Piece[]): Fields {
  const reasoning = joined(pieces, "reasoning");
  const name = toolNameOf(pieces);
  return {
    role: "assistant",
    content: name === undefined ? joined(pieces, "text") : null,
    refusal: null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(name === undefined
      ? {}
      : {
          tool_calls: [{ id: TOOL_CALL_ID, type: "function", function: { name, arguments: joined(pieces, "tool") } }],
        }),
  };
}

const CHAT: Variant = {
  idPrefix: "chatcmpl",
  chunkObject: "chat.completion.chunk",
  wholeObject: "chat.completion",
  role: { delta: { role: "assistant", content: "" } },
  choice: (piece) => ({ delta: piece === undefined ? {} : deltaOf(piece) }),
  wholeChoice: (pieces) => ({ message: messageOf(pieces) }),
};

const COMPLETIONS: Variant = {
  idPrefix: "cmpl",
  chunkObject: "text_completion",
  wholeObject: "text_completion",
  role: undefined,
  choice: (piece) => ({ text: piece?.text ?? "" }),
  wholeChoice: (pieces) => ({ text: pieces.map(({ text }) => text).join("") }),
};

function envelope(variant: Variant, { id, created, model }: AnswerHead, object: string): Fields {
  return { id: `${variant.idPrefix}-${id}`, object, created, model, system_fingerprint: "fp_exact" };
}

function createWriter(variant: Variant, head: AnswerHead): AnswerWriter {
  const chunk = (choices: readonly Fields[], usage: Fields | null): string =>
    sseData({
      ...envelope(variant, head, variant.chunkObject),
      choices,
      // Chunks carry `"usage":null` when usage was asked for, as OpenAI does.
      ...(head.includeUsage ? { usage } : {}),
    });
  const choice = (fields: Fields, reason: string | null = null): string =>
    chunk([{ index: 0, ...fields, ...LOGPROBS, finish_reason: reason }], null);
  return {
    open: () => (variant.role === undefined ? "" : choice(variant.role)),
    piece: (piece) => choice(variant.choice(piece)),
    close: ({ reason, givenReason, usage }) =>
      choice(variant.choice(undefined), givenReason ?? REASONS[reason]) +
      (head.includeUsage ? chunk([], usageOf(usage)) : "") +
      sseData("[DONE]"),
    fail: (fault) => sseData(openaiError(fault)),
  };
}

function shapeOf(variant: Variant): AnswerShape {
  return {
    streamHeaders: SSE_HEADERS,
    createWriter: (head) => createWriter(variant, head),
    whole: (head, pieces, { reason, givenReason, usage }) => ({
      ...envelope(variant, head, variant.wholeObject),
      choices: [
        { index: 0, ...variant.wholeChoice(pieces), ...LOGPROBS, finish_reason: givenReason ?? REASONS[reason] },
      ],
      usage: usageOf(usage),
    }),
    errorBody: openaiError,
  };
}

/** `POST /v1/chat/completions`. */
export const openaiChatShape: AnswerShape = shapeOf(CHAT);

/** `POST /v1/completions`. */
export const openaiCompletionsShape: AnswerShape = shapeOf(COMPLETIONS);
