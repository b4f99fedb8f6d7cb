/** OpenAI Responses. */
import { openaiError } from "./openai.ts";
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
import { SSE_HEADERS, sseEvent, type Fields } from "./sse.ts";

type Kind = Piece["kind"];

const DELTA_TYPES: Readonly<Record<Kind, string>> = {
  text: "response.output_text.delta",
  reasoning: "response.reasoning_text.delta",
  tool: "response.function_call_arguments.delta",
};

function usageOf({ inputTokens, outputTokens, reasoningTokens }: AnswerUsage): Fields {
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: inputTokens + outputTokens,
  };
}

function responseOf({ id, created, model }: AnswerHead, more: Fields): Fields {
  return {
    id: `resp_${id}`,
    object: "response",
    created_at: created,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    model,
    output: [],
    usage: null,
    ...more,
  };
}

function ended(head: AnswerHead, { reason, givenReason, usage }: AnswerEnd, output: readonly Fields[]): Fields {
  const cut = givenReason ?? (reason === "length" ? "max_output_tokens" : undefined);
  return responseOf(head, {
    status: cut === undefined ? "completed" : "incomplete",
    incomplete_details: cut === undefined ? null : { reason: cut },
    output,
    usage: usageOf(usage),
  });
}

/** The output item of all pieces of one kind, begun or complete. */
function itemOf(kind: Kind, pieces: readonly Piece[], status: "in_progress" | "completed"): Fields {
  const text = joined(pieces, kind);
  if (kind === "tool") {
    const name = toolNameOf(pieces) ?? "";
    return { id: "fc_exact", type: "function_call", status, call_id: TOOL_CALL_ID, name, arguments: text };
  }
  if (kind === "reasoning") {
    return { id: "rs_exact", type: "reasoning", status, summary: [], content: [{ type: "reasoning_text", text }] };
  }
  const content = status === "completed" ? [{ type: "output_text", text, annotations: [], logprobs: [] }] : [];
  return { id: "msg_exact", type: "message", status, role: "assistant", content };
}

function kindsOf(pieces: readonly Piece[]): readonly Kind[] {
  return [...new Set(pieces.map(({ kind }) => kind))];
}

function outputOf(pieces: readonly Piece[]): readonly Fields[] {
  return kindsOf(pieces).map((kind) => itemOf(kind, pieces, "completed"));
}

class ResponsesWriter implements AnswerWriter {
  readonly #head: AnswerHead;
  readonly #pieces: Piece[] = [];
  #sequence = 0;

  constructor(head: AnswerHead) {
    this.#head = head;
  }

  open(): string {
    const response = responseOf(this.#head, {});
    return this.#event("response.created", { response }) + this.#event("response.in_progress", { response });
  }

  piece(piece: Piece): string {
    const before = this.#pieces.at(-1)?.kind;
    const closed = before === undefined || before === piece.kind ? "" : this.#itemDone(before);
    this.#pieces.push(piece);
    return closed + (before === piece.kind ? "" : this.#itemAdded(piece)) + this.#delta(piece);
  }

  close(end: AnswerEnd): string {
    const last = this.#pieces.at(-1)?.kind;
    const response = ended(this.#head, end, outputOf(this.#pieces));
    const type = response["status"] === "completed" ? "response.completed" : "response.incomplete";
    return (last === undefined ? "" : this.#itemDone(last)) + this.#event(type, { response });
  }

  fail(fault: Fault): string {
    const error = { code: "server_error", message: fault.message };
    return this.#event("response.failed", { response: responseOf(this.#head, { status: "failed", error }) });
  }

  #delta({ kind, text }: Piece): string {
    return this.#event(DELTA_TYPES[kind], { ...this.#place(kind), delta: text });
  }

  #itemAdded(piece: Piece): string {
    // Begun items are empty; a call has its name already.
    const item = itemOf(piece.kind, [{ ...piece, text: "" }], "in_progress");
    const added = this.#event("response.output_item.added", { output_index: this.#index(piece.kind), item });
    if (piece.kind !== "text") return added;
    const part = { type: "output_text", text: "", annotations: [], logprobs: [] };
    return added + this.#event("response.content_part.added", { ...this.#place("text"), part });
  }

  #itemDone(kind: Kind): string {
    const item = itemOf(kind, this.#pieces, "completed");
    return this.#event("response.output_item.done", { output_index: this.#index(kind), item });
  }

  #place(kind: Kind): Fields {
    return { item_id: itemOf(kind, [], "in_progress")["id"], output_index: this.#index(kind), content_index: 0 };
  }

  #index(kind: Kind): number {
    return kindsOf(this.#pieces).indexOf(kind);
  }

  #event(type: string, fields: Fields): string {
    const sequence = this.#sequence;
    this.#sequence += 1;
    return sseEvent({ type, sequence_number: sequence, ...fields });
  }
}

/** `POST /v1/responses`. */
export const responsesShape: AnswerShape = {
  streamHeaders: SSE_HEADERS,
  createWriter: (head) => new ResponsesWriter(head),
  whole: (head, pieces, end) => ended(head, end, outputOf(pieces)),
  errorBody: openaiError,
};
