import { deepStrictEqual } from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createMemoryMetricStore } from "./memory/memory-metric-store.ts";
import { STALE_MARKER, type MetricStore, type SeriesFilter, type SeriesSamples } from "./metric-contract.ts";
import { openEmbeddedMetricStore } from "./metrics/embedded-metric-store.ts";
import { ALWAYS, DAY_MS, entry, exemplarAt, histogramAt, NOW_MS, rangeOf, summaryAt } from "./testing/metric-case.ts";

let folder = "";
let folders = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nexent-metric-model-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

// Few values, so that repeats and ties are common.
const word = fc.constantFrom("a", "B", "é😀", "", "'; DROP TABLE series; --", "\u0000", "__proto__", "7");
const time = fc.constantFrom(0, 1, 1_000, -60_000, -DAY_MS, -DAY_MS + 1, -2 * DAY_MS).map((offset) => NOW_MS + offset);
const value = fc.constantFrom(0, -0, 1.5, -3, Number.NaN, Infinity);
const scalar = fc.oneof(
  fc.record({ timestampMs: time, value }, { noNullPrototype: true }),
  fc.record({ timestampMs: time, startMs: time, value }, { noNullPrototype: true }),
  time.map((timestampMs) => ({ timestampMs, value: STALE_MARKER })),
);
const labels = fc.tuple(fc.constantFrom("x", "y", "__proto__", "7"), word).map((one) => Object.fromEntries([one]));
const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 3 });
const help = fc.constantFrom({}, { help: "H." }, { help: "Other." });
const samples: fc.Arbitrary<SeriesSamples> = fc.oneof(
  fc
    .tuple(word, fc.constantFrom("gauge" as const, "counter" as const), labels, few(scalar), help)
    .map(([family, type, own, scalars, more]) => entry({ family, type, labels: own, ...more }, { scalars })),
  fc.tuple(word, labels, few(time), few(time), few(time)).map(([family, own, at, staleAtMs, seen]) =>
    entry(
      { family, type: "histogram", labels: own },
      {
        histograms: at.map((one) => histogramAt(one, { sum: one % 2 === 0 ? -0 : 1 })),
        staleAtMs,
        exemplars: seen.map((one) => exemplarAt(one)),
      },
    ),
  ),
  fc
    .tuple(word, labels, few(time))
    .map(([family, own, at]) =>
      entry({ family, type: "summary", labels: own }, { summaries: at.map((one) => summaryAt(one)) }),
    ),
);
const filter: fc.Arbitrary<SeriesFilter> = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      families: fc.array(word, { maxLength: 3 }),
      matchers: fc.array(
        fc.record(
          {
            name: fc.constantFrom("x", "y", "__proto__", "7"),
            op: fc.constantFrom("=" as const, "!=" as const),
            value: word,
          },
          { noNullPrototype: true },
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
  fc.constantFrom("a|B", ".*", ".+", "[^a]", "(?i)b").map((pattern): SeriesFilter => ({
    matchers: [{ name: "x", op: "=~", value: pattern }],
  })),
);
const range = fc.oneof(
  fc.constant(ALWAYS),
  fc.tuple(time, time).map(([a, b]) => rangeOf(Math.min(a, b), Math.max(a, b))),
);

type Step = (stores: Stores) => Promise<void>;
interface Stores {
  readonly memory: MetricStore;
  embedded: MetricStore;
  readonly reopen: () => Promise<MetricStore>;
}

function both(ask: (store: MetricStore) => Promise<unknown>): Step {
  return async ({ memory, embedded }) => {
    await embedded.flush();
    deepStrictEqual(await ask(embedded), await ask(memory));
  };
}

async function everything(store: MetricStore, [asked, within]: readonly [SeriesFilter, typeof ALWAYS]) {
  const { diskBytes: _, rejectedSamples: __, ...stats } = await store.stats();
  return {
    series: await store.series(asked, within),
    samples: await store.select(asked, within),
    latest: await store.latest(asked, NOW_MS, { lookbackMs: DAY_MS * 2 }),
    names: await store.labelNames(asked, within),
    values: await store.labelValues("x", asked, within),
    exemplars: await store.exemplars(asked, within),
    metadata: await store.metadata(),
    named: await store.metadata("a"),
    stats,
  };
}

const write: fc.Arbitrary<Step> = fc
  .array(samples, { maxLength: 4 })
  .map((entries) => both((store) => store.write({ entries })));
const ask: fc.Arbitrary<Step> = fc.tuple(filter, range).map((question) => both((store) => everything(store, question)));
const step = fc.oneof(
  { weight: 5, arbitrary: write },
  { weight: 4, arbitrary: ask },
  { weight: 1, arbitrary: range.map((one): Step => both((store) => store.purge({ range: one }))) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0, 1, 2)
      .map((maxAgeDays): Step => both(async (store) => (await store.retain({ maxAgeDays })).days)),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(async (stores) => {
      await stores.embedded.close();
      stores.embedded = await stores.reopen();
    }),
  },
);

describe("metric store model", () => {
  it("MET-28 embedded and memory answer the same after any series of writes, purges, removals and restarts", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const dataDir = join(folder, String(folders++));
        const now = (): number => NOW_MS;
        const monotonicMs = (): number => 0;
        const reopen = () =>
          openEmbeddedMetricStore({ dataDir, now, monotonicMs, indexFlushMs: 5, diskReserveBytes: 0 });
        const stores: Stores = {
          memory: createMemoryMetricStore({ now, monotonicMs }),
          embedded: await reopen(),
          reopen,
        };
        try {
          for (const one of steps) await one(stores);
          await both((store) => everything(store, [{}, ALWAYS]))(stores);
        } finally {
          await stores.embedded.close();
        }
      }),
      { numRuns: 6, seed: 20261124, endOnFailure: true },
    );
  }, 180_000);
});
