/**
 * Attributes of a span -> the promoted fields of an LLM call. Which names are asked, and in which order, stands in
 * `names/promoted.ts`; here are the rules that a table cannot say.
 */
import { createAttributeReader, type AttributeReader } from "./attribute-reader.ts";
import type { LlmFields } from "./llm-call.ts";
import {
  ERROR_TYPES,
  errorTypeOfName,
  errorTypeOfStatus,
  OUTCOMES,
  type ErrorType,
  type Outcome,
} from "./model/outcome.ts";
import type { AttributeMap, SpanRecord, StatusCode } from "./model/span-record.ts";
import type { TokenSource } from "./model/token-timings.ts";
import { ATTR } from "./names/attributes.ts";
import { isInferenceOperation } from "./names/operations.ts";
import { PROMOTED, promotedNames, type PromotedKind } from "./names/promoted.ts";
import { gapQuantilesOf } from "./tape-reading.ts";

/** What the span itself adds when the attributes do not say it. */
export interface LlmSpanContext {
  readonly status?: StatusCode;
  /** Absent while the span has no end. */
  readonly durationSeconds?: number;
}

type Draft = { -readonly [Field in keyof LlmFields]: LlmFields[Field] };

/** OpenInference kinds that ask a model, and the operation they stand for. */
const OPENINFERENCE_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["LLM", "chat"],
  ["EMBEDDING", "embeddings"],
  ["RERANKER", "rerank"],
]);
const OPENINFERENCE_KIND = ["openinference.span.kind"];
const TOKEN_SOURCES: readonly TokenSource[] = ["continuous_usage", "usage", "tokenizer", "estimate"];
/** Event loop lag above which the times of a call are tainted (dashboard contract 1.2). */
const TAINTED_LAG_SECONDS = 0.05;
/** The original monitor wrote these names, and 0 for what it did not know. We always write `llm.outcome` with them. */
const BASE_NAMES: ReadonlySet<string> = new Set([ATTR.llmInputTokens, ATTR.llmOutputTokens, ATTR.llmTtft]);
const OUR_OPTIONS = {};
const FOREIGN_OPTIONS = { zeroIsUnknown: BASE_NAMES };
const ANY_OPERATION = [ATTR.genAiOperationName, ATTR.llmOperation];
const HTTP_STATUS = [ATTR.httpResponseStatusCode];

/**
 * The fields of an LLM call; undefined when the span is none. A call says its outcome, or names a model and an
 * inference operation, or is an LLM span of OpenInference. Never throws: a bad value is absent, unknown is absent.
 * @param context lets outcome and end-to-end rate of foreign spans be derived.
 */
export function readLlmFields(attributes: AttributeMap, context: LlmSpanContext = {}): LlmFields | undefined {
  const outcome = oneOf(OUTCOMES, attributes.get(ATTR.llmOutcome));
  const isOurs = outcome !== undefined;
  const read = createAttributeReader(attributes, isOurs ? OUR_OPTIONS : FOREIGN_OPTIONS);
  // Most spans are no calls: that is seen before anything else is read.
  if (!isOurs && !isForeignCall(read)) return undefined;
  const draft = readPlainFields(read);
  put(draft, "operation", operationOf(read));
  put(draft, "outcome", outcome ?? derivedOutcome(read, context));
  put(draft, "errorType", errorTypeOf(read, draft.outcome));
  put(draft, "finishReason", finishReasonOf(read));
  addTokenSource(draft, read);
  addTiming(draft, read, context);
  addQuality(draft, read, isOurs);
  return draft;
}

/** {@link readLlmFields} of a whole span. */
export function llmFieldsOf(span: Pick<SpanRecord, "attributes" | "status" | "durationNanos">): LlmFields | undefined {
  return readLlmFields(span.attributes, {
    status: span.status,
    ...(span.durationNanos === undefined ? {} : { durationSeconds: Number(span.durationNanos) / 1e9 }),
  });
}

/** Unknown is absent: an undefined value makes no field. */
function put<Field extends keyof LlmFields>(draft: Draft, field: Field, value: Draft[Field] | undefined): void {
  if (value !== undefined) draft[field] = value;
}

function readPlainFields(read: AttributeReader): Draft {
  const draft: Record<string, string | number | boolean> = {};
  for (const { field, kind, attributes } of PROMOTED) {
    const value = kind === "derived" ? undefined : readPlain(read, kind, attributes);
    if (value !== undefined) draft[field] = value;
  }
  return draft;
}

function readPlain(
  read: AttributeReader,
  kind: Exclude<PromotedKind, "derived">,
  names: readonly string[],
): string | number | boolean | undefined {
  if (kind === "text") return read.text(names);
  if (kind === "flag") return read.flag(names);
  if (kind === "seconds") return read.number(names);
  return kind === "rate" ? read.positive(names) : read.count(names);
}

