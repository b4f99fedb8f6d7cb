import { expect, it } from "vitest";
import { runCampaign } from "./campaign.ts";
import { readCorpus, saveFind } from "./corpus.ts";

const DEFAULT_SECONDS = 30;

function numberOf(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} must be a number of at least 0`);
  return value;
}

/**
 * One test: replays the corpus of the target and mutates for `NEXENT_FUZZ_SECONDS` (default 30) from `NEXENT_FUZZ_SEED`
 * (default: a new one each time, printed). Every find is saved to the corpus and fails the test.
 */
export function fuzzTest(target: string): void {
  const seconds = numberOf("NEXENT_FUZZ_SECONDS") ?? DEFAULT_SECONDS;
  it(
    `${target} withstands what strangers send`,
    async () => {
      const seed = numberOf("NEXENT_FUZZ_SEED") ?? Date.now() % 2 ** 32;
      const corpus = readCorpus(target);
      const result = await runCampaign({ target, seed, seconds, corpus });
      console.log(
        `${target}: seed ${seed}, corpus ${corpus.length}, ${result.executed} inputs in ${seconds} s, ` +
          `${result.novel} reached new code, ${result.coveredBytes} characters of code ran, ` +
          `${result.replaced} threads replaced, ${result.finds.length} finds`,
      );
      const told = result.finds.map((find) => `${saveFind(target, find)} (seed ${seed}): ${find.detail}`);
      expect(told.join("\n")).toBe("");
      expect(result.executed).toBeGreaterThan(corpus.length);
    },
    seconds * 1_000 + 120_000,
  );
}
