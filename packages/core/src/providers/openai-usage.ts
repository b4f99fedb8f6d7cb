import { countOf, fieldsOf, knownOf, listOf, type Fields } from "./json-fields.ts";
import type { ServerTimings, TokenUsage } from "./provider.ts";

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
    reasoningTokens: countOf(output?.["reasoning_tokens"]),
    rejectedPredictionTokens: countOf(output?.["rejected_prediction_tokens"]),
    audioInputTokens: countOf(input?.["audio_tokens"]),
    audioOutputTokens: countOf(output?.["audio_tokens"]),
  });
}

function measureOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function secondsOf(millis: unknown): number | undefined {
  const known = measureOf(millis);
  return known === undefined ? undefined : known / 1000;
}

/** Timings the server reported: `timings` of llama.cpp, `metrics` of vLLM (measurement contract 3.5). */
export function readServerTimings(chunk: Fields): ServerTimings | undefined {
  const llama = fieldsOf(chunk["timings"]);
  const vllm = fieldsOf(chunk["metrics"]);
  if (llama === undefined && vllm === undefined) return undefined;
  return knownOf<ServerTimings>({
    queueSeconds: secondsOf(vllm?.["queue_time_ms"]),
    prefillSeconds: secondsOf(llama?.["prompt_ms"]) ?? secondsOf(vllm?.["time_to_first_token_ms"]),
    decodeSeconds: secondsOf(llama?.["predicted_ms"]) ?? secondsOf(vllm?.["generation_time_ms"]),
    decodeRateTokensPerSecond: measureOf(llama?.["predicted_per_second"]),
  });
}
