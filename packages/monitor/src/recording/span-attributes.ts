import { ATTR, type ServerTimings, type TokenTimings, type TokenUsage } from "@nexent/monitor-core";
import type { Attributes } from "../backend/backend.ts";
import type { Semconv } from "../config/config.ts";
import type { CallEnd, LlmCall } from "./recording.ts";

type Value = Attributes[string];

/** Where attributes are written. */
export interface AttributeTarget {
  setAttribute(name: string, value: Value): void;
}

/** Attributes that are wanted as an object. */
class Draft implements AttributeTarget {
  readonly attributes: Record<string, Value>;

  constructor(attributes: Attributes = {}) {
    this.attributes = { ...attributes };
  }

  setAttribute(name: string, value: Value): void {
    this.attributes[name] = value;
  }
}

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
function put(target: AttributeTarget, name: string, value: Value | undefined): void {
  if (value !== undefined) target.setAttribute(name, value);
}

function seconds(micros: number | undefined): number | undefined {
  return micros === undefined ? undefined : micros / 1e6;
}

/** Attributes set at the start, because samplers see them. */
export function startAttributes(call: LlmCall): Attributes {
  const target = new Draft(call.attributes);
  put(target, ATTR.genAiOperationName, operationName(call.operation));
  put(target, ATTR.genAiProviderName, call.provider === UNKNOWN ? undefined : call.provider);
  put(target, ATTR.genAiRequestModel, call.model === UNKNOWN ? undefined : call.model);
  put(target, ATTR.serverAddress, call.serverAddress);
  put(target, ATTR.serverPort, call.serverPort);
  return target.attributes;
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

function putUsage(target: AttributeTarget, usage: TokenUsage | undefined, semconv: Semconv): void {
  if (usage === undefined) return;
  put(target, ATTR.genAiUsageInputTokens, usage.inputTokens);
  put(target, ATTR.genAiUsageOutputTokens, usage.outputTokens);
  put(target, ATTR.genAiUsageCacheReadInputTokens, usage.cacheReadTokens);
  if (semconv !== "v1.41") put(target, ATTR.genAiUsageCacheWriteInputTokens, usage.cacheWriteTokens);
  if (semconv !== "v0.1.0") put(target, ATTR.genAiUsageCacheCreationInputTokens, usage.cacheWriteTokens);
  put(target, ATTR.genAiUsageReasoningOutputTokens, usage.reasoningTokens);
}

function putMarks(target: AttributeTarget, timings: TokenTimings): void {
  put(target, ATTR.llmTimeToFirstByteSeconds, seconds(timings.firstByteMicros));
  put(target, ATTR.llmTimeToFirstChunkSeconds, seconds(timings.firstChunkMicros));
  put(target, ATTR.llmTimeToFirstTokenSeconds, seconds(timings.firstTokenMicros));
  put(target, ATTR.llmTimeToFirstAnswerTokenSeconds, seconds(timings.firstAnswerTokenMicros));
  put(target, ATTR.llmTimeToFirstToolCallSeconds, seconds(timings.firstToolCallMicros));
  put(target, ATTR.llmTimeToLastTokenSeconds, seconds(timings.lastTokenMicros));
  put(target, ATTR.genAiResponseTimeToFirstChunk, seconds(timings.firstChunkMicros));
  put(target, ATTR.llmTtft, seconds(timings.firstTokenMicros));
}

function putRates(target: AttributeTarget, timings: TokenTimings): void {
  put(target, ATTR.llmGenerationRate, timings.generationRateTokensPerSecond);
  put(target, ATTR.llmTimePerOutputTokenSeconds, timings.timePerOutputTokenSeconds);
  put(target, ATTR.llmEndToEndTokenRate, timings.endToEndRateTokensPerSecond);
  put(target, ATTR.llmFirstChunkTokens, timings.firstChunkTokens);
  put(target, ATTR.llmFirstChunkTokensSource, timings.firstChunkTokensSource);
}

function putTokens(target: AttributeTarget, timings: TokenTimings): void {
  const input = timings.usage?.inputTokens;
  const output = timings.outputTokens;
  put(target, ATTR.llmInputTokens, input);
  put(target, ATTR.llmOutputTokens, output);
  put(target, ATTR.llmTotalTokens, input === undefined || output === undefined ? undefined : input + output);
  put(target, ATTR.llmTokenSource, timings.tokenSource);
  put(target, ATTR.llmTokenTape, timings.tokenTape);
}

function putStalls(target: AttributeTarget, timings: TokenTimings): void {
  const { stalls } = timings;
  if (stalls.length === 0) return;
  put(target, ATTR.llmStallCount, stalls.length);
  put(target, ATTR.llmStallLongestSeconds, Math.max(...stalls.map((stall) => stall.durationMicros)) / 1e6);
  put(target, ATTR.llmStallTotalSeconds, stalls.reduce((sum, stall) => sum + stall.lostMicros, 0) / 1e6);
}

/** What the inference server says of itself, under the names of measurement contract 3.5. */
function putServerTimings(target: AttributeTarget, timings: ServerTimings | undefined): void {
  if (timings === undefined) return;
  put(target, ATTR.llmServerQueueSeconds, timings.queueSeconds);
  put(target, ATTR.llmServerLoadSeconds, timings.loadSeconds);
  put(target, ATTR.llmServerPrefillSeconds, timings.prefillSeconds);
  put(target, ATTR.llmServerDecodeSeconds, timings.decodeSeconds);
  put(target, ATTR.llmServerTotalSeconds, timings.totalSeconds);
  put(target, ATTR.llmServerInterTokenSeconds, timings.interTokenSeconds);
  put(target, ATTR.llmServerDecodeRate, timings.decodeRateTokensPerSecond);
  put(target, ATTR.llmServerEndToEndRate, timings.endToEndRateTokensPerSecond);
  put(target, ATTR.llmServerUnclassifiedTokenCount, timings.unclassifiedTokenCount);
  putServerPhases(target, timings);
}

function putServerPhases(target: AttributeTarget, { reasoning, content }: ServerTimings): void {
  put(target, ATTR.llmServerReasoningTokenCount, reasoning?.tokenCount);
  put(target, ATTR.llmServerReasoningTimeToFirstTokenSeconds, reasoning?.timeToFirstTokenSeconds);
  put(target, ATTR.llmServerReasoningDecodeSeconds, reasoning?.decodeSeconds);
  put(target, ATTR.llmServerReasoningInterTokenSeconds, reasoning?.interTokenSeconds);
  put(target, ATTR.llmServerReasoningDecodeRate, reasoning?.decodeRateTokensPerSecond);
  put(target, ATTR.llmServerContentTokenCount, content?.tokenCount);
  put(target, ATTR.llmServerContentTimeToFirstTokenSeconds, content?.timeToFirstTokenSeconds);
  put(target, ATTR.llmServerContentDecodeSeconds, content?.decodeSeconds);
  put(target, ATTR.llmServerContentInterTokenSeconds, content?.interTokenSeconds);
  put(target, ATTR.llmServerContentDecodeRate, content?.decodeRateTokensPerSecond);
}

/**
 * Writes the attributes known at the end of a call, one by one: an object of so many members would be a dictionary for the
 * engine, built only to be taken apart. Unknown ones are left out, never 0.
 */
export function writeEndAttributes(target: AttributeTarget, ended: EndedCall): void {
  const { call, end, timings, slow } = ended;
  put(target, ATTR.llmModelName, call.model === UNKNOWN ? undefined : call.model);
  put(target, ATTR.llmOperation, call.operation);
  put(target, ATTR.serverAddress, call.serverAddress);
  put(target, ATTR.serverPort, call.serverPort);
  put(target, ATTR.llmOutcome, end.outcome);
  put(target, ATTR.llmStream, call.streaming);
  put(target, ATTR.genAiRequestStream, call.streaming || undefined);
  put(target, ATTR.llmClockSource, call.streaming ? call.clockSource : undefined);
  put(target, ATTR.llmClockLagMaxSeconds, ended.lagSeconds);
  put(target, ATTR.llmTotalDuration, seconds(timings.endMicros));
  put(target, ATTR.genAiResponseModel, timings.responseModel);
  put(target, ATTR.genAiResponseId, timings.responseId);
  put(target, ATTR.genAiResponseFinishReasons, finishReasons(ended));
  put(target, ATTR.llmReasoningVisibility, timings.reasoningVisibility);
  put(target, ATTR.llmChunkCount, call.streaming ? timings.chunkCount : undefined);
  put(target, ATTR.llmSlow, slow.length === 0 ? undefined : slow);
  put(target, ATTR.errorType, end.outcome === "error" ? (end.errorType ?? UNKNOWN) : undefined);
  put(target, ATTR.llmErrorCode, end.errorCode);
  put(target, ATTR.httpResponseStatusCode, end.httpStatus);
  put(target, ATTR.llmAttempts, ended.attempts === 0 ? undefined : ended.attempts);
  putUsage(target, timings.usage, ended.semconv);
  putMarks(target, timings);
  putRates(target, timings);
  putTokens(target, timings);
  putStalls(target, timings);
  putServerTimings(target, ended.serverTimings);
}

/**
 * Attributes of one attempt of a call that made several: its number, its marks, how it failed. No outcome and no
 * operation, so that no reader of the spans counts it as a call.
 */
export function attemptAttributes(ended: EndedCall, attempt: number): Attributes {
  const { call, end, timings } = ended;
  const target = new Draft({ [ATTR.llmAttempt]: attempt });
  put(target, ATTR.serverAddress, call.serverAddress);
  put(target, ATTR.serverPort, call.serverPort);
  put(target, ATTR.errorType, end.outcome === "error" ? (end.errorType ?? UNKNOWN) : undefined);
  put(target, ATTR.llmErrorCode, end.errorCode);
  put(target, ATTR.httpResponseStatusCode, end.httpStatus);
  putMarks(target, timings);
  return target.attributes;
}

/**
 * Attributes of a call that left its record to a call observed inside it: a workflow around it, so that no reader of
 * the span counts the answer twice. At its end it says how it failed, nothing more.
 */
export function delegatedAttributes(ended?: EndedCall): Attributes {
  const target = new Draft();
  put(target, ATTR.genAiOperationName, "invoke_workflow");
  if (ended === undefined) return target.attributes;
  const { call, end } = ended;
  put(target, ATTR.llmOperation, call.operation);
  put(target, ATTR.errorType, end.outcome === "error" ? (end.errorType ?? UNKNOWN) : undefined);
  put(target, ATTR.httpResponseStatusCode, end.httpStatus);
  return target.attributes;
}
