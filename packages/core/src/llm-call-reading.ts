/**
 * Attributes of a span -> the promoted fields of an LLM call. Which names are asked, and in which order, stands in
 * `names/promoted.ts`; here are the rules that a table cannot say.
 */
import { createAttributeReader, usableNumber, type AttributeReader } from "./attribute-reader.ts";
import { emptyLlmDraft, presentFields, type LlmDraft } from "./llm-draft.ts";
import type { LlmFields } from "./llm-call.ts";
import {
  ERROR_TYPES,
  errorTypeOfName,
  errorTypeOfStatus,
  OUTCOMES,
  type ErrorType,
  type Outcome,
} from "./model/outcome.ts";
import type { AttributeMap, AttributeValue, SpanRecord, StatusCode } from "./model/span-record.ts";
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
type PlainField = Extract<(typeof PROMOTED)[number], { readonly kind: Exclude<PromotedKind, "derived"> }>["field"];

/** What an attribute says about a field that needs no rule of its own. */
interface PlainRule {
  readonly field: PlainField;
  readonly kind: Exclude<PromotedKind, "derived">;
  /** Place of the field among those. */
  readonly place: number;
  /** 0 for the best name. */
  readonly rank: number;
  readonly zeroIsUnknown: boolean;
}

const PLAIN_FIELDS = PROMOTED.flatMap((row) => (row.kind === "derived" ? [] : [row]));
/** No attribute fills two of them. */
const PLAIN_RULES: ReadonlyMap<string, PlainRule> = new Map(
  PLAIN_FIELDS.flatMap(({ field, kind, attributes }, place) =>
    attributes.map((name, rank): [string, PlainRule] => [
      name,
      { field, kind, place, rank, zeroIsUnknown: BASE_NAMES.has(name) },
    ]),
  ),
);
const NO_RANK = 0xff;
/** Memory of one reading, used by each. */
const bestRanks = new Uint8Array(PLAIN_FIELDS.length);
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
  const draft = readDraft(attributes, context);
  return draft === undefined ? undefined : presentFields(draft);
}

/** {@link readLlmFields} of a whole span. */
export function llmFieldsOf(span: LlmSpan): LlmFields | undefined {
  const draft = llmDraftOf(span);
  return draft === undefined ? undefined : presentFields(draft);
}

/** What of a span {@link llmFieldsOf} looks at. */
type LlmSpan = Pick<SpanRecord, "attributes" | "status" | "durationNanos">;

/** The same with every field there, undefined where it is unknown: cheaper, for who goes through the fields anyway. */
export function llmDraftOf({ attributes, status, durationNanos }: LlmSpan): LlmDraft | undefined {
  const context = durationNanos === undefined ? { status } : { status, durationSeconds: Number(durationNanos) / 1e9 };
  return readDraft(attributes, context);
}

function readDraft(attributes: AttributeMap, context: LlmSpanContext): LlmDraft | undefined {
  const outcome = oneOf(OUTCOMES, attributes.get(ATTR.llmOutcome));
  const isOurs = outcome !== undefined;
  const read = createAttributeReader(attributes, isOurs ? OUR_OPTIONS : FOREIGN_OPTIONS);
  // Most spans are no calls: that is seen before anything else is read.
  if (!isOurs && !isForeignCall(read)) return undefined;
  const draft = emptyLlmDraft();
  readPlainFields(draft, attributes, isOurs);
  draft.operation = operationOf(read);
  draft.outcome = outcome ?? derivedOutcome(read, context);
  draft.errorType = errorTypeOf(read, draft.outcome);
  draft.finishReason = finishReasonOf(read);
  addTokenSource(draft, read);
  addTiming(draft, read, context);
  addQuality(draft, read, isOurs);
  return draft;
}

