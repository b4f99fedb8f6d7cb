import { ATTR, type ServerTimings, type TokenTimings, type TokenUsage } from "@nexent/monitor-core";
import type { Attributes } from "../backend/backend.ts";
import type { Semconv } from "../config/config.ts";
import type { CallEnd, LlmCall } from "./recording.ts";

type Value = Attributes[string];
type Draft = Record<string, Value>;

/** What a caller says when nobody named the model or the provider. */
export const UNKNOWN = "unknown";

const OPERATION_NAMES: Readonly<Record<string, string>> = {
  chat_completion: "chat",
  completion: "text_completion",
  llm_completion: "text_completion",
};

/** `gen_ai.operation.name` for an operation as given: the three names of the original are mapped, others stay. */
export function operationName(operation: string): string {
  return Object.hasOwn(OPERATION_NAMES, operation) ? (OPERATION_NAMES[operation] ?? operation) : operation;
}

/** `{operation} {model}`, the operation alone when the model is unknown. */
export function spanName(call: LlmCall): string {
  const operation = operationName(call.operation);
  return call.model === UNKNOWN ? operation : `${operation} ${call.model}`;
}

/** Unknown is absent: a key with an undefined value is not written. */
function put(draft: Draft, name: string, value: Value | undefined): void {
  if (value !== undefined) draft[name] = value;
}

function seconds(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1e6;
}

/** Attributes set at the start, because samplers see them. */
export function startAttributes(call: LlmCall): Attributes {
  const draft: Draft = { ...call.attributes };
  put(draft, ATTR.genAiOperationName, operationName(call.operation));
  put(draft, ATTR.genAiProviderName, call.provider === UNKNOWN ? undefined : call.provider);
  put(draft, ATTR.genAiRequestModel, call.model === UNKNOWN ? undefined : call.model);
  put(draft, ATTR.serverAddress, call.serverAddress);
  put(draft, ATTR.serverPort, call.serverPort);
  return draft;
}

/** Everything that is known when a call has ended. */
export interface EndedCall {
  readonly call: LlmCall;
  readonly end: CallEnd;
  readonly timings: TokenTimings;
  readonly serverTimings: ServerTimings | undefined;
  readonly slow: readonly ("duration" | "rate")[];
  /** Longest event-loop delay seen while the call was open; absent below the noise. */
  readonly lagSeconds: number | undefined;
  readonly semconv: Semconv;
  /** Attempts seen; 0 when nobody showed them. */
  readonly attempts: number;
}

/** `error` stands in the place of a finish reason that was due and did not come. */
function finishReasons({ end, timings }: EndedCall): readonly string[] | undefined {
  const reasons = [...timings.finishReasons];
  const due = timings.choiceCount > reasons.length && end.outcome !== "ok" && end.outcome !== "abandoned";
  if (due) reasons.push("error");
  return reasons.length === 0 ? undefined : reasons;
}

function putUsage(draft: Draft, usage: TokenUsage | undefined, semconv: Semconv): void {
  if (usage === undefined) return;
  put(draft, ATTR.genAiUsageInputTokens, usage.inputTokens);
  put(draft, ATTR.genAiUsageOutputTokens, usage.outputTokens);
  put(draft, ATTR.genAiUsageCacheReadInputTokens, usage.cacheReadTokens);
  if (semconv !== "v1.41") put(draft, ATTR.genAiUsageCacheWriteInputTokens, usage.cacheWriteTokens);
  if (semconv !== "v0.1.0") put(draft, ATTR.genAiUsageCacheCreationInputTokens, usage.cacheWriteTokens);
  put(draft, ATTR.genAiUsageReasoningOutputTokens, usage.reasoningTokens);
}

