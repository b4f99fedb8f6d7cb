import type { ServerTimings, TokenUsage } from "./provider.ts";

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A token count: a whole number of at least 0; anything else is unknown. */
function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function known<T extends object>(entries: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as T;
}

/** `usage` of Chat Completions and its relatives; `timings` adds llama.cpp's cached input. Undefined without a count. */
export function readUsage(usage: unknown, timings: unknown): TokenUsage | undefined {
  const given = fieldsOf(usage);
  if (given === undefined) return undefined;
  const input = fieldsOf(given["prompt_tokens_details"]);
  const output = fieldsOf(given["completion_tokens_details"]);
  const found = known<TokenUsage>({
    inputTokens: count(given["prompt_tokens"]),
    outputTokens: count(given["completion_tokens"]),
    cacheReadTokens: count(input?.["cached_tokens"]) ?? count(fieldsOf(timings)?.["cache_n"]),
    cacheWriteTokens: count(input?.["cache_write_tokens"]),
    reasoningTokens: count(output?.["reasoning_tokens"]),
    rejectedPredictionTokens: count(output?.["rejected_prediction_tokens"]),
  });
  return Object.keys(found).length === 0 ? undefined : found;
}

function positive(value: unknown, scale: number): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value * scale : undefined;
}

/** Timings the server reported: `timings` of llama.cpp, `metrics` of vLLM (measurement contract 3.5). */
export function readServerTimings(timings: unknown, metrics: unknown): ServerTimings | undefined {
  const llama = fieldsOf(timings);
  const vllm = fieldsOf(metrics);
  if (llama === undefined && vllm === undefined) return undefined;
  const found = known<ServerTimings>({
    queueSeconds: positive(vllm?.["queue_time_ms"], 0.001),
    prefillSeconds: positive(llama?.["prompt_ms"], 0.001) ?? positive(vllm?.["time_to_first_token_ms"], 0.001),
    decodeSeconds: positive(llama?.["predicted_ms"], 0.001) ?? positive(vllm?.["generation_time_ms"], 0.001),
    decodeRateTokensPerSecond: positive(llama?.["predicted_per_second"], 1),
  });
  return Object.keys(found).length === 0 ? undefined : found;
}
