import type { ScheduledWrite } from "@nexent/monitor-core/scenarios";
import { exactOutput, type ExactOutput } from "./exact-output.ts";
import type { ExactRequest } from "./exact-request.ts";
import type { Schedule } from "./schedule.ts";
import { ollamaEmbeddings, openaiEmbeddings } from "./shapes/embeddings.ts";
import { shapeOf } from "./shapes/index.ts";
import type { AnswerHead, AnswerShape, AnswerWriter, Fault } from "./shapes/shape.ts";

const JSON_HEADERS = { "content-type": "application/json" };

/** What is not in the request: identity and time of the answer. */
export interface AnswerIdentity {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
}

/** A request with everything that is needed to answer it. */
interface Order {
  readonly request: ExactRequest;
  readonly shape: AnswerShape;
  readonly head: AnswerHead;
  readonly output: ExactOutput;
}

/** The schedule that the numbers of `request.exact` describe. */
export function exactSchedule(request: ExactRequest, identity: AnswerIdentity): Schedule {
  const { format, exact, model, includeUsage, inArray } = request;
  const shape = shapeOf(format, inArray);
  if (exact.status >= 400) return failingSchedule(shape, exact.status, exact.ttftMs);
  const output = exactOutput(request);
  const { inputTokens } = output.end.usage;
  const order = { request, shape, head: { ...identity, model, includeUsage, inputTokens }, output };
  if (format === "openai-embeddings" || format === "ollama-embed") return embeddingSchedule(order);
  return request.stream ? streamSchedule(order) : bodySchedule(order);
}

function streamSchedule({ request, shape, head, output }: Order): Schedule {
  const { exact } = request;
  const writer = shape.createWriter(head);
  const openMs = Math.min(exact.roleMs ?? 400, exact.ttftMs);
  const writes: readonly ScheduledWrite[] = [
    { atMs: openMs, text: writer.open() },
    ...output.pieces.map(({ atMs, piece }) => ({ atMs, text: writer.piece(piece) })),
  ];
  return {
    name: "exact",
    status: 200,
    headers: shape.streamHeaders,
    headAtMs: 0,
    ...endingOf(
      request,
      output,
      writer,
      writes.filter(({ text }) => text !== ""),
    ),
  };
}

function endingOf(
  { exact }: ExactRequest,
  output: ExactOutput,
  writer: AnswerWriter,
  writes: readonly ScheduledWrite[],
): Pick<Schedule, "writes" | "end"> {
  const nextMs = output.lastMs + exact.gapMs;
  if (exact.dropAfterTokens !== undefined) return { writes, end: { kind: "reset", atMs: nextMs } };
  if (exact.errorAfterTokens !== undefined) {
    const text = writer.fail(faultInside());
    return { writes: [...writes, { atMs: nextMs, text }], end: { kind: "end", atMs: nextMs } };
  }
  const atMs = output.lastMs + exact.finishMs;
  return { writes: [...writes, { atMs, text: writer.close(output.end) }], end: { kind: "end", atMs } };
}

function bodySchedule({ request, shape, head, output }: Order): Schedule {
  const { exact } = request;
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
  if (exact.errorAfterTokens !== undefined) return failingSchedule(shape, 500, output.lastMs);
  const pieces = output.pieces.map(({ piece }) => piece);
  return jsonSchedule(200, JSON_HEADERS, shape.whole(head, pieces, output.end), output.lastMs + exact.finishMs);
}

function embeddingSchedule({ request, head }: Order): Schedule {
  const { format, embedding, exact } = request;
  const body = (format === "ollama-embed" ? ollamaEmbeddings : openaiEmbeddings)(head, embedding);
  return jsonSchedule(200, JSON_HEADERS, body, exact.ttftMs);
}

function failingSchedule(shape: AnswerShape, status: number, atMs: number): Schedule {
  const body = shape.errorBody({ status, message: `The exact-schedule server was asked for status ${status}.` });
  const headers = status === 429 ? { ...JSON_HEADERS, "retry-after": "1" } : JSON_HEADERS;
  return jsonSchedule(status, headers, body, atMs);
}

function faultInside(): Fault {
  return { status: 500, message: "The exact-schedule server was asked to fail here.", code: "exact_error" };
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