function isForeignCall(read: AttributeReader): boolean {
  const kind = read.text(OPENINFERENCE_KIND);
  if (kind !== undefined) return OPENINFERENCE_OPERATIONS.has(kind.toUpperCase());
  const operation = read.text(ANY_OPERATION);
  return operation !== undefined && isInferenceOperation(operation) && read.text(promotedNames("model")) !== undefined;
}

function operationOf(read: AttributeReader): string | undefined {
  const given = read.text(promotedNames("operation"));
  return given ?? OPENINFERENCE_OPERATIONS.get(read.text(OPENINFERENCE_KIND)?.toUpperCase() ?? "");
}

/** A foreign span that ended without a sign of failure is taken at its word; an open one has no outcome yet. */
function derivedOutcome(read: AttributeReader, context: LlmSpanContext): Outcome | undefined {
  if (
    context.status === "error" ||
    read.text(promotedNames("errorType")) !== undefined ||
    failedStatus(read) !== undefined
  ) {
    return "error";
  }
  return context.status === undefined || context.durationSeconds === undefined ? undefined : "ok";
}

function errorTypeOf(read: AttributeReader, outcome: Outcome | undefined): ErrorType | undefined {
  if (outcome !== "error") return undefined;
  const text = read.text(promotedNames("errorType"));
  const known = oneOf(ERROR_TYPES, text);
  if (known !== undefined) return known;
  const named = text === undefined ? undefined : errorTypeOfName(text);
  if (named !== undefined) return named;
  // Other SDKs put the HTTP status itself into `error.type`.
  const status = failedStatus(read) ?? (text !== undefined && /^[45]\d\d$/.test(text) ? Number(text) : undefined);
  return status === undefined ? "unknown" : errorTypeOfStatus(status);
}

function failedStatus(read: AttributeReader): number | undefined {
  const status = read.count(HTTP_STATUS);
  return status !== undefined && status >= 400 && status < 600 ? status : undefined;
}

/** Each different reason once; several choices may end differently. */
function finishReasonOf(read: AttributeReader): string | undefined {
  const reasons = read.texts(promotedNames("finishReason"));
  return reasons === undefined ? undefined : [...new Set(reasons)].join(",");
}

/** A count without a named source is the provider's: no convention but ours writes an estimate. */
function addTokenSource(draft: Draft, read: AttributeReader): void {
  const given = oneOf(TOKEN_SOURCES, read.text(promotedNames("tokenSource")));
  const source = given ?? (draft.outputTokens === undefined ? undefined : "usage");
  if (source === undefined) return;
  draft.tokenSource = source;
  draft.estimated = source === "tokenizer" || source === "estimate";
}

function addTiming(draft: Draft, read: AttributeReader, context: LlmSpanContext): void {
  const rate = draft.generationRateTokensPerSecond;
  const perToken = read.positive(promotedNames("timePerOutputTokenSeconds"));
  // A rate near the smallest double has no finite inverse: then the time per token is unknown.
  const inverse = rate === undefined || !Number.isFinite(1 / rate) ? undefined : 1 / rate;
  put(draft, "timePerOutputTokenSeconds", perToken ?? inverse);
  const endToEnd = read.positive(promotedNames("endToEndRateTokensPerSecond"));
  put(draft, "endToEndRateTokensPerSecond", endToEnd ?? derivedEndToEndRate(draft, context));
  if (draft.tokenTape === undefined) return;
  const { p50Seconds, p95Seconds } = gapQuantilesOf(draft.tokenTape);
  put(draft, "gapP50Seconds", p50Seconds);
  put(draft, "gapP95Seconds", p95Seconds);
}

function derivedEndToEndRate(draft: Draft, { durationSeconds }: LlmSpanContext): number | undefined {
  if (draft.outcome !== "ok" || !draft.outputTokens) return undefined;
  if (durationSeconds === undefined || !(durationSeconds > 0)) return undefined;
  const rate = draft.outputTokens / durationSeconds;
  return Number.isFinite(rate) ? rate : undefined;
}

/** Our own spans name slow reasons, stalls and clock lag only where there were any: without them there were none. */
function addQuality(draft: Draft, read: AttributeReader, isOurs: boolean): void {
  const lag = read.number(promotedNames("clockTainted")) ?? (isOurs ? 0 : undefined);
  if (lag !== undefined) draft.clockTainted = lag > TAINTED_LAG_SECONDS;
  const isSlow = read.texts(promotedNames("slow")) !== undefined;
  if (isSlow || isOurs) draft.slow = isSlow;
  const none = isOurs && draft.streaming === true ? 0 : undefined;
  put(draft, "stallCount", read.count(promotedNames("stallCount")) ?? none);
  put(draft, "stallTotalSeconds", read.number(promotedNames("stallTotalSeconds")) ?? none);
}

function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((candidate) => candidate === value);
}
