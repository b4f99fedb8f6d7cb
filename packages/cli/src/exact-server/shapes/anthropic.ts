/** Anthropic Messages. */
import {
  argumentsOf,
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
import { SSE_HEADERS, sseEvent, type Fields } from "./sse.ts";

const REASONS: Readonly<Record<AnswerEnd["reason"], string>> = {
  stop: "end_turn",
  length: "max_tokens",
  tool: "tool_use",
};

const ERROR_TYPES: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);

function errorBody({ status, message }: Fault): Fields & { readonly type: "error" } {
  const type = ERROR_TYPES.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error");
  return { type: "error", error: { type, message } };
}

function messageOf(head: AnswerHead, content: readonly Fields[], end: Fields): Fields {
  const { id, model } = head;
  return { id: `msg_${id}`, type: "message", role: "assistant", model, content, stop_sequence: null, ...end };
}

function inputUsage(inputTokens: number): Fields {
  return { input_tokens: inputTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
}

function outputUsage({ outputTokens, reasoningTokens }: AnswerUsage): Fields {
  const details = reasoningTokens === 0 ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } };
  return { output_tokens: outputTokens, ...details };
}

function emptyBlock({ kind, name }: Piece): Fields {
  if (kind === "text") return { type: "text", text: "" };
  if (kind === "reasoning") return { type: "thinking", thinking: "", signature: "" };
  return { type: "tool_use", id: TOOL_CALL_ID, name: name ?? "", input: {} };
}

function deltaOf({ kind, text }: Piece): Fields {
  if (kind === "text") return { type: "text_delta", text };
  if (kind === "reasoning") return { type: "thinking_delta", thinking: text };
  return { type: "input_json_delta", partial_json: text };
}

class AnthropicWriter implements AnswerWriter {
  readonly #head: AnswerHead;
  #kind: Piece["kind"] | undefined;
  #index = -1;

  constructor(head: AnswerHead) {
    this.#head = head;
  }

  open(): string {
    const usage = { ...inputUsage(this.#head.inputTokens), output_tokens: 1 };
    return sseEvent({ type: "message_start", message: messageOf(this.#head, [], { stop_reason: null, usage }) });
  }

  piece(piece: Piece): string {
    const block = this.#kind === piece.kind ? "" : this.#blockStop() + this.#blockStart(piece);
    return block + sseEvent({ type: "content_block_delta", index: this.#index, delta: deltaOf(piece) });
  }

  close({ reason, givenReason, usage }: AnswerEnd): string {
    const delta = { stop_reason: givenReason ?? REASONS[reason], stop_sequence: null };
    return (
      this.#blockStop() +
      sseEvent({ type: "message_delta", delta, usage: outputUsage(usage) }) +
      sseEvent({ type: "message_stop" })
    );
  }

  fail(fault: Fault): string {
    return sseEvent(errorBody(fault));
  }

  #blockStart(piece: Piece): string {
    this.#kind = piece.kind;
    this.#index += 1;
    return sseEvent({ type: "content_block_start", index: this.#index, content_block: emptyBlock(piece) });
  }

  #blockStop(): string {
    return this.#kind === undefined ? "" : sseEvent({ type: "content_block_stop", index: this.#index });
  }
}

function contentOf(pieces: readonly Piece[]): readonly Fields[] {
  const kinds = new Set(pieces.map(({ kind }) => kind));
  return [...kinds].map((kind) => {
    const text = joined(pieces, kind);
    if (kind === "text") return { type: "text", text };
    if (kind === "reasoning") return { type: "thinking", thinking: text, signature: "" };
    return { type: "tool_use", id: TOOL_CALL_ID, name: toolNameOf(pieces) ?? "", input: argumentsOf(text) };
  });
}

/** `POST /v1/messages`. */
export const anthropicShape: AnswerShape = {
  streamHeaders: SSE_HEADERS,
  createWriter: (head) => new AnthropicWriter(head),
  whole: (head, pieces, { reason, givenReason, usage }) =>
    messageOf(head, contentOf(pieces), {
      stop_reason: givenReason ?? REASONS[reason],
      usage: { ...inputUsage(usage.inputTokens), ...outputUsage(usage) },
    }),
  errorBody,
};
