import type { ScenarioEnd, ScheduledWrite } from "@nexent/monitor-core/scenarios";
import { seededRandom } from "../seeded-random.ts";
import type { ExactOptions } from "./exact-options.ts";
import type { ExactRequest } from "./exact-request.ts";
import {
  chunkOf,
  completionBody,
  errorBody,
  sseData,
  usageChunk,
  type AnswerHead,
  type Piece,
  type UsageShape,
} from "./openai-shapes.ts";
import type { Schedule } from "./schedule.ts";

const WORDS =
  "every token of this answer has a known time so that any clock that watches it can be checked against it ".split(
    /(?<= )/,
  );
const JSON_HEADERS = { "content-type": "application/json" };
const STREAM_HEADERS = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };

/** What is not in the request: identity and time of the answer. */
export interface AnswerIdentity {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
}

/** The schedule that the numbers of `request.exact` describe. */
export function exactSchedule(request: ExactRequest, identity: AnswerIdentity): Schedule {
  if (request.exact.status >= 400) return failingSchedule(request.exact);
  const head: AnswerHead = {
    ...identity,
    format: request.format,
    model: request.model,
    includeUsage: request.includeUsage,
  };
  return request.stream ? streamSchedule(request, head) : bodySchedule(request, head);
}

interface TimedPiece {
  readonly atMs: number;
  readonly piece: Piece;
}

interface Output {
  readonly pieces: readonly TimedPiece[];
  /** Time of the last token; of the first one when there is none. */
  readonly lastMs: number;
  readonly usage: UsageShape;
  readonly finishReason: string;
}

function streamSchedule(request: ExactRequest, head: AnswerHead): Schedule {
  const { exact } = request;
  const output = outputOf(request);
  const writes: ScheduledWrite[] = output.pieces.map(({ atMs, piece }) => ({
    atMs,
    text: sseData(chunkOf(head, piece)),
  }));
  if (request.format === "openai-chat") {
    writes.unshift({
      atMs: Math.min(exact.roleMs ?? 400, exact.ttftMs),
      text: sseData(chunkOf(head, { kind: "role" })),
    });
  }
  return {
    name: "exact",
    status: 200,
    headers: STREAM_HEADERS,
    headAtMs: 0,
    ...endingOf(exact, head, output, writes),
  };
}

function endingOf(
  exact: ExactOptions,
  head: AnswerHead,
  output: Output,
  writes: readonly ScheduledWrite[],
): { readonly writes: readonly ScheduledWrite[]; readonly end: ScenarioEnd } {
  if (exact.dropAfterTokens !== undefined) return { writes, end: { kind: "reset", atMs: output.lastMs + exact.gapMs } };
  if (exact.errorAfterTokens !== undefined) {
    const atMs = output.lastMs + exact.gapMs;
    const text = sseData(errorBody("The exact-schedule server was asked to fail here.", "server_error", "exact_error"));
    return { writes: [...writes, { atMs, text }], end: { kind: "end", atMs } };
  }
  const atMs = output.lastMs + exact.finishMs;
  const text = [
    sseData(chunkOf(head, { kind: "finish", reason: output.finishReason })),
    head.includeUsage ? sseData(usageChunk(head, output.usage)) : "",
    sseData("[DONE]"),
  ].join("");
  return { writes: [...writes, { atMs, text }], end: { kind: "end", atMs } };
}

function bodySchedule(request: ExactRequest, head: AnswerHead): Schedule {
  const { exact } = request;
  const output = outputOf(request);
  if (exact.dropAfterTokens !== undefined) {
    return {
      name: "exact",
      status: 200,
      headers: JSON_HEADERS,
      headAtMs: undefined,
      writes: [],
      end: { kind: "reset", atMs: output.lastMs },
    };
  }
  if (exact.errorAfterTokens !== undefined) return failingSchedule({ ...exact, status: 500, ttftMs: output.lastMs });
  const pieces: Piece[] = [...output.pieces.map(({ piece }) => piece), { kind: "finish", reason: output.finishReason }];
  return jsonSchedule(200, JSON_HEADERS, completionBody(head, pieces, output.usage), output.lastMs + exact.finishMs);
}

function failingSchedule(exact: ExactOptions): Schedule {
  const { status } = exact;
  const type = status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error";
  const code = status === 429 ? "rate_limit_exceeded" : null;
  const body = errorBody(`The exact-schedule server was asked for status ${status}.`, type, code);
  const headers = status === 429 ? { ...JSON_HEADERS, "retry-after": "1" } : JSON_HEADERS;
  return jsonSchedule(status, headers, body, exact.ttftMs);
}

function jsonSchedule(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  atMs: number,
): Schedule {
  const text = JSON.stringify(body);
  return {
    name: "exact",
    status,
    headers: { ...headers, "content-length": String(Buffer.byteLength(text)) },
    headAtMs: undefined,
    writes: [{ atMs, text }],
    end: { kind: "end", atMs },
  };
}

function outputOf(request: ExactRequest): Output {
  const { exact } = request;
  const limited = request.maxTokens !== undefined && request.maxTokens < exact.tokens;
  const total = limited ? (request.maxTokens ?? exact.tokens) : exact.tokens;
  const streamed = Math.min(total, exact.dropAfterTokens ?? total, exact.errorAfterTokens ?? total);
  const times = tokenTimes(exact, streamed);
  const reasoning = Math.min(exact.reasoningTokens, total);
  const promptTokens = exact.inputTokens ?? Math.max(1, Math.ceil(request.promptBytes / 4));
  return {
    pieces: piecesOf(exact, times),
    lastMs: times.at(-1) ?? exact.ttftMs,
    finishReason: limited ? "length" : (exact.finishReason ?? (exact.toolCall ? "tool_calls" : "stop")),
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: total,
      total_tokens: promptTokens + total,
      ...(reasoning === 0 ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
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
    const piece = isReasoning ? reasoningPiece(start, end) : answerPiece(exact, start, end, times.length);
    pieces.push({ atMs: times[start] ?? 0, piece });
    start = end;
  }
  return pieces;
}

function reasoningPiece(start: number, end: number): Piece {
  return { kind: "reasoning", text: wordsOf(start, end) };
}

function answerPiece(exact: ExactOptions, start: number, end: number, total: number): Piece {
  const text = wordsOf(start, end);
  if (!exact.toolCall) return { kind: "text", text };
  // The fragments together are one JSON document, as with real tool calls.
  const first = start === exact.reasoningTokens;
  const fragment = `${first ? '{"text":"' : ""}${text}${end === total ? '"}' : ""}`;
  return first ? { kind: "tool", name: "write_text", text: fragment } : { kind: "tool", text: fragment };
}

function wordsOf(start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index += 1) text += WORDS[index % WORDS.length] ?? "";
  return text;
}
