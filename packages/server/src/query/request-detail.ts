import type { RequestDetail, StreamView } from "@nexent/monitor-api";
import {
  ATTR,
  MonitorError,
  readServerTimings,
  type AttributeMap,
  type LlmFields,
  type SpanRecord,
} from "@nexent/monitor-core";
import type { CallRow, StoredSpan, TraceStore } from "@nexent/monitor-store";
import { attributeRows } from "./attribute-text.ts";
import { optional } from "./optional.ts";
import { msOf } from "./range.ts";
import { ranksOf } from "./ranks.ts";
import { callOf, parseRequestId, requestRow } from "./request-row.ts";
import { firstTokenMicros, lastTokenMicros, microsOf, splitOf } from "./split.ts";
import { gapsOf, lostMicros, quantileOfSorted, readTape, type StreamTape } from "./stream-tape.ts";
import { streamViewOf } from "./stream-view.ts";
import type { Thresholds } from "./summary.ts";
import { verdictOf } from "./verdict.ts";

/** One call and the trace around it. */
interface Found {
  readonly stored: StoredSpan;
  readonly call: CallRow;
  readonly durationMicros: number;
  readonly trace: readonly StoredSpan[];
}

async function find(store: TraceStore, id: string, signal?: AbortSignal): Promise<Found> {
  const ids = parseRequestId(id);
  if (ids === undefined) throw notFound();
  const trace = await store.trace(ids.traceId, signal === undefined ? {} : { signal });
  const stored = trace.find(({ span }) => span.spanId === ids.spanId);
  const call = stored === undefined ? undefined : callOf(stored);
  if (stored === undefined || call === undefined) throw notFound();
  return { stored, call, durationMicros: Number((stored.span.durationNanos ?? 0n) / 1_000n), trace };
}

function notFound(): MonitorError {
  return new MonitorError("NOT_FOUND", "there is no such request");
}

/** Everything about one request. @throws {NOT_FOUND} */
export async function requestDetail(
  store: TraceStore,
  id: string,
  thresholds: Thresholds,
  signal?: AbortSignal,
): Promise<RequestDetail> {
  const { stored, call, durationMicros, trace } = await find(store, id, signal);
  const { llm } = call;
  const { attributes } = stored.span;
  const tape = readTape(llm);
  const ranks = await ranksOf(store, call, signal);
  return {
    request: requestRow(call),
    verdict: verdictOf({ call, attributes, tape, ranks, thresholds }),
    marks: marksOf(llm, tape),
    ...optional("serverTimings", readServerTimings(attributes)),
    ...optional("steadyRateTokensPerSecond", steadyRate(llm, attributes, tape)),
    ...gapsPart(tape),
    ...pausesPart(tape),
    split: splitOf(llm, durationMicros, tape),
    ...optional("ranks", ranks),
    ...optional("tokenSource", llm.tokenSource),
    ...optional("clockSource", textOf(attributes.get(ATTR.llmClockSource))),
    hasStream: tape !== undefined,
    ...optional("cacheReadTokens", llm.cacheReadTokens),
    ...optional("reasoningTokens", llm.reasoningTokens),
    attributes: attributeRows(attributes),
    resource: attributeRows(stored.span.resource.attributes),
    events: eventsOf(stored.span),
    trace: trace.map(({ span }) => traceRow(span)),
  };
}

/** The decoded tape of one request. @throws {NOT_FOUND} when there is no such request, or no readable tape. */
export async function requestStream(store: TraceStore, id: string, signal?: AbortSignal): Promise<StreamView> {
  const { call, durationMicros } = await find(store, id, signal);
  const tape = readTape(call.llm);
  if (tape === undefined) throw new MonitorError("NOT_FOUND", "this request has no token tape");
  return streamViewOf(call.llm, durationMicros, tape);
}

function marksOf(llm: LlmFields, tape: StreamTape | undefined): RequestDetail["marks"] {
  const first = firstTokenMicros(llm, tape);
  const last = lastTokenMicros(llm, tape);
  return {
    ...optional("firstByteSeconds", llm.firstByteSeconds),
    ...optional("firstChunkSeconds", llm.firstChunkSeconds),
    ...optional("ttftSeconds", llm.ttftSeconds ?? (first === undefined ? undefined : first / 1e6)),
    ...optional("firstAnswerTokenSeconds", llm.firstAnswerTokenSeconds),
    ...optional("firstToolCallSeconds", llm.firstToolCallSeconds),
    ...optional("lastTokenSeconds", llm.lastTokenSeconds ?? (last === undefined ? undefined : last / 1e6)),
  };
}

/**
 * Generation rate without the time of pauses and tool waits. The rate's own numerator and window are used, so both
 * rates speak of the same tokens; absent where the rate is, and for a merged tape, whose pauses are a lower bound.
 */
function steadyRate(llm: LlmFields, attributes: AttributeMap, tape: StreamTape | undefined): number | undefined {
  const rate = llm.generationRateTokensPerSecond;
  const last = lastTokenMicros(llm, tape);
  // With a reasoning summary the window opens at the first answer token (measurement contract 1.3, `t_w`).
  const afterSummary =
    attributes.get(ATTR.llmReasoningVisibility) === "summary" && llm.firstAnswerTokenSeconds !== undefined;
  const opens = afterSummary ? microsOf(llm.firstAnswerTokenSeconds) : firstTokenMicros(llm, tape);
  if (rate === undefined || tape === undefined || tape.merged || last === undefined || opens === undefined)
    return undefined;
  const inWindow = tape.report.pauses.filter(({ fromMicros }) => fromMicros >= opens);
  const lost = inWindow.reduce((sum, pause) => sum + pause.lostMicros, 0);
  const window = last - opens;
  return window - lost > 0 ? (rate * window) / (window - lost) : undefined;
}

function gapsPart(tape: StreamTape | undefined): Pick<RequestDetail, "gaps"> {
  if (tape === undefined || tape.merged) return {};
  const gaps = gapsOf(tape.entries).toSorted();
  const [p50, p99, max] = [quantileOfSorted(gaps, 0.5), quantileOfSorted(gaps, 0.99), gaps.at(-1)];
  if (p50 === undefined || p99 === undefined || max === undefined) return {};
  return { gaps: { n: gaps.length, p50Seconds: p50 / 1e6, p99Seconds: p99 / 1e6, maxSeconds: max / 1e6 } };
}

function pausesPart(tape: StreamTape | undefined): Pick<RequestDetail, "pauses"> {
  if (tape === undefined) return {};
  const count = tape.report.pauses.filter(({ kind }) => kind === "pause").length;
  const lostSeconds = lostMicros(tape.report, "pause") / 1e6;
  return { pauses: { count, lostSeconds, thresholdSeconds: tape.report.thresholdMicros / 1e6 } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function eventsOf(span: SpanRecord): RequestDetail["events"] {
  return span.events.map((event) => ({
    name: event.name,
    offsetSeconds: Number(event.timeUnixNanos - span.startUnixNanos) / 1e9,
    attributes: attributeRows(event.attributes),
  }));
}

function traceRow(span: SpanRecord): RequestDetail["trace"][number] {
  return {
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    service: span.resource.service,
    kind: span.kind,
    startMs: msOf(span.startUnixNanos),
    durationSeconds: Number(span.durationNanos ?? 0n) / 1e9,
    error: span.status === "error",
  };
}
