/**
 * The client metrics of the GenAI semantic conventions (measurement contract 4.5), as they are written at `/metrics`:
 * dots become underscores, `s` becomes the suffix `_seconds`. No npm package exports the v0.1.0 names.
 */
import type { MetricDefinition } from "../metrics/registry-contract.ts";

const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];

/** Attributes of every family; one that is not known is an empty label, which Prometheus takes as absent. */
const ATTRIBUTES = [
  "gen_ai_operation_name",
  "gen_ai_provider_name",
  "gen_ai_request_model",
  "gen_ai_response_model",
  "server_address",
  "server_port",
] as const;
const since = "0.1.0";

function seconds<const Name extends string>(name: Name, help: string, more: readonly string[] = []) {
  const labels = [...ATTRIBUTES, ...more];
  return { name, type: "histogram", help, unit: "seconds", labels, buckets: SECONDS, since } as const;
}

function tokens<const Name extends string>(name: Name, help: string, more: readonly string[] = []) {
  const labels = [...ATTRIBUTES, ...more];
  return { name, type: "histogram", help, unit: "tokens", labels, buckets: TOKENS, since } as const;
}

function used<const Name extends string>(name: Name, help: string) {
  const labels = [...ATTRIBUTES, "gen_ai_token_modality"];
  return { name, type: "counter", help, unit: "tokens", labels, since } as const;
}

/** semantic-conventions-genai v0.1.0. */
export const GEN_AI_METRICS = {
  genAiClientInferenceDuration: seconds(
    "gen_ai_client_inference_duration_seconds",
    "Duration of an inference call, retries included.",
    ["error_type"],
  ),
  genAiClientInferenceTimeToFirstChunk: seconds(
    "gen_ai_client_inference_time_to_first_chunk_seconds",
    "Call begun to first chunk of any content; not the first token.",
  ),
  genAiClientInferenceTimePerOutputChunk: seconds(
    "gen_ai_client_inference_time_per_output_chunk_seconds",
    "Gap before each chunk with output, the first one left out.",
  ),
  genAiClientInferenceUsageInputTokens: used(
    "gen_ai_client_inference_usage_input_tokens",
    "Input tokens reported by the provider, cached ones included.",
  ),
  genAiClientInferenceUsageOutputTokens: used(
    "gen_ai_client_inference_usage_output_tokens",
    "Output tokens reported by the provider, reasoning included.",
  ),
  genAiClientInferenceUsageCacheReadInputTokens: used(
    "gen_ai_client_inference_usage_cache_read_input_tokens",
    "Input tokens that came from a cache; part of the input tokens.",
  ),
  genAiClientInferenceUsageCacheWriteInputTokens: used(
    "gen_ai_client_inference_usage_cache_write_input_tokens",
    "Input tokens that were written to a cache; part of the input tokens.",
  ),
  genAiClientInferenceUsageReasoningOutputTokens: used(
    "gen_ai_client_inference_usage_reasoning_output_tokens",
    "Output tokens that were reasoning; part of the output tokens.",
  ),
  genAiClientInferenceOperationInputTokens: tokens(
    "gen_ai_client_inference_operation_input_tokens",
    "Input tokens per call that did not fail.",
  ),
  genAiClientInferenceOperationOutputTokens: tokens(
    "gen_ai_client_inference_operation_output_tokens",
    "Output tokens per call that did not fail.",
  ),
} as const satisfies Record<string, MetricDefinition>;

/** Semantic conventions 1.41, the last core release that holds them. Embeddings and retrieval use the first in all modes. */
export const GEN_AI_METRICS_V1_41 = {
  genAiClientOperationDuration: seconds(
    "gen_ai_client_operation_duration_seconds",
    "Duration of a GenAI operation, retries included.",
    ["error_type"],
  ),
  genAiClientOperationTimeToFirstChunk: seconds(
    "gen_ai_client_operation_time_to_first_chunk_seconds",
    "Call begun to first chunk of any content; not the first token.",
  ),
  genAiClientOperationTimePerOutputChunk: seconds(
    "gen_ai_client_operation_time_per_output_chunk_seconds",
    "Gap before each chunk with output, the first one left out.",
  ),
  genAiClientTokenUsage: tokens("gen_ai_client_token_usage", "Tokens per call as reported by the provider, by type.", [
    "gen_ai_token_type",
  ]),
} as const satisfies Record<string, MetricDefinition>;
