import { countOf, fieldsOf, knownOf } from "./json-fields.ts";
import type { TokenUsage } from "./provider.ts";

interface InputCounts {
  /** `input_tokens`: what was neither read from nor written to a cache. */
  readonly fresh: number | undefined;
  readonly cacheReadTokens: number | undefined;
  readonly cacheWriteTokens: number | undefined;
}

function inputCountsOf(usage: unknown): InputCounts {
  const given = fieldsOf(usage);
  return {
    fresh: countOf(given?.["input_tokens"]),
    cacheReadTokens: countOf(given?.["cache_read_input_tokens"]),
    cacheWriteTokens: countOf(given?.["cache_creation_input_tokens"]),
  };
}

/** All input: Anthropic counts what went through a cache apart. */
function allInput({ fresh, cacheReadTokens, cacheWriteTokens }: InputCounts): number | undefined {
  return fresh === undefined ? undefined : fresh + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0);
}

function outputCountsOf(usage: unknown): Pick<TokenUsage, "outputTokens" | "reasoningTokens"> | undefined {
  const given = fieldsOf(usage);
  return knownOf<Pick<TokenUsage, "outputTokens" | "reasoningTokens">>({
    outputTokens: countOf(given?.["output_tokens"]),
    reasoningTokens: countOf(fieldsOf(given?.["output_tokens_details"])?.["thinking_tokens"]),
  });
}

/** Usage of `message_start`: the input side. Its `output_tokens` is no count of the answer. */
export function readStartUsage(usage: unknown): TokenUsage | undefined {
  const counts = inputCountsOf(usage);
  const { cacheReadTokens, cacheWriteTokens } = counts;
  return knownOf<TokenUsage>({ inputTokens: allInput(counts), cacheReadTokens, cacheWriteTokens });
}

/** Usage of a whole answer. */
export function readUsage(usage: unknown): TokenUsage | undefined {
  return knownOf<TokenUsage>({ ...readStartUsage(usage), ...outputCountsOf(usage) });
}

/**
 * Usage of `message_delta`: cumulative, and often without the input side. Without its cache counts `input_tokens` is a
 * part of the input; those of `message_start` still hold then.
 */
export function readDeltaUsage(usage: unknown): TokenUsage | undefined {
  const { fresh, cacheReadTokens, cacheWriteTokens } = inputCountsOf(usage);
  if (cacheReadTokens !== undefined && cacheWriteTokens !== undefined) return readUsage(usage);
  return knownOf<TokenUsage>({
    uncachedInputTokens: fresh,
    cacheReadTokens,
    cacheWriteTokens,
    ...outputCountsOf(usage),
  });
}
