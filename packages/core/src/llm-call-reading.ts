/**
 * Attributes of a span -> the promoted fields of an LLM call. Reads our own names, older `gen_ai` names and
 * OpenInference (measurement contract 5.6); our own `llm.*` values win, unknown stays absent.
 */
import { quantile } from "./gap-statistics.ts";
import type { LlmFields } from "./llm-call.ts";
import { ERROR_TYPES, OUTCOMES, type ErrorType, type Outcome } from "./model/outcome.ts";
import type { AttributeMap, AttributeValue, StatusCode } from "./model/span-record.ts";
import type { TokenSource } from "./model/token-timings.ts";
import { ATTR } from "./names/attributes.ts";
import { decodeTokenTape } from "./token-tape.ts";

/** What the span itself adds when the attributes do not say it. */
export interface LlmSpanContext {
  readonly status?: StatusCode;
}

/** Operations that ask a model; `execute_tool`, `invoke_agent` and the like do not. */
const NOT_INFERENCE = new Set(["execute_tool", "invoke_agent", "create_agent", "invoke_workflow", "plan", "retrieval"]);
const OPENINFERENCE_KINDS = new Set(["LLM", "EMBEDDING"]);
const TOKEN_SOURCES: readonly TokenSource[] = ["continuous_usage", "usage", "tokenizer", "estimate"];
/** Event loop lag above which a call's times are tainted (dashboard contract 1.2). */
const TAINTED_LAG_SECONDS = 0.05;

class Reader {
  readonly #attributes: AttributeMap;

  constructor(attributes: AttributeMap) {
    this.#attributes = attributes;
  }

  /** The first of the names that has a usable value. */
  #first<T>(names: readonly string[], read: (value: AttributeValue) => T | undefined): T | undefined {
    for (const name of names) {
      const value = this.#attributes.get(name);
      const found = value === undefined ? undefined : read(value);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  text(...names: readonly string[]): string | undefined {
    return this.#first(names, (value) => (typeof value === "string" && value !== "" ? value : undefined));
  }

  /** A finite number of at least 0; numbers sent as text count too. */
  number(...names: readonly string[]): number | undefined {
    return this.#first(names, (value) => {
      const number = typeof value === "number" || typeof value === "bigint" ? Number(value) : textNumber(value);
      return number !== undefined && Number.isFinite(number) && number >= 0 ? number : undefined;
    });
  }

  count(...names: readonly string[]): number | undefined {
    const number = this.number(...names);
    return Number.isSafeInteger(number) ? number : undefined;
  }

  flag(...names: readonly string[]): boolean | undefined {
    return this.#first(names, (value) => (typeof value === "boolean" ? value : undefined));
  }

  list(name: string): readonly AttributeValue[] | undefined {
    const value = this.#attributes.get(name);
    return Array.isArray(value) ? (value as readonly AttributeValue[]) : undefined;
  }
}

