/**
 * Message ids the server answers with, and the parameters each carries (seconds, tokens/s, shares and ranks 0..1). The
 * reader's catalogue has one text per id; an id it does not know is shown as it is.
 */

/** `verdict` of `GET /api/requests/:id`: what stands out, most important first; empty when nothing does. */
export const VERDICT_IDS = {
  /** Ended with an error. */
  error: ["errorType"],
  /** The stream broke after this many seconds and counted chunks. */
  broke_after: ["seconds", "chunks"],
  cancelled: [],
  abandoned: [],
  /** Nothing was generated before the end. */
  no_token: ["durationSeconds"],
  /** Longer than the configured threshold. */
  slow: ["durationSeconds", "thresholdSeconds"],
  /** Generation rate below the configured threshold. */
  slow_speed: ["rateTokensPerSecond", "thresholdTokensPerSecond"],
  /** Slower than 95 % of its peers; rank 0..1 among `n` requests of the same model and input size. */
  rank_duration: ["rank", "n"],
  rank_ttft: ["rank", "n"],
  /** Reasoning came first and took this long. */
  reasoning: ["seconds"],
  /** Pauses: how many, time lost, share of the duration. */
  stalls: ["count", "lostSeconds", "share"],
  tool_wait: ["count", "seconds"],
  /** From this token on the pace was another one. */
  pace_change: ["token", "beforeTokensPerSecond", "afterTokensPerSecond"],
  /** Many tokens came at once: a proxy may be buffering. */
  burst: ["count", "tokens"],
  /** Times were taken while the sender's event loop lagged. */
  clock_tainted: ["lagSeconds"],
} as const satisfies Record<string, readonly string[]>;
export type VerdictId = keyof typeof VERDICT_IDS;

/** `reason` of the setup check and the setup test: cause, with its remedy in the reader's catalogue. */
export const SETUP_REASON_IDS = {
  /** The receiver does not answer on its port. */
  receiver_closed: ["port"],
  /** Requests came and were refused before their body was read. */
  refused: ["count", "reason", "detail"],
  /** Nothing has arrived since the server started. */
  no_bytes: ["url"],
  /** Bodies came that held no span, or only spans that broke a rule. */
  no_span: ["bodies"],
  spans_rejected: ["count", "reason"],
  /** Spans came, none of them an LLM call. */
  no_llm_attributes: ["spans"],
  gateway_closed: ["url"],
  /** The gateway answered the test with an error. */
  gateway_answered: ["status"],
  exact_model_missing: ["url"],
} as const satisfies Record<string, readonly string[]>;
export type SetupReasonId = keyof typeof SETUP_REASON_IDS;
