/** What an `exact` answer says, token by token, whatever format it is written in. */
import { seededRandom } from "../seeded-random.ts";
import type { ExactOptions } from "./exact-options.ts";
import type { ExactRequest } from "./exact-request.ts";
import type { AnswerEnd, Piece } from "./shapes/shape.ts";

const WORDS =
  "every token of this answer has a known time so that any clock that watches it can be checked against it ".split(
    /(?<= )/,
  );

/** A piece that is due `atMs` after the request. */
export interface TimedPiece {
  readonly atMs: number;
  readonly piece: Piece;
}

/** The output of one answer. */
export interface ExactOutput {
  readonly pieces: readonly TimedPiece[];
  /** Time of the last token; of the first one when there is none. */
  readonly lastMs: number;
  readonly end: AnswerEnd;
}

/** The output that the numbers of `request.exact` describe, up to the client's limit. */
export function exactOutput(request: ExactRequest): ExactOutput {
  const { exact } = request;
  const limited = request.maxTokens !== undefined && request.maxTokens < exact.tokens;
  const total = limited ? (request.maxTokens ?? exact.tokens) : exact.tokens;
  const streamed = Math.min(total, exact.dropAfterTokens ?? total, exact.errorAfterTokens ?? total);
  const times = tokenTimes(exact, streamed);
  return {
    pieces: piecesOf(exact, times),
    lastMs: times.at(-1) ?? exact.ttftMs,
    end: {
      reason: limited ? "length" : exact.toolCall ? "tool" : "stop",
      ...(limited || exact.finishReason === undefined ? {} : { givenReason: exact.finishReason }),
      usage: {
        inputTokens: exact.inputTokens ?? Math.max(1, Math.ceil(request.promptBytes / 4)),
        outputTokens: total,
        reasoningTokens: Math.min(exact.reasoningTokens, total),
      },
    },
  };
}

/** Due time of every token, ms after the request arrived. */
function tokenTimes(exact: ExactOptions, tokens: number): number[] {
  const random = seededRandom(exact.seed);
  const stallMs = new Map<number, number>();
  for (const stall of exact.stalls) stallMs.set(stall.afterToken, (stallMs.get(stall.afterToken) ?? 0) + stall.ms);
  const times: number[] = [];
  let atMs = exact.ttftMs;
  for (let token = 1; token <= tokens; token += 1) {
    times.push(atMs);
    const wobble = exact.jitter === 0 ? 0 : (random() * 2 - 1) * exact.jitter;
    atMs += exact.gapMs * (1 + wobble) + (stallMs.get(token) ?? 0);
  }
  return times;
}

/** Groups tokens into chunks; a chunk never mixes reasoning with answer. */
function piecesOf(exact: ExactOptions, times: readonly number[]): TimedPiece[] {
  const pieces: TimedPiece[] = [];
  let start = 0;
  while (start < times.length) {
    const isReasoning = start < exact.reasoningTokens;
    const bound = isReasoning ? Math.min(exact.reasoningTokens, times.length) : times.length;
    const end = Math.min(start + exact.tokensPerChunk, bound);
    const said = { text: wordsOf(start, end), tokens: end - start };
    const piece: Piece = isReasoning
      ? { kind: "reasoning", ...said }
      : exact.toolCall
        ? toolPiece(said, start === exact.reasoningTokens, end === times.length)
        : { kind: "text", ...said };
    pieces.push({ atMs: times[start] ?? 0, piece });
    start = end;
  }
  return pieces;
}

/** The fragments together are one JSON document, as with real tool calls. */
function toolPiece(said: Pick<Piece, "text" | "tokens">, first: boolean, last: boolean): Piece {
  const text = `${first ? '{"text":"' : ""}${said.text}${last ? '"}' : ""}`;
  return { ...said, kind: "tool", text, ...(first ? { name: "write_text" } : {}), ...(last ? { last } : {}) };
}

function wordsOf(start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index += 1) text += WORDS[index % WORDS.length] ?? "";
  return text;
}