function putMarks(draft: Draft, timings: TokenTimings): void {
  put(draft, ATTR.llmTimeToFirstByteSeconds, seconds(timings.firstByteMicros));
  put(draft, ATTR.llmTimeToFirstChunkSeconds, seconds(timings.firstChunkMicros));
  put(draft, ATTR.llmTimeToFirstTokenSeconds, seconds(timings.firstTokenMicros));
  put(draft, ATTR.llmTimeToFirstAnswerTokenSeconds, seconds(timings.firstAnswerTokenMicros));
  put(draft, ATTR.llmTimeToFirstToolCallSeconds, seconds(timings.firstToolCallMicros));
  put(draft, ATTR.llmTimeToLastTokenSeconds, seconds(timings.lastTokenMicros));
  put(draft, ATTR.genAiResponseTimeToFirstChunk, seconds(timings.firstChunkMicros));
  put(draft, ATTR.llmTtft, seconds(timings.firstTokenMicros));
}

function putRates(draft: Draft, timings: TokenTimings): void {
  put(draft, ATTR.llmGenerationRate, timings.generationRateTokensPerSecond);
  put(draft, ATTR.llmTimePerOutputTokenSeconds, timings.timePerOutputTokenSeconds);
  put(draft, ATTR.llmEndToEndTokenRate, timings.endToEndRateTokensPerSecond);
  put(draft, ATTR.llmFirstChunkTokens, timings.firstChunkTokens);
  put(draft, ATTR.llmFirstChunkTokensSource, timings.firstChunkTokensSource);
}

function putTokens(draft: Draft, timings: TokenTimings): void {
  const input = timings.usage?.inputTokens;
  const output = timings.outputTokens;
  put(draft, ATTR.llmInputTokens, input);
  put(draft, ATTR.llmOutputTokens, output);
  put(draft, ATTR.llmTotalTokens, input === undefined || output === undefined ? undefined : input + output);
  put(draft, ATTR.llmTokenSource, timings.tokenSource);
  put(draft, ATTR.llmTokenTape, timings.tokenTape);
}

function putStalls(draft: Draft, timings: TokenTimings): void {
  const { stalls } = timings;
  if (stalls.length === 0) return;
  put(draft, ATTR.llmStallCount, stalls.length);
  put(draft, ATTR.llmStallLongestSeconds, Math.max(...stalls.map((stall) => stall.durationMicros)) / 1e6);
  put(draft, ATTR.llmStallTotalSeconds, stalls.reduce((sum, stall) => sum + stall.lostMicros, 0) / 1e6);
}

/** What the inference server says of itself, under the names of measurement contract 3.5. */
function putServerTimings(draft: Draft, timings: ServerTimings | undefined): void {
  if (timings === undefined) return;
  put(draft, ATTR.llmServerQueueSeconds, timings.queueSeconds);
  put(draft, ATTR.llmServerLoadSeconds, timings.loadSeconds);
  put(draft, ATTR.llmServerPrefillSeconds, timings.prefillSeconds);
  put(draft, ATTR.llmServerDecodeSeconds, timings.decodeSeconds);
  put(draft, ATTR.llmServerTotalSeconds, timings.totalSeconds);
  put(draft, ATTR.llmServerInterTokenSeconds, timings.interTokenSeconds);
  put(draft, ATTR.llmServerDecodeRate, timings.decodeRateTokensPerSecond);
  put(draft, ATTR.llmServerEndToEndRate, timings.endToEndRateTokensPerSecond);
  put(draft, ATTR.llmServerUnclassifiedTokenCount, timings.unclassifiedTokenCount);
  putServerPhases(draft, timings);
}

function putServerPhases(draft: Draft, { reasoning, content }: ServerTimings): void {
  put(draft, ATTR.llmServerReasoningTokenCount, reasoning?.tokenCount);
  put(draft, ATTR.llmServerReasoningTimeToFirstTokenSeconds, reasoning?.timeToFirstTokenSeconds);
  put(draft, ATTR.llmServerReasoningDecodeSeconds, reasoning?.decodeSeconds);
  put(draft, ATTR.llmServerReasoningInterTokenSeconds, reasoning?.interTokenSeconds);
  put(draft, ATTR.llmServerReasoningDecodeRate, reasoning?.decodeRateTokensPerSecond);
  put(draft, ATTR.llmServerContentTokenCount, content?.tokenCount);
  put(draft, ATTR.llmServerContentTimeToFirstTokenSeconds, content?.timeToFirstTokenSeconds);
  put(draft, ATTR.llmServerContentDecodeSeconds, content?.decodeSeconds);
  put(draft, ATTR.llmServerContentInterTokenSeconds, content?.interTokenSeconds);
  put(draft, ATTR.llmServerContentDecodeRate, content?.decodeRateTokensPerSecond);
}

