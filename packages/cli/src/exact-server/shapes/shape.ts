/** The seam between a schedule and the wire: what a provider format must be able to write. */
import type { Fields } from "./sse.ts";

/** One piece of output, before it is put into a chunk of the asked shape. */
export interface Piece {
  readonly kind: "text" | "reasoning" | "tool";
  readonly text: string;
  /** Tokens in it. */
  readonly tokens: number;
  /** Name of the function, on the first piece of a tool call. */
  readonly name?: string;
  /** The tool call is complete with this piece. */
  readonly last?: boolean;
}

/** Token counts of an answer; output includes reasoning. */
export interface AnswerUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** How an answer closes. */
export interface AnswerEnd {
  readonly reason: "stop" | "length" | "tool";
  /** Written instead of the provider's word for `reason`. */
  readonly givenReason?: string;
  readonly usage: AnswerUsage;
}

/** Fields shared by all chunks of one answer. */
export interface AnswerHead {
  /** Unique part of the answer's id. */
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  /** Usage was asked for (OpenAI chat formats; the others always tell it). */
  readonly includeUsage: boolean;
  /** Known before the answer; some formats begin with it. */
  readonly inputTokens: number;
}

/** Writes one streamed answer; called in the order of time. An empty string writes nothing. */
export interface AnswerWriter {
  /** Envelope events before the first token; empty when the format has none. */
  open(): string;
  piece(piece: Piece): string;
  /** Finish reason, usage, terminal marker. */
  close(end: AnswerEnd): string;
  /** An error event under status 200. */
  fail(fault: Fault): string;
}

/** An error to be told. `code` and `param` only where the format has them. */
export interface Fault {
  readonly status: number;
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
}

/** One provider format. Stateless; a writer holds the state of one stream. */
export interface AnswerShape {
  readonly streamHeaders: Readonly<Record<string, string>>;
  createWriter(head: AnswerHead): AnswerWriter;
  /** The body of an answer that is no stream. */
  whole(head: AnswerHead, pieces: readonly Piece[], end: AnswerEnd): Fields;
  /** The body of an error. */
  errorBody(fault: Fault): unknown;
}

/** The id by which every tool call of the server goes. */
export const TOOL_CALL_ID = "call_exact_1";

/** The pieces of one kind as one text. */
export function joined(pieces: readonly Piece[], kind: Piece["kind"]): string {
  return pieces.map((piece) => (piece.kind === kind ? piece.text : "")).join("");
}

/** Name of the function that the pieces call; undefined without a tool call. */
export function toolNameOf(pieces: readonly Piece[]): string | undefined {
  return pieces.find((piece) => piece.name !== undefined)?.name;
}

/** The arguments of a complete tool call as a value; a call that was cut has none. */
export function argumentsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The token limit cut the call.
    return {};
  }
}
