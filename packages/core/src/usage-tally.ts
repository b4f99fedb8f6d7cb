import type { TokenUsage } from "./providers/provider.ts";

type Draft = { -readonly [K in keyof TokenUsage]: TokenUsage[K] };

const FIELDS = [
  "inputTokens",
  "outputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "rejectedPredictionTokens",
  "audioInputTokens",
  "audioOutputTokens",
] as const satisfies readonly (keyof TokenUsage)[];

/** Token counts of one answer as they come in. For each field the last one seen holds; counts are never summed. */
export class UsageTally {
  #usage: Draft | undefined;
  #fell = false;

  /** What was reported so far; undefined when nothing was. */
  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  /** The output count once went down: it cannot be told what each chunk held. */
  get fell(): boolean {
    return this.#fell;
  }

  take(reported: TokenUsage): void {
    const usage = (this.#usage ??= {});
    if ((reported.outputTokens ?? Number.POSITIVE_INFINITY) < (usage.outputTokens ?? 0)) this.#fell = true;
    for (const field of FIELDS) {
      const value = reported[field];
      if (value !== undefined) usage[field] = value;
    }
    const { uncachedInputTokens } = reported;
    if (uncachedInputTokens === undefined) return;
    usage.inputTokens = uncachedInputTokens + (usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0);
  }
}
