import { deepStrictEqual, equal } from "node:assert/strict";
import {
  ALWAYS,
  DAY_MS,
  entry,
  exemplarAt,
  gauge,
  HISTOGRAM,
  histogramAt,
  NOW_MS,
  onMetrics,
  put,
  rangeOf,
  values,
  type MetricCase,
} from "./metric-case.ts";
import { refusesWith } from "./store-case.ts";

function daysAgo(days: number) {
  return entry(gauge("g"), { scalars: [{ timestampMs: NOW_MS - days * DAY_MS, value: days }] });
}

/** Rules of removing metric samples. */
export const METRIC_LIFECYCLE_CASES: readonly MetricCase[] = [
  onMetrics(
    "MET-16 retention removes whole UTC days, never today, and late samples of them are stored like any other",
    async (store) => {
      await put(store, daysAgo(0), daysAgo(2), daysAgo(3), daysAgo(5));
      deepStrictEqual((await store.retain({ maxAgeDays: 2 })).days, ["2026-11-19", "2026-11-21"]);
      deepStrictEqual(
        (await store.select({}, ALWAYS))[0]?.scalars.map(({ value }) => value),
        [2, 0],
      );
      deepStrictEqual((await store.retain({ maxAgeDays: 0 })).days, ["2026-11-22"]);
      deepStrictEqual((await store.retain({ maxAgeDays: 0, maxBytes: 0 })).days, []);
      await put(store, daysAgo(3));
      deepStrictEqual(
        (await store.select({}, ALWAYS))[0]?.scalars.map(({ value }) => value),
        [3, 0],
      );
    },
  ),
  {
    title: "MET-17 D10 retention removes nothing after a jump of the clock until a second call confirms it",
    async run(open) {
      let nowMs = NOW_MS;
      const store = await open({ now: () => nowMs });
      await put(store, daysAgo(0));
      nowMs += 400 * DAY_MS;
      deepStrictEqual((await store.retain({ maxAgeDays: 15 })).days, []);
      equal((await store.stats()).samples, 1);
      deepStrictEqual((await store.retain({ maxAgeDays: 15 })).days, ["2026-11-24"]);
      equal((await store.stats()).samples, 0);
      await store.close();
    },
  },
  onMetrics("MET-18 a purge erases a range or everything, and what is sent again is new", async (store) => {
    const all = values({ ...gauge("g", { a: "1" }), help: "H." }, { "-2": 1, "-1": 2, 0: 3 });
    const histogram = entry(HISTOGRAM, {
      histograms: [histogramAt(NOW_MS)],
      exemplars: [exemplarAt(NOW_MS - 1), exemplarAt(NOW_MS)],
    });
    await put(store, all, histogram, daysAgo(1));
    const range = rangeOf(NOW_MS - DAY_MS, NOW_MS);
    deepStrictEqual(await store.purge({ range }), { samples: 3 });
    deepStrictEqual(await store.purge({ range }), { samples: 0 });
    const rest = [values(all.series, { 0: 3 }), { ...histogram, exemplars: [] }];
    deepStrictEqual(await store.select({}, ALWAYS), rest);
    deepStrictEqual((await store.exemplars({}, ALWAYS))[0]?.exemplars, [exemplarAt(NOW_MS)]);
    await put(store, all);
    deepStrictEqual((await store.select({}, ALWAYS))[0], all);
    deepStrictEqual(await store.purge({ all: true }), { samples: 4 });
    deepStrictEqual(await store.select({}, ALWAYS), []);
    deepStrictEqual(await store.metadata(), []);
    deepStrictEqual(await store.exemplars({}, ALWAYS), []);
    await put(store, all);
    deepStrictEqual(await store.select({}, ALWAYS), [all]);
    await refusesWith("QUERY_INVALID", store.purge({ range: { fromUnixNanos: 2n, toUnixNanos: 1n } }));
  }),
  onMetrics("MET-19 stats count what is stored", async (store) => {
    await put(
      store,
      daysAgo(1),
      daysAgo(0),
      values(gauge("h"), { 0: 1, 5: 1 }),
      entry(HISTOGRAM, { exemplars: [exemplarAt(NOW_MS)] }),
    );
    const { diskBytes: _, ...stats } = await store.stats();
    deepStrictEqual(stats, {
      samples: 4,
      activeSeries: 2,
      oldestMs: NOW_MS - DAY_MS,
      newestMs: NOW_MS + 5_000,
      overflowedSeries: 0,
      rejectedSamples: 0,
    });
  }),
  onMetrics("MET-20 a closed store takes and answers nothing; closing again is harmless", async (store) => {
    await put(store, daysAgo(0));
    await store.close();
    await store.close();
    const outcome = await store.write({ entries: [daysAgo(0)] });
    equal(outcome.status === "rejected" && outcome.error.code, "STORE_UNAVAILABLE");
    await refusesWith("STORE_UNAVAILABLE", store.select({}, ALWAYS));
    await refusesWith("STORE_UNAVAILABLE", store.stats());
    await refusesWith("STORE_UNAVAILABLE", store.purge({ all: true }));
  }),
];