/** Attributes known at the end of a call; unknown ones are left out, never 0. */
export function endAttributes(ended: EndedCall): Attributes {
  const { call, end, timings, slow } = ended;
  const draft: Draft = {};
  put(draft, ATTR.llmModelName, call.model === UNKNOWN ? undefined : call.model);
  put(draft, ATTR.llmOperation, call.operation);
  put(draft, ATTR.serverAddress, call.serverAddress);
  put(draft, ATTR.serverPort, call.serverPort);
  put(draft, ATTR.llmOutcome, end.outcome);
  put(draft, ATTR.llmStream, call.streaming);
  put(draft, ATTR.genAiRequestStream, call.streaming || undefined);
  put(draft, ATTR.llmClockSource, call.streaming ? call.clockSource : undefined);
  put(draft, ATTR.llmClockLagMaxSeconds, ended.lagSeconds);
  put(draft, ATTR.llmTotalDuration, seconds(timings.endMicros));
  put(draft, ATTR.genAiResponseModel, timings.responseModel);
  put(draft, ATTR.genAiResponseId, timings.responseId);
  put(draft, ATTR.genAiResponseFinishReasons, finishReasons(ended));
  put(draft, ATTR.llmReasoningVisibility, timings.reasoningVisibility);
  put(draft, ATTR.llmChunkCount, call.streaming ? timings.chunkCount : undefined);
  put(draft, ATTR.llmSlow, slow.length === 0 ? undefined : slow);
  put(draft, ATTR.errorType, end.outcome === "error" ? (end.errorType ?? UNKNOWN) : undefined);
  put(draft, ATTR.llmErrorCode, end.errorCode);
  put(draft, ATTR.httpResponseStatusCode, end.httpStatus);
  put(draft, ATTR.llmAttempts, ended.attempts === 0 ? undefined : ended.attempts);
  putUsage(draft, timings.usage, ended.semconv);
  putMarks(draft, timings);
  putRates(draft, timings);
  putTokens(draft, timings);
  putStalls(draft, timings);
  putServerTimings(draft, ended.serverTimings);
  return draft;
}

/**
 * Attributes of one attempt of a call that made several: its number, its marks, how it failed. No outcome and no
 * operation, so that no reader of the spans counts it as a call.
 */
export function attemptAttributes(ended: EndedCall, attempt: number): Attributes {
  const { call, end, timings } = ended;
  const draft: Draft = { [ATTR.llmAttempt]: attempt };
  put(draft, ATTR.serverAddress, call.serverAddress);
  put(draft, ATTR.serverPort, call.serverPort);
  put(draft, ATTR.errorType, end.outcome === "error" ? (end.errorType ?? UNKNOWN) : undefined);
  put(draft, ATTR.llmErrorCode, end.errorCode);
  put(draft, ATTR.httpResponseStatusCode, end.httpStatus);
  putMarks(draft, timings);
  return draft;
}

/**
 * Attributes of a call that left its record to a call observed inside it: a workflow around it, so that no reader of
 * the span counts the answer twice. At its end it says how it failed, nothing more.
 */
export function delegatedAttributes(ended?: EndedCall): Attributes {
  const draft: Draft = {};
  put(draft, ATTR.genAiOperationName, "invoke_workflow");
  if (ended === undefined) return draft;
  const { call, end } = ended;
  put(draft, ATTR.llmOperation, call.operation);
  put(draft, ATTR.errorType, end.outcome === "error" ? (end.errorType ?? UNKNOWN) : undefined);
  put(draft, ATTR.httpResponseStatusCode, end.httpStatus);
  return draft;
}
