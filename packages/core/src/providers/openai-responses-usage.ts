import { countOf, fieldsOf, knownOf } from "./json-fields.ts";
import type { TokenUsage } from "./provider.ts";

/** `usage` of a response; undefined when it holds no count. */
export function readUsage(usage: unknown): TokenUsage | undefined {
  const given = fieldsOf(usage);
  const input = fieldsOf(given?.["input_tokens_details"]);
  const output = fieldsOf(given?.["output_tokens_details"]);
  return knownOf<TokenUsage>({
    inputTokens: countOf(given?.["input_tokens"]),
    outputTokens: countOf(given?.["output_tokens"]),
    cacheReadTokens: countOf(input?.["cached_tokens"]),
    cacheWriteTokens: countOf(input?.["cache_write_tokens"]),
    reasoningTokens: countOf(output?.["reasoning_tokens"]),
  });
}