/** Reads each attribute once; of several names of a field the best one with a usable value wins. */
function readPlainFields(draft: LlmDraft, attributes: AttributeMap, isOurs: boolean): void {
  const values: Partial<Record<PlainField, string | number | boolean>> = draft as object;
  bestRanks.fill(NO_RANK);
  for (const [name, value] of attributes) {
    const rule = PLAIN_RULES.get(name);
    if (rule === undefined || rule.rank >= (bestRanks[rule.place] ?? NO_RANK)) continue;
    const usable = usableValue(value, rule, isOurs);
    if (usable === undefined) continue;
    bestRanks[rule.place] = rule.rank;
    values[rule.field] = usable;
  }
}

function usableValue(
  value: AttributeValue,
  { kind, zeroIsUnknown }: PlainRule,
  isOurs: boolean,
): string | number | boolean | undefined {
  if (kind === "text") return typeof value === "string" && value !== "" ? value : undefined;
  if (kind === "flag") return typeof value === "boolean" ? value : undefined;
  const number = usableNumber(value);
  if (number === undefined || (number === 0 && zeroIsUnknown && !isOurs)) return undefined;
  if (kind === "seconds") return number;
  return (kind === "rate" ? number > 0 : Number.isSafeInteger(number)) ? number : undefined;
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
  if (reasons === undefined || reasons.length === 1) return reasons?.[0];
  return [...new Set(reasons)].join(",");
}

/** A count without a named source is the provider's: no convention but ours writes an estimate. */
function addTokenSource(draft: LlmDraft, read: AttributeReader): void {
  const given = oneOf(TOKEN_SOURCES, read.text(promotedNames("tokenSource")));
  const source = given ?? (draft.outputTokens === undefined ? undefined : "usage");
  if (source === undefined) return;
  draft.tokenSource = source;
  draft.estimated = source === "tokenizer" || source === "estimate";
}

function addTiming(draft: LlmDraft, read: AttributeReader, context: LlmSpanContext): void {
  const rate = draft.generationRateTokensPerSecond;
  const perToken = read.positive(promotedNames("timePerOutputTokenSeconds"));
  // A rate near the smallest double has no finite inverse: then the time per token is unknown.
  const inverse = rate === undefined || !Number.isFinite(1 / rate) ? undefined : 1 / rate;
  draft.timePerOutputTokenSeconds = perToken ?? inverse;
  const endToEnd = read.positive(promotedNames("endToEndRateTokensPerSecond"));
  draft.endToEndRateTokensPerSecond = endToEnd ?? derivedEndToEndRate(draft, context);
  if (draft.tokenTape === undefined) return;
  const { p50Seconds, p95Seconds } = gapQuantilesOf(draft.tokenTape);
  draft.gapP50Seconds = p50Seconds;
  draft.gapP95Seconds = p95Seconds;
}

function derivedEndToEndRate(draft: LlmDraft, { durationSeconds }: LlmSpanContext): number | undefined {
  if (draft.outcome !== "ok" || !draft.outputTokens) return undefined;
  if (durationSeconds === undefined || !(durationSeconds > 0)) return undefined;
  const rate = draft.outputTokens / durationSeconds;
  return Number.isFinite(rate) ? rate : undefined;
}

/** Our own spans name slow reasons, stalls and clock lag only where there were any: without them there were none. */
function addQuality(draft: LlmDraft, read: AttributeReader, isOurs: boolean): void {
  const lag = read.number(promotedNames("clockTainted")) ?? (isOurs ? 0 : undefined);
  if (lag !== undefined) draft.clockTainted = lag > TAINTED_LAG_SECONDS;
  const isSlow = read.texts(promotedNames("slow")) !== undefined;
  if (isSlow || isOurs) draft.slow = isSlow;
  const none = isOurs && draft.streaming === true ? 0 : undefined;
  draft.stallCount = read.count(promotedNames("stallCount")) ?? none;
  draft.stallTotalSeconds = read.number(promotedNames("stallTotalSeconds")) ?? none;
}

function oneOf<T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((candidate) => candidate === value);
}
