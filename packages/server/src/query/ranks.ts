import type { RequestDetail } from "@nexent/monitor-api";
import type { CallFilter, CallRow, NumberCondition, TraceStore, ValueRank } from "@nexent/monitor-store";
import { TAIL_MIN } from "./statistics.ts";

/** Exclusive upper bounds of the input classes, tokens. */
const INPUT_CLASSES: readonly number[] = [256, 1_000, 4_000, 16_000, 64_000];
const DAY_NANOS = 86_400_000_000_000n;

type Ranks = NonNullable<RequestDetail["ranks"]>;

/** The share that was not slower, of how many. */
interface Rank {
  readonly rank: number;
  readonly n: number;
}

/** The input class of a count as a condition. */
function inputClass(inputTokens: number): NumberCondition {
  const above = INPUT_CLASSES.find((bound) => inputTokens < bound);
  const below = INPUT_CLASSES.findLast((bound) => inputTokens >= bound);
  return {
    column: "inputTokens",
    ...(below === undefined ? {} : { min: below }),
    ...(above === undefined ? {} : { max: above - 1 }),
  };
}

/**
 * Rank of a call among those of the same model and input class in the 24 h before its end: the share that was not
 * slower. Absent without model or input tokens, and below 20 of them.
 */
export async function ranksOf(store: TraceStore, call: CallRow, signal?: AbortSignal): Promise<Ranks | undefined> {
  const { model, inputTokens, ttftSeconds } = call.llm;
  if (model === undefined || inputTokens === undefined) return undefined;
  const endNanos = call.startUnixNanos + BigInt(Math.round(call.durationSeconds * 1e9));
  const fromUnixNanos = endNanos > DAY_NANOS ? endNanos - DAY_NANOS : 0n;
  const filter: CallFilter = {
    // The call itself is one of its peers, also when it took no time at all.
    range: { fromUnixNanos, toUnixNanos: endNanos + 1n },
    models: [model],
    number: [inputClass(inputTokens)],
  };
  const asked = {
    durationSeconds: call.durationSeconds,
    ...(ttftSeconds === undefined ? {} : { ttftSeconds }),
  };
  const ranks = await store.ranks(filter, asked, signal);
  const [duration, ttft] = [rankOf(ranks.durationSeconds), rankOf(ranks.ttftSeconds)];
  if (duration === undefined && ttft === undefined) return undefined;
  return {
    n: Math.max(duration?.n ?? 0, ttft?.n ?? 0),
    ...(duration === undefined ? {} : { duration: duration.rank }),
    ...(ttft === undefined ? {} : { ttft: ttft.rank }),
  };
}

function rankOf(known: ValueRank | undefined): Rank | undefined {
  if (known === undefined || known.count < TAIL_MIN) return undefined;
  return { rank: known.notAbove / known.count, n: known.count };
}
