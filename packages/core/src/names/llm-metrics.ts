import type { MetricDefinition } from "../metrics/registry-contract.ts";

const RATE = [1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 300, 500, 1000, 2000];
const TTFT = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 20, 30, 60, 120, 300];
const DURATION = [0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800];
const TOKEN = [
  0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5,
  10,
];

/** Bucket bounds of the `llm_*` histograms. */
export const LLM_BUCKETS = { rate: RATE, ttft: TTFT, duration: DURATION, token: TOKEN } as const;

/** Base labels of every `llm_*` family. */
const B = ["model", "operation", "provider"] as const;
const since = "0.1.0";

/** Families about LLM calls. */
export const LLM_METRICS = {
  llmTokenGenerationRate: {
    name: "llm_token_generation_rate",
    type: "histogram",
    help: "Decode rate of one request in tokens per second, time to first token excluded.",
    unit: "tokens_per_second",
    labels: [...B, "estimated"],
    buckets: RATE,
    since,
  },
  llmTimeToFirstTokenSeconds: {
    name: "llm_time_to_first_token_seconds",
    type: "histogram",
    help: "Request sent to first generated delta of any kind.",
    unit: "seconds",
    labels: B,
    buckets: TTFT,
    since,
  },
  llmRequestDurationSeconds: {
    name: "llm_request_duration_seconds",
    type: "histogram",
    help: "Request sent to end of response.",
    unit: "seconds",
    labels: [...B, "stream", "outcome"],
    buckets: DURATION,
    since,
  },
  llmTotalTokens: {
    name: "llm_total_tokens",
    type: "counter",
    help: "Input and output tokens.",
    unit: "tokens",
    labels: [...B, "type", "estimated"],
    since,
  },
  llmErrorCount: {
    name: "llm_error_count",
    type: "counter",
    help: "Failed LLM requests.",
    unit: "errors",
    labels: [...B, "error_type"],
    since,
  },
  llmRequests: {
    name: "llm_requests",
    type: "counter",
    help: "LLM requests, counted at their end.",
    unit: "requests",
    labels: [...B, "stream", "outcome"],
    since,
  },
  llmTimeToFirstAnswerTokenSeconds: {
    name: "llm_time_to_first_answer_token_seconds",
    type: "histogram",
    help: "Request sent to first visible output: text, refusal, audio or image, not reasoning, not tool.",
    unit: "seconds",
    labels: B,
    buckets: TTFT,
    since,
  },
  llmTimePerOutputTokenSeconds: {
    name: "llm_time_per_output_token_seconds",
    type: "histogram",
    help: "Inverse of the generation rate, once per request.",
    unit: "seconds",
    labels: [...B, "estimated"],
    buckets: TOKEN,
    since,
  },
  llmInterTokenLatencySeconds: {
    name: "llm_inter_token_latency_seconds",
    type: "histogram",
    help: "Gap per token, once per token, where the tokens of each chunk are known.",
    unit: "seconds",
    labels: B,
    buckets: TOKEN,
    since,
  },
  llmInterChunkLatencySeconds: {
    name: "llm_inter_chunk_latency_seconds",
    type: "histogram",
    help: "Gap between consecutive counted chunks, once per counted chunk after the first.",
    unit: "seconds",
    labels: B,
    buckets: TOKEN,
    since,
  },
  llmEndToEndTokenRate: {
    name: "llm_end_to_end_token_rate",
    type: "histogram",
    help: "Output tokens divided by request duration, time to first token included.",
    unit: "tokens_per_second",
    labels: [...B, "stream", "estimated"],
    buckets: RATE,
    since,
  },
  llmRequestsInFlight: {
    name: "llm_requests_in_flight",
    type: "gauge",
    help: "Open LLM requests, waiting for or generating tokens.",
    unit: "requests",
    labels: [...B, "phase"],
    since,
  },
  llmStreamsStalled: {
    name: "llm_streams_stalled",
    type: "gauge",
    help: "Open streams inside a stall now.",
    unit: "streams",
    labels: B,
    since,
  },
  llmStalls: {
    name: "llm_stalls",
    type: "counter",
    help: "Stalls, counted when recognised.",
    unit: "stalls",
    labels: [...B, "phase"],
    since,
  },
  llmStallSeconds: {
    name: "llm_stall_seconds",
    type: "counter",
    help: "Time lost in stalls, added when a stall ends.",
    unit: "seconds",
    labels: [...B, "phase"],
    since,
  },
  llmSlowRequests: {
    name: "llm_slow_requests",
    type: "counter",
    help: "Requests beyond the configured duration or below the configured generation rate.",
    unit: "requests",
    labels: [...B, "reason"],
    since,
  },
  llmRetries: {
    name: "llm_retries",
    type: "counter",
    help: "Attempts that failed and were followed by another.",
    unit: "retries",
    labels: [...B, "error_type"],
    since,
  },
  llmCallDurationSeconds: {
    name: "llm_call_duration_seconds",
    type: "histogram",
    help: "What the application waited for a call: all attempts and the waits between them.",
    unit: "seconds",
    labels: [...B, "outcome"],
    buckets: DURATION,
    since,
  },
  llmCallTimeToFirstTokenSeconds: {
    name: "llm_call_time_to_first_token_seconds",
    type: "histogram",
    help: "Call begun to first generated delta of any kind, failed attempts included.",
    unit: "seconds",
    labels: B,
    buckets: TTFT,
    since,
  },
  llmTokenDetails: {
    name: "llm_token_details",
    type: "counter",
    help: "Subsets of llm_total_tokens; never add them to it.",
    unit: "tokens",
    labels: [...B, "type"],
    since,
  },
  llmGoodRequests: {
    name: "llm_good_requests",
    type: "counter",
    help: "Requests that ended well and met every configured objective.",
    unit: "requests",
    labels: B,
    since,
  },
} as const satisfies Record<string, MetricDefinition>;
