/**
 * Promoted fields of an LLM call: the one typed view of a span's `gen_ai.*` and `llm.*` attributes. The SDK and the
 * gateway write these attributes, ingest reads them back into columns, queries answer from the columns.
 */
import type { ErrorType, Outcome } from "./model/outcome.ts";
import type { TokenSource } from "./model/token-timings.ts";

/** Columns of one LLM call. Absent = unknown. Seconds and tokens/s. */
export interface LlmFields {
  readonly provider?: string;
  /** As requested. */
  readonly model?: string;
  readonly responseModel?: string;
  readonly operation?: string;
  readonly outcome?: Outcome;
  readonly errorType?: ErrorType;
  readonly finishReason?: string;
  readonly tokenSource?: TokenSource;
  readonly conversationId?: string;
  readonly streaming?: boolean;
  readonly estimated?: boolean;
  readonly slow?: boolean;
  readonly clockTainted?: boolean;
  readonly attempt?: number;
  readonly firstByteSeconds?: number;
  readonly firstChunkSeconds?: number;
  readonly ttftSeconds?: number;
  readonly firstAnswerTokenSeconds?: number;
  readonly firstToolCallSeconds?: number;
  readonly lastTokenSeconds?: number;
  readonly generationRateTokensPerSecond?: number;
  readonly endToEndRateTokensPerSecond?: number;
  readonly timePerOutputTokenSeconds?: number;
  readonly gapP50Seconds?: number;
  readonly gapP95Seconds?: number;
  readonly stallCount?: number;
  readonly stallTotalSeconds?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly reasoningTokens?: number;
  readonly tokenTape?: string;
  /** Shape of the stream in 60 buckets, made at ingest from the tape. */
  readonly fingerprint?: string;
  /** HTTP attempts of the call, when more than one was seen or counted. */
  readonly attempts?: number;
}
