import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { LIMITS } from "@nexent/monitor-core";
import type { AggregateRow, AggregateSpec, TraceStore } from "../contract.ts";
import { GOLDEN_ANSWERS, goldenSpans } from "./golden-set.ts";
import { DAY, HOUR, sampleCall, sampleSpan, SAMPLE_START, SECOND } from "./sample-spans.ts";
import { EVERYTHING, onStore, refusesWith, type StoreCase } from "./store-case.ts";

const BASE_SPEC: AggregateSpec = { filter: { range: EVERYTHING }, groupBy: [], columns: [], quantiles: [] };

async function aggregate(store: TraceStore, spec: Partial<AggregateSpec>): Promise<readonly AggregateRow[]> {
  await store.flush();
  return await store.aggregate({ ...BASE_SPEC, ...spec });
}

/** Rules of aggregates, facets, stats and capabilities. */
export const AGGREGATE_CASES: readonly StoreCase[] = [
  onStore("AGG-1 no calls give no rows", async (store) => {
    await store.write({ spans: [sampleSpan(1)] });
    deepStrictEqual(await aggregate(store, {}), []);
    deepStrictEqual(await aggregate(store, { groupBy: ["model"], columns: ["ttftSeconds"], quantiles: [0.5] }), []);
  }),
  onStore("AGG-2 counts calls and outcomes per group, absent keys last and left out", async (store) => {
    await store.write({
      spans: [
        sampleCall(1, { model: "b", outcome: "error", errorType: "timeout" }),
        sampleCall(2, { model: "b" }),
        sampleCall(3, { model: "a", outcome: "cancelled" }),
        sampleCall(4, { model: "a", outcome: "abandoned" }),
      ],
    });
    const rows = await aggregate(store, { groupBy: ["errorType", "model"] });
    deepStrictEqual(
      rows.map(({ group, calls, outcomes }) => [group, calls, outcomes]),
      [
        [{ errorType: "timeout", model: "b" }, 1, { ok: 0, error: 1, cancelled: 0, abandoned: 0, unknown: 0 }],
        [{ model: "a" }, 2, { ok: 0, error: 0, cancelled: 1, abandoned: 1, unknown: 0 }],
        [{ model: "b" }, 1, { ok: 1, error: 0, cancelled: 0, abandoned: 0, unknown: 0 }],
      ],
    );
  }),
  onStore(
    "AGG-3 quantiles interpolate between ranks, sums are exact, and unknown values do not take part",
    async (store) => {
      const values = [0.1, 0.2, 0.3, 0.4];
      const spans = values.map((ttftSeconds, n) => sampleCall(n, { ttftSeconds, outputTokens: 2 ** 40 + n }));
      await store.write({ spans: [...spans, sampleCall(9)] });
      const [row] = await aggregate(store, {
        columns: ["ttftSeconds", "outputTokens", "gapP95Seconds"],
        quantiles: [0.5, 0.25],
      });
      const { ttftSeconds, outputTokens, gapP95Seconds } = row?.columns ?? {};
      equal(ttftSeconds?.count, 4);
      equal(ttftSeconds.sum, 1);
      ok(Math.abs((ttftSeconds.quantiles[0] ?? 0) - 0.25) < 1e-12);
      ok(Math.abs((ttftSeconds.quantiles[1] ?? 0) - 0.175) < 1e-12);
      equal(ttftSeconds.exactness, "exact");
      equal(outputTokens?.sum, 4 * 2 ** 40 + 6);
      deepStrictEqual([gapP95Seconds?.count, gapP95Seconds?.sum, gapP95Seconds?.quantiles], [0, 0, []]);
      equal(row?.calls, 5);
    },
  ),
  onStore("AGG-4 buckets are multiples of their width, over days, empty ones left out", async (store) => {
    const at = (n: number, offset: bigint) => sampleCall(n, { startUnixNanos: SAMPLE_START + offset });
    await store.write({ spans: [at(1, 0n), at(2, HOUR - 1n), at(3, HOUR), at(4, 20n * HOUR)] });
    const filter = { range: { fromUnixNanos: SAMPLE_START, toUnixNanos: SAMPLE_START + 2n * DAY } };
    const rows = await aggregate(store, { filter, bucketNanos: HOUR });
    deepStrictEqual(
      rows.map(({ bucketUnixNanos, calls }) => [bucketUnixNanos, calls]),
      [
        [SAMPLE_START, 2],
        [SAMPLE_START + HOUR, 1],
        [SAMPLE_START + 20n * HOUR, 1],
      ],
    );
  }),
  onStore("AGG-5 a question beyond the limits is refused", async (store) => {
    const range = { fromUnixNanos: 0n, toUnixNanos: BigInt(LIMITS.queryPoints + 2) };
    await refusesWith("QUERY_INVALID", aggregate(store, { filter: { range }, bucketNanos: 1n }));
    await refusesWith("QUERY_INVALID", aggregate(store, { bucketNanos: 0n, filter: { range } }));
    await refusesWith("QUERY_INVALID", aggregate(store, { quantiles: [1] }));
    await refusesWith("QUERY_INVALID", aggregate(store, { columns: Array(5).fill("ttftSeconds") as never }));
    await refusesWith("QUERY_INVALID", aggregate(store, { groupBy: ["model; DROP TABLE spans" as never] }));
  }),
  onStore(
    "RNK-1 ranks count the calls that have a value, and those at or below a given one, over days",
    async (store) => {
      const values = [0.1, 0.2, 0.2, 0.3];
      const spans = values.map((ttftSeconds, n) =>
        sampleCall(n, { ttftSeconds, outputTokens: n, startUnixNanos: SAMPLE_START + BigInt(n) * DAY }),
      );
      await store.write({
        spans: [...spans, sampleCall(8), sampleCall(9, { model: "other", ttftSeconds: 0 }), sampleSpan(7)],
      });
      await store.flush();
      const filter = { range: EVERYTHING, models: ["gpt-4"] };
      deepStrictEqual(await store.ranks(filter, { ttftSeconds: 0.2, durationSeconds: 2, gapP95Seconds: 1 }), {
        ttftSeconds: { count: 4, notAbove: 3 },
        durationSeconds: { count: 5, notAbove: 5 },
        gapP95Seconds: { count: 0, notAbove: 0 },
      });
      const some = { ...filter, number: [{ column: "outputTokens" as const, min: 1, max: 2 }] };
      deepStrictEqual(await store.ranks(some, { ttftSeconds: 0.1, durationSeconds: 1.9 }), {
        ttftSeconds: { count: 2, notAbove: 0 },
        durationSeconds: { count: 2, notAbove: 0 },
      });
      deepStrictEqual(await store.ranks({ range: { fromUnixNanos: 0n, toUnixNanos: 1n } }, { ttftSeconds: 1 }), {
        ttftSeconds: { count: 0, notAbove: 0 },
      });
      deepStrictEqual(await store.ranks(filter, {}), {});
      await refusesWith("QUERY_INVALID", store.ranks(filter, { ttftSeconds: Number.NaN }));
      await refusesWith("QUERY_INVALID", store.ranks(filter, { "1; DROP TABLE spans": 1 } as never));
    },
  ),
  onStore("FAC-1 facets count calls per value, most first", async (store) => {
    await store.write({
      spans: [
        sampleCall(1, { model: "b", service: "s" }),
        sampleCall(2, { model: "a", service: "s" }),
        sampleCall(3, { model: "a", service: "t", provider: "cohere" }),
      ],
    });
    await store.flush();
    deepStrictEqual(await store.facets(EVERYTHING), {
      services: [
        { value: "s", calls: 2 },
        { value: "t", calls: 1 },
      ],
      models: [
        { value: "a", calls: 2 },
        { value: "b", calls: 1 },
      ],
      operations: [{ value: "chat", calls: 3 }],
      providers: [
        { value: "openai", calls: 2 },
        { value: "cohere", calls: 1 },
      ],
    });
  }),
  onStore("STA-1 stats count what is stored, indexed or not", async (store) => {
    await store.write({ spans: [sampleCall(5), sampleSpan(1)] });
    const before = await store.stats();
    await store.flush();
    const after = await store.stats();
    for (const stats of [before, after]) {
      equal(stats.spans, 2);
      equal(stats.calls, 1);
      equal(stats.oldestUnixNanos, SAMPLE_START + SECOND);
      equal(stats.newestCallUnixNanos, SAMPLE_START + 5n * SECOND);
    }
    deepStrictEqual([after.days, after.indexLagSeconds, after.storageDegraded], [1, 0, false]);
  }),
  onStore(
    "CAP-1 a store that says it is exact, or erases bytes, does so, and refuses what it cannot",
    async (store) => {
      const { freshnessMs, exactQuantileLimit, erase, backup } = store.capabilities;
      if (!backup) await refusesWith("CAPABILITY_MISSING", store.backup("/nowhere"));
      ok(freshnessMs <= 1_000 && exactQuantileLimit > 0);
      equal(erase, "bytes");
    },
  ),
  onStore(
    "GLD-1 I3 every question about the golden set has the known answer, whatever the order of arrival",
    async (store) => {
      const spans = goldenSpans();
      for (let from = 0; from < spans.length; from += 999) await store.write({ spans: spans.slice(from, from + 999) });
      for (const golden of GOLDEN_ANSWERS) {
        await store.flush();
        deepStrictEqual(await golden.ask(store), golden.answer, golden.name);
      }
    },
  ),
];
