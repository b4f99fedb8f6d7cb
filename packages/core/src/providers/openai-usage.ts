import { countOf, fieldsOf, knownOf, listOf, measureOf, secondsOf, type Fields } from "./json-fields.ts";
import type { ServerPhaseTimings, ServerTimings, TokenUsage } from "./provider.ts";

/** Where `usage` stands: in the chunk, in Groq's own member, or (Moonshot) in the choice. */
function usageFieldsOf(chunk: Fields): Fields | undefined {
  return (
    fieldsOf(chunk["usage"]) ??
    fieldsOf(fieldsOf(chunk["x_groq"])?.["usage"]) ??
    fieldsOf(fieldsOf(listOf(chunk["choices"])[0])?.["usage"])
  );
}

/** llama.cpp without `usage`: its timings count the same tokens. */
function usageOfTimings(timings: Fields): TokenUsage | undefined {
  const fresh = countOf(timings["prompt_n"]);
  const cached = countOf(timings["cache_n"]);
  return knownOf<TokenUsage>({
    // `prompt_n` leaves out what came from the cache.
    inputTokens: fresh === undefined || cached === undefined ? undefined : fresh + cached,
    outputTokens: countOf(timings["predicted_n"]),
    cacheReadTokens: cached,
  });
}

/** Token counts of a chunk or body of Chat Completions and its relatives. Undefined when it holds no count. */
export function readUsage(chunk: Fields): TokenUsage | undefined {
  const timings = fieldsOf(chunk["timings"]);
  const usage = usageFieldsOf(chunk);
  if (usage === undefined) return timings === undefined ? undefined : usageOfTimings(timings);
  const input = fieldsOf(usage["prompt_tokens_details"]);
  const output = fieldsOf(usage["completion_tokens_details"]);
  return knownOf<TokenUsage>({
    inputTokens: countOf(usage["prompt_tokens"]),
    outputTokens: countOf(usage["completion_tokens"]),
    cacheReadTokens:
      countOf(input?.["cached_tokens"]) ??
      // DeepSeek, Moonshot, llama.cpp
      countOf(usage["prompt_cache_hit_tokens"]) ??
      countOf(usage["cached_tokens"]) ??
      countOf(timings?.["cache_n"]),
    cacheWriteTokens: countOf(input?.["cache_write_tokens"]),
    // SGLang writes it beside the others, and 0 where it has not counted.
    reasoningTokens: countOf(output?.["reasoning_tokens"]) ?? (countOf(usage["reasoning_tokens"]) || undefined),
    rejectedPredictionTokens: countOf(output?.["rejected_prediction_tokens"]),
    audioInputTokens: countOf(input?.["audio_tokens"]),
    audioOutputTokens: countOf(output?.["audio_tokens"]),
  });
}

function secondsOfMillis(millis: unknown): number | undefined {
  return secondsOf(millis, 1000);
}

/** One group of vLLM's `output_token_metrics`; a group without tokens has null timings, which are unknown. */
function phaseTimings(group: unknown): ServerPhaseTimings | undefined {
  const given = fieldsOf(group);
  if (given === undefined) return undefined;
  return knownOf<ServerPhaseTimings>({
    tokenCount: countOf(given["token_count"]),
    timeToFirstTokenSeconds: secondsOfMillis(given["time_to_first_token_ms"]),
    decodeSeconds: secondsOfMillis(given["generation_time_ms"]),
    interTokenSeconds: secondsOfMillis(given["mean_itl_ms"]),
    decodeRateTokensPerSecond: measureOf(given["tokens_per_second"]),
  });
}

/**
 * Timings the server reported: `timings` of llama.cpp, `metrics` of vLLM (measurement contract 3.5). llama.cpp's cached
 * input (`cache_n`) is usage, not a timing.
 */
export function readServerTimings(chunk: Fields): ServerTimings | undefined {
  const llama = fieldsOf(chunk["timings"]);
  const vllm = fieldsOf(chunk["metrics"]);
  if (llama === undefined && vllm === undefined) return undefined;
  const groups = fieldsOf(vllm?.["output_token_metrics"]);
  return knownOf<ServerTimings>({
    queueSeconds: secondsOfMillis(vllm?.["queue_time_ms"]),
    prefillSeconds: secondsOfMillis(llama?.["prompt_ms"]) ?? secondsOfMillis(vllm?.["time_to_first_token_ms"]),
    decodeSeconds: secondsOfMillis(llama?.["predicted_ms"]) ?? secondsOfMillis(vllm?.["generation_time_ms"]),
    interTokenSeconds: secondsOfMillis(vllm?.["mean_itl_ms"]),
    decodeRateTokensPerSecond: measureOf(llama?.["predicted_per_second"]),
    endToEndRateTokensPerSecond: measureOf(vllm?.["tokens_per_second"]),
    reasoning: phaseTimings(groups?.["reasoning"]),
    content: phaseTimings(groups?.["content"]),
    unclassifiedTokenCount: countOf(groups?.["unclassified_token_count"]),
  });
}