function textNumber(value: AttributeValue): number | undefined {
  return typeof value === "string" && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function oneOf<T extends string>(values: readonly T[], text: string | undefined): T | undefined {
  return values.find((value) => value === text);
}

function isLlmCall(read: Reader, model: string | undefined): boolean {
  const kind = read.text("openinference.span.kind");
  if (kind !== undefined) return OPENINFERENCE_KINDS.has(kind.toUpperCase());
  const operation = read.text(ATTR.genAiOperationName, ATTR.llmOperation);
  if (operation !== undefined && NOT_INFERENCE.has(operation)) return false;
  return model !== undefined && (operation !== undefined || read.text(ATTR.llmOutcome, ATTR.genAiProviderName, "gen_ai.system") !== undefined);
}

function outcomeOf(read: Reader, status: StatusCode | undefined): Outcome | undefined {
  const own = oneOf(OUTCOMES, read.text(ATTR.llmOutcome));
  if (own !== undefined) return own;
  if (status === "error" || read.text(ATTR.errorType) !== undefined) return "error";
  // A foreign span that ended without an error is taken at its word; without a status nothing is known.
  return status === undefined ? undefined : "ok";
}

function errorTypeOf(read: Reader, outcome: Outcome | undefined): ErrorType | undefined {
  if (outcome !== "error") return undefined;
  return oneOf(ERROR_TYPES, read.text(ATTR.errorType)) ?? "unknown";
}

function gapsOf(tape: string | undefined): { readonly p50?: number; readonly p95?: number } {
  if (tape === undefined) return {};
  try {
    const { entries } = decodeTokenTape(tape);
    const gaps = Float64Array.from(entries.slice(1), (entry, i) => (entry.atMicros - (entries[i]?.atMicros ?? 0)) / 1_000_000);
    const [p50, p95] = [quantile(gaps, 0.5), quantile(gaps, 0.95)];
    return { ...(p50 === undefined ? {} : { p50 }), ...(p95 === undefined ? {} : { p95 }) };
  } catch {
    // A tape of another version or a damaged one: it is kept as it came, nothing is derived from it.
    return {};
  }
}

function finishReason(read: Reader): string | undefined {
  const reasons = read.list(ATTR.genAiResponseFinishReasons)?.filter((reason) => typeof reason === "string");
  return reasons !== undefined && reasons.length > 0 ? reasons.join(",") : read.text("llm.finish_reason");
}

/** Fields that say what was called and how it ended. */
function words(read: Reader, model: string | undefined, status: StatusCode | undefined): { readonly [K in keyof LlmFields]: LlmFields[K] | undefined } {
  const outcome = outcomeOf(read, status);
  const tokenSource = oneOf(TOKEN_SOURCES, read.text(ATTR.llmTokenSource));
  const lag = read.number(ATTR.llmClockLagMaxSeconds);
  const slow = read.list(ATTR.llmSlow);
  return {
    provider: read.text(ATTR.genAiProviderName, "gen_ai.system", "llm.provider", "llm.system"),
    model,
    responseModel: read.text(ATTR.genAiResponseModel, "llm.response.model_name"),
    operation: read.text(ATTR.llmOperation, ATTR.genAiOperationName) ?? read.text("openinference.span.kind")?.toLowerCase(),
    outcome,
    errorType: errorTypeOf(read, outcome),
    finishReason: finishReason(read),
    tokenSource,
    estimated: tokenSource === undefined ? undefined : tokenSource === "tokenizer" || tokenSource === "estimate",
    conversationId: read.text(ATTR.genAiConversationId, "session.id"),
    streaming: read.flag(ATTR.llmStream, ATTR.genAiRequestStream),
    slow: slow === undefined ? undefined : slow.length > 0,
    clockTainted: lag === undefined ? undefined : lag > TAINTED_LAG_SECONDS,
    attempt: read.count(ATTR.llmAttempt),
  };
}

/** Fields that say how long it took and how much it was. */
function numbers(read: Reader): { readonly [K in keyof LlmFields]: LlmFields[K] | undefined } {
  const tokenTape = read.text(ATTR.llmTokenTape);
  const gaps = gapsOf(tokenTape);
  return {
    firstByteSeconds: read.number(ATTR.llmTimeToFirstByteSeconds),
    // Whatever counts chunks is a first chunk, never a first token.
    firstChunkSeconds: read.number(ATTR.llmTimeToFirstChunkSeconds, ATTR.genAiResponseTimeToFirstChunk, "gen_ai.client.operation.time_to_first_chunk"),
    ttftSeconds: read.number(ATTR.llmTimeToFirstTokenSeconds, ATTR.llmTtft, "gen_ai.server.time_to_first_token"),
    firstAnswerTokenSeconds: read.number(ATTR.llmTimeToFirstAnswerTokenSeconds),
    firstToolCallSeconds: read.number(ATTR.llmTimeToFirstToolCallSeconds),
    lastTokenSeconds: read.number(ATTR.llmTimeToLastTokenSeconds),
    generationRateTokensPerSecond: read.number(ATTR.llmGenerationRate),
    endToEndRateTokensPerSecond: read.number(ATTR.llmEndToEndTokenRate),
    timePerOutputTokenSeconds: read.number(ATTR.llmTimePerOutputTokenSeconds),
    gapP50Seconds: gaps.p50,
    gapP95Seconds: gaps.p95,
    stallCount: read.count(ATTR.llmStallCount),
    stallTotalSeconds: read.number(ATTR.llmStallTotalSeconds),
    inputTokens: read.count(ATTR.llmInputTokens, ATTR.genAiUsageInputTokens, "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
    outputTokens: read.count(ATTR.llmOutputTokens, ATTR.genAiUsageOutputTokens, "gen_ai.usage.completion_tokens", "llm.token_count.completion"),
    cacheReadTokens: read.count(ATTR.genAiUsageCacheReadInputTokens, "gen_ai.usage.cache_read_input_tokens", "llm.token_count.prompt_details.cache_read"),
    cacheWriteTokens: read.count(ATTR.genAiUsageCacheWriteInputTokens, ATTR.genAiUsageCacheCreationInputTokens, "llm.token_count.prompt_details.cache_write"),
    reasoningTokens: read.count(ATTR.genAiUsageReasoningOutputTokens, "llm.token_count.completion_details.reasoning"),
    tokenTape,
  };
}

/** The fields of an LLM call; undefined when the span is none. Never throws: bad values are absent. */
export function readLlmFields(attributes: AttributeMap, context: LlmSpanContext = {}): LlmFields | undefined {
  const read = new Reader(attributes);
  const model = read.text(ATTR.genAiRequestModel, ATTR.llmModelName, "llm.request.model_name");
  if (!isLlmCall(read, model)) return undefined;
  const all = { ...words(read, model, context.status), ...numbers(read) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as LlmFields;
}
