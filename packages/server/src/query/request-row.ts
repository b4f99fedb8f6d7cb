import type { RequestRow } from "@nexent/monitor-api";
import type { LlmFields } from "@nexent/monitor-core";
import type { CallRow, StoredSpan } from "@nexent/monitor-store";
import { optional } from "./optional.ts";
import { msOf } from "./range.ts";

/** Shown for a call that names no model; its filter value stays absent. */
const UNNAMED_MODEL = "unknown";

/** Identity of a call in addresses: `<trace id>-<span id>`. */
export function requestId(call: { readonly traceId: string; readonly spanId: string }): string {
  return `${call.traceId}-${call.spanId}`;
}

const TRACE_DIGITS = 32;

/** The same of the two ids one behind the other. */
export function requestIdOfKey(key: string): string {
  return `${key.slice(0, TRACE_DIGITS)}-${key.slice(TRACE_DIGITS)}`;
}

/** Splits a request id; `undefined` when it is none. */
export function parseRequestId(id: string): { readonly traceId: string; readonly spanId: string } | undefined {
  const match = /^([0-9a-f]{32})-([0-9a-f]{16})$/.exec(id);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { traceId: match[1], spanId: match[2] };
}

/** A call of the store as a table row; absent stays absent. */
export function requestRow(call: CallRow): RequestRow {
  const { llm } = call;
  return {
    id: requestId(call),
    traceId: call.traceId,
    spanId: call.spanId,
    startMs: msOf(call.startUnixNanos),
    service: call.service,
    model: llm.model ?? llm.responseModel ?? UNNAMED_MODEL,
    ...optional("responseModel", llm.responseModel),
    ...optional("operation", llm.operation),
    ...optional("provider", llm.provider),
    outcome: llm.outcome ?? "unknown",
    ...optional("errorType", llm.errorType),
    ...optional("finishReason", llm.finishReason),
    ...optional("streaming", llm.streaming),
    ...optional("estimated", llm.estimated),
    ...optional("slow", llm.slow),
    durationSeconds: call.durationSeconds,
    ...optional("ttftSeconds", llm.ttftSeconds),
    ...optional("firstAnswerTokenSeconds", llm.firstAnswerTokenSeconds),
    ...optional("generationRateTokensPerSecond", llm.generationRateTokensPerSecond),
    ...optional("endToEndRateTokensPerSecond", llm.endToEndRateTokensPerSecond),
    ...optional("inputTokens", llm.inputTokens),
    ...optional("outputTokens", llm.outputTokens),
    ...optional("stallCount", llm.stallCount),
    ...optional("attempts", llm.attempts),
    ...optional("fingerprint", llm.fingerprint),
  };
}

/** A stored span as a call; `undefined` while it is open, or when it is no LLM call. */
export function callOf({ span, llm }: StoredSpan): (CallRow & { readonly llm: LlmFields }) | undefined {
  if (llm === undefined || span.durationNanos === undefined) return undefined;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    service: span.resource.service,
    startUnixNanos: span.startUnixNanos,
    durationSeconds: Number(span.durationNanos) / 1e9,
    status: span.status,
    llm,
  };
}
