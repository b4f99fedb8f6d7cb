/** Ollama's own chat and generate routes. */
import {
  argumentsOf,
  joined,
  toolNameOf,
  type AnswerEnd,
  type AnswerHead,
  type AnswerShape,
  type AnswerWriter,
  type Fault,
  type Piece,
} from "./shape.ts";
import type { Fields } from "./sse.ts";

const REASONS: Readonly<Record<AnswerEnd["reason"], string>> = { stop: "stop", length: "length", tool: "stop" };

function errorBody({ message }: Fault): Fields {
  return { error: message };
}

/** The fields that hold output, in either route. */
type Output = (given: {
  readonly text?: string;
  readonly thinking?: string;
  readonly calls?: readonly Fields[];
}) => Fields;

const chatOutput: Output = ({ text = "", thinking, calls }) => ({
  message: {
    role: "assistant",
    content: text,
    ...(thinking === undefined ? {} : { thinking }),
    ...(calls === undefined ? {} : { tool_calls: calls }),
  },
});

/** This route knows no tools: a call is text, as from a model that was never told of any. */
const generateOutput: Output = ({ text = "", thinking, calls = [] }) => ({
  response: text + calls.map((call) => JSON.stringify(call)).join(""),
  ...(thinking === undefined ? {} : { thinking }),
});

function callOf(name: string | undefined, text: string): Fields {
  return { function: { name: name ?? "", arguments: argumentsOf(text) } };
}

function objectOf({ model, created }: AnswerHead, output: Fields, more: Fields): Fields {
  return { model, created_at: new Date(created * 1000).toISOString(), ...output, ...more };
}

/** What the last object says beside its output; counts that are 0 are left out, as the server does. */
function endOf({ reason, givenReason, usage }: AnswerEnd): Fields {
  const { inputTokens, outputTokens } = usage;
  return {
    done: true,
    done_reason: givenReason ?? REASONS[reason],
    ...(inputTokens === 0 ? {} : { prompt_eval_count: inputTokens }),
    ...(outputTokens === 0 ? {} : { eval_count: outputTokens }),
  };
}

class OllamaWriter implements AnswerWriter {
  readonly #head: AnswerHead;
  readonly #output: Output;
  #toolName: string | undefined;
  #toolText = "";

  constructor(head: AnswerHead, output: Output) {
    this.#head = head;
    this.#output = output;
  }

  open(): string {
    return "";
  }

  piece(piece: Piece): string {
    if (piece.kind === "text") return this.#line(this.#output({ text: piece.text }));
    if (piece.kind === "reasoning") return this.#line(this.#output({ thinking: piece.text }));
    // A call comes as a whole, when its last token is due.
    this.#toolName ??= piece.name;
    this.#toolText += piece.text;
    if (piece.last !== true) return "";
    return this.#line(this.#output({ calls: [callOf(this.#toolName, this.#toolText)] }));
  }

  close(end: AnswerEnd): string {
    return this.#line(this.#output({}), endOf(end));
  }

  fail(fault: Fault): string {
    return `${JSON.stringify(errorBody(fault))}\n`;
  }

  #line(output: Fields, more: Fields = { done: false }): string {
    return `${JSON.stringify(objectOf(this.#head, output, more))}\n`;
  }
}

function shapeOf(output: Output): AnswerShape {
  return {
    streamHeaders: { "content-type": "application/x-ndjson" },
    createWriter: (head) => new OllamaWriter(head, output),
    errorBody,
    whole(head, pieces, end) {
      const thinking = joined(pieces, "reasoning");
      const name = toolNameOf(pieces);
      const said = output({
        text: joined(pieces, "text"),
        ...(thinking === "" ? {} : { thinking }),
        ...(name === undefined ? {} : { calls: [callOf(name, joined(pieces, "tool"))] }),
      });
      return objectOf(head, said, endOf(end));
    },
  };
}

/** `POST /api/chat`. */
export const ollamaChatShape: AnswerShape = shapeOf(chatOutput);

/** `POST /api/generate`. */
export const ollamaGenerateShape: AnswerShape = shapeOf(generateOutput);
