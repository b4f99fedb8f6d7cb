import { countOf, fieldsOf, knownOf, listOf, type Fields } from "./json-fields.ts";
import type { TokenUsage } from "./provider.ts";

/** Tokens of one modality in a `…TokensDetails` list; undefined when the list does not name it. */
function modalityTokens(details: unknown, modality: string): number | undefined {
  let tokens: number | undefined;
  for (const item of listOf(details)) {
    const detail = fieldsOf(item);
    const count = detail?.["modality"] === modality ? countOf(detail["tokenCount"]) : undefined;
    if (count !== undefined) tokens = (tokens ?? 0) + count;
  }
  return tokens;
}

/**
 * `usageMetadata` of an answer, cumulative in a stream. Protobuf leaves out a count of 0: thoughts are 0 where the total
 * has no room for them, and otherwise unknown. Some models count thoughts among the candidates' tokens, against the
 * documentation; the total tells.
 */
export function readUsage(metadata: unknown): TokenUsage | undefined {
  const usage: Fields | undefined = fieldsOf(metadata);
  if (usage === undefined) return undefined;
  const prompt = countOf(usage["promptTokenCount"]);
  const candidates = countOf(usage["candidatesTokenCount"]);
  const thoughts = countOf(usage["thoughtsTokenCount"]);
  const input = prompt === undefined ? undefined : prompt + (countOf(usage["toolUsePromptTokenCount"]) ?? 0);
  const total = countOf(usage["totalTokenCount"]);
  const noRoomForThoughts = input !== undefined && candidates !== undefined && total === input + candidates;
  const reported = candidates !== undefined || thoughts !== undefined;
  return knownOf<TokenUsage>({
    inputTokens: input,
    outputTokens: reported ? (candidates ?? 0) + (noRoomForThoughts ? 0 : (thoughts ?? 0)) : undefined,
    cacheReadTokens: countOf(usage["cachedContentTokenCount"]),
    reasoningTokens: thoughts ?? (noRoomForThoughts ? 0 : undefined),
    audioInputTokens: modalityTokens(usage["promptTokensDetails"], "AUDIO"),
    audioOutputTokens: modalityTokens(usage["candidatesTokensDetails"], "AUDIO"),
  });
}
