import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { LIMITS } from "@nexent/monitor-core";
import { isStaleMarker, STALE_MARKER, type ScalarSample, type SeriesSamples } from "../metric-contract.ts";
import {
  ALWAYS,
  DAY_MS,
  entry,
  gauge,
  HISTOGRAM,
  histogramAt,
  NOW_MS,
  onMetrics,
  put,
  SUMMARY,
  summaryAt,
  values,
  type MetricCase,
} from "./metric-case.ts";

const SPECIAL = [0, -0, 1, -1, 0.1, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, Infinity, -Infinity, Number.NaN];

/** Rules of writing metric samples. */
export const METRIC_WRITE_CASES: readonly MetricCase[] = [
  onMetrics("MET-1 doubles come back exactly: minus zero, infinities, NaN and the stale marker too", async (store) => {
    // Not through an array of numbers: that forgets which NaN it was.
    const stale = { timestampMs: NOW_MS + SPECIAL.length, startMs: NOW_MS, value: STALE_MARKER };
    const scalars: readonly ScalarSample[] = [
      ...SPECIAL.map((value, at) => ({ timestampMs: NOW_MS + at, startMs: NOW_MS - at, value })),
      stale,
    ];
    await put(store, entry(gauge("g", { a: "1" }), { scalars }));
    const [found] = await store.select({}, ALWAYS);
    const stored = found?.scalars ?? [];
    deepStrictEqual(stored, scalars);
    deepStrictEqual(
      stored.map((sample) => isStaleMarker(sample.value)),
      [...SPECIAL.map(() => false), true],
    );
    await put(store, entry(gauge("h"), { staleAtMs: [NOW_MS] }));
    const [ended] = await store.select({ families: ["h"] }, ALWAYS);
    ok(isStaleMarker(ended?.scalars[0]?.value ?? 0), "the end of a scalar series may be told by its time");
  }),
  onMetrics("MET-2 histograms and summaries come back exactly as they were sent", async (store) => {
    const histograms = [
      histogramAt(NOW_MS, { startMs: NOW_MS - 5 }),
      histogramAt(NOW_MS + 1, { sum: Number.NaN, bounds: [], buckets: [5] }),
      histogramAt(NOW_MS + 2, { sum: -0 }),
      { timestampMs: NOW_MS + 3, count: 1, bounds: [-1.5, 0, 2], buckets: [0.5, 0.5, 0.5, 1] },
    ];
    const summaries = [
      summaryAt(NOW_MS, { startMs: NOW_MS - 7, quantiles: [] }),
      summaryAt(NOW_MS + 1, {
        sum: Infinity,
        quantiles: [
          { quantile: 0.5, value: Number.NaN },
          { quantile: 1, value: Infinity },
        ],
      }),
    ];
    const expected: readonly SeriesSamples[] = [
      entry(SUMMARY, { summaries, staleAtMs: [NOW_MS + 20] }),
      entry(HISTOGRAM, { histograms, staleAtMs: [NOW_MS + 10] }),
    ];
    await put(store, ...expected);
    deepStrictEqual(await store.select({}, ALWAYS), expected);
  }),
  onMetrics(
    "MET-3 of two samples of one series and time the first stays, and the repeat is acknowledged",
    async (store) => {
      const first = values(gauge("g", { a: "1" }), { 0: 1, 1: 2 });
      await put(store, first);
      const again = await store.write({ entries: [values(gauge("g", { a: "1" }), { 0: 9, 1: 2, 2: 3 }), first] });
      deepStrictEqual(again, { status: "accepted", records: 5 });
      await put(store, values(gauge("g", { a: "1" }), { "-1": 0, 2: 7 }));
      await put(store, entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS)], staleAtMs: [NOW_MS, NOW_MS + 1] }));
      await put(store, entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS + 1)] }));
      deepStrictEqual(await store.select({}, ALWAYS), [
        values(gauge("g", { a: "1" }), { "-1": 0, 0: 1, 1: 2, 2: 3 }),
        entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS)], staleAtMs: [NOW_MS + 1] }),
      ]);
      equal((await store.stats()).samples, 6);
    },
  ),
  onMetrics("MET-4 a label without a value is no label, and the order of labels says nothing", async (store) => {
    await put(
      store,
      values(gauge("g", { b: "2", a: "1", c: "" }), { 0: 1 }),
      values(gauge("g", { a: "1", b: "2" }), { 1: 2 }),
    );
    deepStrictEqual(await store.select({}, ALWAYS), [values(gauge("g", { a: "1", b: "2" }), { 0: 1, 1: 2 })]);
  }),
  onMetrics(
    "MET-5 samples that break a rule are rejected with a reason and counted, the others are kept",
    async (store) => {
      const good = values(gauge("good"), { 0: 1 });
      const bad: readonly SeriesSamples[] = [
        values(gauge(""), { 0: 1 }),
        values(gauge("x".repeat(LIMITS.keyBytes + 1)), { 0: 1 }),
        values(gauge("g", { __name__: "h" }), { 0: 1 }),
        values(gauge("g", { a: "é".repeat(LIMITS.metricLabelValueBytes / 2 + 1) }), { 0: 1 }),
        values(gauge("g", { a: "\ud800" }), { 0: 1 }),
        values(gauge("g", Object.fromEntries(Array.from({ length: 41 }, (_, at) => [`l${at}`, "x"]))), { 0: 1 }),
        entry(gauge("g"), { scalars: [{ timestampMs: NOW_MS + 0.5, value: 1 }] }),
        entry(gauge("g"), { scalars: [{ timestampMs: NOW_MS + LIMITS.futureSkewMs + 1, value: 1 }] }),
        entry(gauge("g"), { scalars: [{ timestampMs: NOW_MS - LIMITS.pastAgeMs - 1, value: 1 }] }),
        entry(gauge("g"), { scalars: [{ timestampMs: NOW_MS, startMs: -1, value: 1 }] }),
        entry(gauge("g"), { histograms: [histogramAt(NOW_MS)] }),
        entry(HISTOGRAM, { scalars: [{ timestampMs: NOW_MS, value: 1 }] }),
        entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS, { buckets: [1, 5] })] }),
        entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS, { buckets: [4, 1, 5] })] }),
        entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS, { count: 6 })] }),
        entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS, { bounds: [1, 1] })] }),
        entry(SUMMARY, { summaries: [summaryAt(NOW_MS, { count: -1 })] }),
        entry(SUMMARY, { summaries: [summaryAt(NOW_MS, { quantiles: [{ quantile: 2, value: 1 }] })] }),
      ];
      for (const [at, one] of bad.entries()) {
        const outcome = await store.write({ entries: [one, good] });
        ok(outcome.status === "partial" && outcome.reason !== "", `case ${at}: ${JSON.stringify(outcome)}`);
        deepStrictEqual([outcome.accepted, outcome.rejected], [1, 1], `case ${at}`);
      }
      await store.flush();
      deepStrictEqual(await store.select({}, ALWAYS), [good]);
      equal((await store.stats()).rejectedSamples, bad.length);
    },
  ),
  onMetrics(
    "MET-6 I13 a family has a bounded number of series a day: the excess is refused and counted, the rest goes on",
    async (store) => {
      const many = Array.from({ length: LIMITS.metricSeriesPerFamily + 5 }, (_, at) =>
        values(gauge("bomb", { id: String(at) }), { 0: at }),
      );
      const outcome = await store.write({ entries: [...many, values(gauge("other"), { 0: 1 })] });
      deepStrictEqual(outcome, {
        status: "partial",
        accepted: LIMITS.metricSeriesPerFamily + 1,
        rejected: 5,
        reason: "too many series",
      });
      await put(store, values(gauge("bomb", { id: "3" }), { 5: 1 }));
      await put(store, values(gauge("bomb", { id: "new" }), { [-DAY_MS / 1_000]: 1 }));
      equal((await store.write({ entries: many.slice(-1) })).status, "partial");
      await store.flush();
      const { activeSeries, overflowedSeries, rejectedSamples, samples } = await store.stats();
      deepStrictEqual(
        { activeSeries, overflowedSeries, rejectedSamples, samples },
        { activeSeries: 10_001, overflowedSeries: 5, rejectedSamples: 6, samples: 10_003 },
      );
    },
  ),
  onMetrics("MET-7 a write that was aborted before it is taken leaves nothing", async (store) => {
    const reason = new Error("gone");
    await rejects(store.write({ entries: [values(gauge("g"), { 0: 1 })] }, AbortSignal.abort(reason)), reason);
    deepStrictEqual(await store.write({ entries: [] }), { status: "accepted", records: 0 });
    await store.flush();
    deepStrictEqual(await store.select({}, ALWAYS), []);
  }),
];
