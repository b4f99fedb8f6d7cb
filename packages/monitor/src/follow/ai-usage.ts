/** Usage as the AI SDK (`ai`) reports it, in all versions of its interface. */
import type { TokenUsage } from "@nexent/monitor-core";
import { safeProperty } from "../redact.ts";

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A count, alone or as the total of its parts. */
function totalOf(tokens: unknown): number | undefined {
  return countOf(tokens) ?? countOf(safeProperty(tokens, "total"));
}

/** What the provider itself says of the kinds of its output tokens. */
function rawDetails(raw: unknown): unknown {
  return safeProperty(raw, "output_tokens_details") ?? safeProperty(raw, "completion_tokens_details");
}

/** Models write 0 where the provider does not say; the provider's own words, which they hand on, tell the two apart. */
function reasoningOf(usage: unknown, output: unknown): number | undefined {
  const counted = countOf(safeProperty(output, "reasoning")) ?? countOf(safeProperty(usage, "reasoningTokens"));
  const raw = safeProperty(usage, "raw");
  if (typeof raw !== "object" || raw === null) return counted;
  const details = rawDetails(raw);
  const told =
    countOf(safeProperty(details, "reasoning_tokens")) ??
    countOf(safeProperty(details, "thinking_tokens")) ??
    countOf(safeProperty(raw, "thoughtsTokenCount"));
  return told ?? (counted === 0 ? undefined : counted);
}

/** Token counts; undefined when there are none. */
export function usageOf(usage: unknown): TokenUsage | undefined {
  const [input, output] = [safeProperty(usage, "inputTokens"), safeProperty(usage, "outputTokens")];
  const counts = {
    inputTokens: totalOf(input),
    outputTokens: totalOf(output),
    cacheReadTokens: countOf(safeProperty(input, "cacheRead")) ?? countOf(safeProperty(usage, "cachedInputTokens")),
    cacheWriteTokens: countOf(safeProperty(input, "cacheWrite")),
    reasoningTokens: reasoningOf(usage, output),
    rejectedPredictionTokens: countOf(
      safeProperty(rawDetails(safeProperty(usage, "raw")), "rejected_prediction_tokens"),
    ),
  };
  const known: TokenUsage = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
  return Object.keys(known).length === 0 ? undefined : known;
}
