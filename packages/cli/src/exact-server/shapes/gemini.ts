/** Gemini, in both framings: server-sent events, and one JSON array. */
import {
  argumentsOf,
  joined,
  toolNameOf,
  type AnswerEnd,
  type AnswerHead,
  type AnswerShape,
  type AnswerUsage,
  type AnswerWriter,
  type Fault,
  type Piece,
} from "./shape.ts";
import { SSE_HEADERS, type Fields } from "./sse.ts";

const REASONS: Readonly<Record<AnswerEnd["reason"], string>> = { stop: "STOP", length: "MAX_TOKENS", tool: "STOP" };

const STATUSES: ReadonlyMap<number, string> = new Map([
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [409, "ABORTED"],
  [429, "RESOURCE_EXHAUSTED"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);

function errorBody({ status, message }: Fault): Fields {
  const name = STATUSES.get(status) ?? (status < 500 ? "INVALID_ARGUMENT" : "INTERNAL");
  return { error: { code: status, message, status: name } };
}

/** Counts that are 0 are left out, as protobuf's JSON does. */
function usageOf({ inputTokens, outputTokens, reasoningTokens }: AnswerUsage): Fields {
  const candidates = outputTokens - reasoningTokens;
  return {
    promptTokenCount: inputTokens,
    ...(candidates === 0 ? {} : { candidatesTokenCount: candidates }),
    ...(reasoningTokens === 0 ? {} : { thoughtsTokenCount: reasoningTokens }),
    totalTokenCount: inputTokens + outputTokens,
  };
}

function responseOf(
  head: AnswerHead,
  parts: readonly Fields[],
  reason: string | undefined,
  usage: AnswerUsage,
): Fields {
  const finish = reason === undefined ? {} : { finishReason: reason };
  return {
    candidates: [{ content: { parts, role: "model" }, ...finish, index: 0 }],
    usageMetadata: usageOf(usage),
    modelVersion: head.model,
    responseId: head.id,
  };
}

function partOf(kind: Piece["kind"], text: string, name: string | undefined): Fields {
  if (kind === "text") return { text };
  if (kind === "reasoning") return { text, thought: true };
  return { functionCall: { name: name ?? "", args: argumentsOf(text) } };
}

/** Puts one value into the framing of the stream. */
interface Framing {
  element(value: Fields): string;
  end(): string;
}

function eventFraming(): Framing {
  return { element: (value) => `data: ${JSON.stringify(value)}\r\n\r\n`, end: () => "" };
}

function arrayFraming(): Framing {
  let opened = false;
  return {
    element(value) {
      const before = opened ? ",\r\n" : "[";
      opened = true;
      return before + JSON.stringify(value);
    },
    end: () => "\n]\n",
  };
}

class GeminiWriter implements AnswerWriter {
  readonly #head: AnswerHead;
  readonly #framing: Framing;
  #tokens = 0;
  #reasoningTokens = 0;
  #toolName: string | undefined;
  #toolText = "";

  constructor(head: AnswerHead, framing: Framing) {
    this.#head = head;
    this.#framing = framing;
  }

  open(): string {
    return "";
  }

  piece(piece: Piece): string {
    this.#tokens += piece.tokens;
    if (piece.kind === "reasoning") this.#reasoningTokens += piece.tokens;
    if (piece.kind !== "tool") return this.#element(partOf(piece.kind, piece.text, undefined));
    // A call comes as a whole, when its last token is due.
    this.#toolName ??= piece.name;
    this.#toolText += piece.text;
    return piece.last === true ? this.#element(partOf("tool", this.#toolText, this.#toolName)) : "";
  }

  close({ reason, givenReason, usage }: AnswerEnd): string {
    const value = responseOf(this.#head, [{ text: "" }], givenReason ?? REASONS[reason], usage);
    return this.#framing.element(value) + this.#framing.end();
  }

  fail(fault: Fault): string {
    return this.#framing.element(errorBody(fault)) + this.#framing.end();
  }

  #element(part: Fields): string {
    const { inputTokens } = this.#head;
    const usage = { inputTokens, outputTokens: this.#tokens, reasoningTokens: this.#reasoningTokens };
    return this.#framing.element(responseOf(this.#head, [part], undefined, usage));
  }
}

function shapeOf(streamHeaders: AnswerShape["streamHeaders"], framing: () => Framing, inArray: boolean): AnswerShape {
  return {
    streamHeaders,
    createWriter: (head) => new GeminiWriter(head, framing()),
    whole(head, pieces, { reason, givenReason, usage }) {
      const kinds = [...new Set(pieces.map(({ kind }) => kind))];
      const parts = kinds.map((kind) => partOf(kind, joined(pieces, kind), toolNameOf(pieces)));
      return responseOf(head, parts, givenReason ?? REASONS[reason], usage);
    },
    errorBody: (fault) => (inArray ? [errorBody(fault)] : errorBody(fault)),
  };
}

/** `…:generateContent`, and `…:streamGenerateContent?alt=sse`. */
export const geminiShape: AnswerShape = shapeOf(SSE_HEADERS, eventFraming, false);

/** `…:streamGenerateContent` without `alt=sse`: one JSON array, errors included. */
export const geminiArrayShape: AnswerShape = shapeOf(
  { "content-type": "application/json; charset=utf-8" },
  arrayFraming,
  true,
);
