/**
 * Promoted columns: the fields of an LLM call that filters, sorts and aggregates ask for. One table; the column batch,
 * the schema of the index and any other backend are made from it. A new column is NULL in older files.
 */
import type { LlmFields } from "../llm-call.ts";
import { ATTR } from "./attributes.ts";

/** `number` is a finite double of at least 0, `count` a whole number of at most 2^53, both exact. */
export type ColumnKind = "text" | "boolean" | "number" | "count";

/** One promoted column. */
export interface LlmColumn {
  readonly field: keyof LlmFields;
  readonly column: string;
  readonly kind: ColumnKind;
  /** Number in the journal; never reused, never changed. */
  readonly id: number;
  /** Long text that few queries read. */
  readonly bulky?: true;
  /** Attribute whose value the column restores exactly, so that it is not stored twice. */
  readonly attribute?: string;
}

export const LLM_COLUMNS = [
  { field: "provider", column: "provider", kind: "text", id: 64 },
  { field: "model", column: "model", kind: "text", id: 65 },
  { field: "responseModel", column: "response_model", kind: "text", id: 66 },
  { field: "operation", column: "operation", kind: "text", id: 67 },
  { field: "outcome", column: "outcome", kind: "text", id: 68 },
  { field: "errorType", column: "error_type", kind: "text", id: 69 },
  { field: "finishReason", column: "finish_reason", kind: "text", id: 70 },
  { field: "tokenSource", column: "token_source", kind: "text", id: 71 },
  { field: "conversationId", column: "conversation_id", kind: "text", id: 72 },
  { field: "streaming", column: "streaming", kind: "boolean", id: 73 },
  { field: "estimated", column: "estimated", kind: "boolean", id: 74 },
  { field: "slow", column: "slow", kind: "boolean", id: 75 },
  { field: "clockTainted", column: "clock_tainted", kind: "boolean", id: 76 },
  { field: "attempt", column: "attempt", kind: "count", id: 77 },
  { field: "firstByteSeconds", column: "first_byte_s", kind: "number", id: 78 },
  { field: "firstChunkSeconds", column: "first_chunk_s", kind: "number", id: 79 },
  { field: "ttftSeconds", column: "ttft_s", kind: "number", id: 80 },
  { field: "firstAnswerTokenSeconds", column: "first_answer_s", kind: "number", id: 81 },
  { field: "firstToolCallSeconds", column: "first_tool_s", kind: "number", id: 82 },
  { field: "lastTokenSeconds", column: "last_token_s", kind: "number", id: 83 },
  { field: "generationRateTokensPerSecond", column: "gen_rate", kind: "number", id: 84 },
  { field: "endToEndRateTokensPerSecond", column: "e2e_rate", kind: "number", id: 85 },
  { field: "timePerOutputTokenSeconds", column: "tpot_s", kind: "number", id: 86 },
  { field: "gapP50Seconds", column: "gap_p50_s", kind: "number", id: 87 },
  { field: "gapP95Seconds", column: "gap_p95_s", kind: "number", id: 88 },
  { field: "stallCount", column: "stall_count", kind: "count", id: 89 },
  { field: "stallTotalSeconds", column: "stall_total_s", kind: "number", id: 90 },
  { field: "inputTokens", column: "in_tok", kind: "count", id: 91 },
  { field: "outputTokens", column: "out_tok", kind: "count", id: 92 },
  { field: "cacheReadTokens", column: "cache_read_tok", kind: "count", id: 93 },
  { field: "cacheWriteTokens", column: "cache_write_tok", kind: "count", id: 94 },
  { field: "reasoningTokens", column: "reason_tok", kind: "count", id: 95 },
  { field: "tokenTape", column: "token_tape", kind: "text", id: 96, bulky: true, attribute: ATTR.llmTokenTape },
  { field: "fingerprint", column: "fingerprint", kind: "text", id: 97, attribute: "llm.fingerprint" },
  { field: "attempts", column: "attempts", kind: "count", id: 98 },
] as const satisfies readonly LlmColumn[];

// A field that is missing in the table does not compile.
type MissingField = Exclude<keyof LlmFields, (typeof LLM_COLUMNS)[number]["field"]>;
const NO_FIELD_IS_MISSING: [MissingField] extends [never] ? true : MissingField = true;

const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

/**
 * The fields a column can hold exactly. A number that is not finite, negative or beyond 2^53, and a count that is not
 * whole, is left out: unknown is absent. Mostly nothing is, and the answer is what was given.
 */
export function storableLlmFields(fields: LlmFields): LlmFields {
  if (areStorable(fields)) return fields;
  const kept: Record<string, unknown> = {};
  for (const { field, kind } of LLM_COLUMNS) {
    const value = fields[field];
    if (NO_FIELD_IS_MISSING && isStorable(kind, value)) kept[field] = value;
  }
  return kept;
}

/** Cheaper to see than to make. */
function areStorable(fields: LlmFields): boolean {
  for (const { field, kind } of LLM_COLUMNS) {
    const value = fields[field];
    if (value !== undefined && !isStorable(kind, value)) return false;
  }
  return true;
}

/** Whether a column of that kind holds the value exactly. */
export function isStorable(kind: ColumnKind, value: unknown): boolean {
  if (kind === "text") return typeof value === "string";
  if (kind === "boolean") return typeof value === "boolean";
  if (typeof value !== "number" || !(value >= 0 && value <= MAX_NUMBER) || Object.is(value, -0)) return false;
  return kind === "number" || Number.isInteger(value);
}
