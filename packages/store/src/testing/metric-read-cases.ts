import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { STALE_MARKER, type LabelMatcher, type MetricStore, type SeriesSamples } from "../metric-contract.ts";
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
  SUMMARY,
  summaryAt,
  values,
  type MetricCase,
} from "./metric-case.ts";
import { refusesWith } from "./store-case.ts";

async function idsOf(store: MetricStore, ...matchers: readonly LabelMatcher[]): Promise<string> {
  return (await store.series({ matchers }, ALWAYS))
    .map(({ labels }) => labels["id"])
    .sort((a = "", b = "") => (a < b ? -1 : 1))
    .join("");
}

function familiesOf(found: readonly SeriesSamples[]): string {
  return found.map(({ series }) => series.family).join(" ");
}

/** Rules of asking for metric samples. */
export const METRIC_READ_CASES: readonly MetricCase[] = [
  onMetrics(
    "MET-8 a filter joins families by OR and conditions by AND; an absent label is empty; patterns are RE2 and anchored",
    async (store) => {
      const labels = [{ a: "x" }, { a: "xy" }, { a: "X\ny" }, { b: "x" }, { a: "'; DROP TABLE series; --" }];
      await put(store, ...labels.map((more, id) => values(gauge("g", { id: String(id), ...more }), { 0: id })));
      const cases: readonly (readonly [LabelMatcher["op"], string, string])[] = [
        ["=", "x", "0"],
        ["=", "", "3"],
        ["!=", "x", "1234"],
        ["!=", "", "0124"],
        ["=~", "x", "0"],
        ["=~", "x.?", "01"],
        ["=~", "x|", "03"],
        ["=~", "(?i)x.y", "2"],
        ["=~", ".*", "01234"],
        ["=~", ".+", "0124"],
        ["!~", "x.*", "234"],
        ["!~", "", "0124"],
        ["=", "'; DROP TABLE series; --", "4"],
      ];
      for (const [op, value, expected] of cases)
        equal(await idsOf(store, { name: "a", op, value }), expected, `a${op}"${value}"`);
      equal(await idsOf(store, { name: "a", op: "=~", value: "x.*" }, { name: "id", op: "!=", value: "0" }), "1");
      await put(store, values(gauge("h"), { 0: 1 }), values(gauge("i"), { 0: 1 }));
      equal(familiesOf(await store.select({ families: ["i", "h", "none"] }, ALWAYS)), "h i");
      deepStrictEqual(await store.select({ families: [] }, ALWAYS), []);
    },
  ),
  onMetrics(
    "MET-9 a range is half-open, reaches over days, and answers in time order by family and labels",
    async (store) => {
      const times = [-DAY_MS, -DAY_MS + 1, -1, 0, 1].map((offset) => NOW_MS + offset);
      for (const timestampMs of times.toReversed())
        await put(store, entry(gauge("g", { a: "b" }), { scalars: [{ timestampMs, value: timestampMs }] }));
      await put(
        store,
        values(gauge("g", { a: "a", z: "z" }), { 0: 1 }),
        values(gauge("g"), { 0: 1 }),
        values(gauge("é"), { 0: 1 }),
        values(gauge("Z"), { 0: 1 }),
      );
      const of = async (from: number, to: number) =>
        (
          await store.select({ matchers: [{ name: "a", op: "=", value: "b" }] }, rangeOf(NOW_MS + from, NOW_MS + to))
        ).flatMap(({ scalars }) => scalars.map(({ timestampMs }) => timestampMs - NOW_MS));
      deepStrictEqual(await of(-DAY_MS, 1), [-DAY_MS, -DAY_MS + 1, -1, 0]);
      deepStrictEqual(await of(-DAY_MS + 1, 2), [-DAY_MS + 1, -1, 0, 1]);
      deepStrictEqual(await of(2, 100), []);
      deepStrictEqual(
        (await store.series({}, ALWAYS)).map(({ family, labels }) => [family, ...Object.values(labels)].join(" ")),
        ["Z", "g", "g a z", "g b", "é"],
      );
    },
  ),
  onMetrics("MET-10 the latest sample is neither stale nor too old, of every kind of series", async (store) => {
    await put(
      store,
      values(gauge("a"), { "-400": 1, "-300": 2, 0: 3, 10: 4 }),
      values(gauge("b"), { "-300": 1 }),
      values(gauge("c"), { "-20": 1, "-10": STALE_MARKER, 20: 2 }),
      values(gauge("d"), { "-20": Number.NaN }),
      entry(HISTOGRAM, {
        histograms: [histogramAt(NOW_MS - 10), histogramAt(NOW_MS - 5, { sum: 9 })],
        staleAtMs: [NOW_MS + 5],
      }),
      entry(SUMMARY, { summaries: [summaryAt(NOW_MS - 10)], staleAtMs: [NOW_MS - 5] }),
    );
    deepStrictEqual(await store.latest({}, NOW_MS), [
      values(gauge("a"), { 0: 3 }),
      values(gauge("d"), { "-20": Number.NaN }),
      entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS - 5, { sum: 9 })] }),
    ]);
    equal(familiesOf(await store.latest({}, NOW_MS - 1)), "a b d ttft_seconds");
    equal(familiesOf(await store.latest({}, NOW_MS + 20_000)), "a c d");
    equal(familiesOf(await store.latest({}, NOW_MS + 20_000, { lookbackMs: 20_000 })), "a c");
    equal(familiesOf(await store.latest({ families: ["a"] }, NOW_MS - 300_000)), "a");
  }),
  onMetrics("MET-11 label names and values in use, in UTF-8 order", async (store) => {
    await put(
      store,
      values(gauge("g", { b: "2", a: "é" }), { 0: 1 }),
      values(gauge("h", { a: "z", A: "x" }), { 10: 1 }),
    );
    deepStrictEqual(await store.labelNames({}, ALWAYS), ["A", "a", "b"]);
    deepStrictEqual(await store.labelValues("a", {}, ALWAYS), ["z", "é"]);
    deepStrictEqual(await store.labelValues("a", { families: ["g"] }, ALWAYS), ["é"]);
    deepStrictEqual(await store.labelValues("none", {}, ALWAYS), []);
    deepStrictEqual(await store.labelNames({}, rangeOf(NOW_MS, NOW_MS + 1)), ["a", "b"]);
  }),
  onMetrics(
    "MET-12 metadata of families seen in the last 24 h, or of one; the newest first, with its newest help",
    async (store) => {
      const described = { ...HISTOGRAM, help: "New." };
      const old = { ...gauge("old"), help: "Old." };
      await put(
        store,
        entry(HISTOGRAM, { histograms: [histogramAt(NOW_MS - DAY_MS)] }),
        entry(described, { histograms: [histogramAt(NOW_MS)] }),
        values({ ...gauge("g"), help: "Gauge." }, { 0: 1 }),
        values({ ...gauge("g"), type: "counter", unit: "bytes" }, { 1: 1 }),
        entry(old, { scalars: [{ timestampMs: NOW_MS - DAY_MS - 1, value: 1 }] }),
      );
      const g = [
        { family: "g", type: "counter", unit: "bytes" },
        { family: "g", type: "gauge", help: "Gauge." },
      ];
      const histogram = { family: "ttft_seconds", type: "histogram", unit: "seconds", help: "New." };
      deepStrictEqual(await store.metadata(), [...g, histogram]);
      deepStrictEqual(await store.metadata("old"), [{ family: "old", type: "gauge", help: "Old." }]);
      deepStrictEqual(await store.metadata("none"), []);
      deepStrictEqual((await store.series({ families: ["g"] }, ALWAYS))[0], {
        family: "g",
        type: "counter",
        unit: "bytes",
        help: "Gauge.",
        labels: {},
      });
    },
  ),
  onMetrics("MET-13 exemplars come in time order, once each, at most 100 a minute and family", async (store) => {
    const exemplars = [
      exemplarAt(NOW_MS, { spanId: "00f067aa0ba902b7", labels: { user: "é" } }),
      exemplarAt(NOW_MS, { value: 0.75 }),
      exemplarAt(NOW_MS + 1, { value: Infinity }),
    ];
    await put(store, entry(HISTOGRAM, { exemplars: exemplars.toReversed(), histograms: [histogramAt(NOW_MS)] }));
    await put(store, entry(HISTOGRAM, { exemplars, histograms: [histogramAt(NOW_MS + 1)] }));
    await put(store, entry(HISTOGRAM, { exemplars: [exemplarAt(NOW_MS, { traceId: "bad" })] }));
    deepStrictEqual(await store.exemplars({}, ALWAYS), [entry(HISTOGRAM, { exemplars })]);
    deepStrictEqual(await store.exemplars({}, rangeOf(NOW_MS + 1, NOW_MS + 2)), [
      entry(HISTOGRAM, { exemplars: exemplars.slice(2) }),
    ]);
    const flood = Array.from({ length: 150 }, (_, at) => exemplarAt(NOW_MS + at, { value: at }));
    await put(
      store,
      entry(gauge("g", { a: "1" }), { exemplars: flood }),
      entry(gauge("g", { a: "2" }), { exemplars: flood }),
    );
    deepStrictEqual(
      (await store.exemplars({ families: ["g"] }, ALWAYS)).map((one) => one.exemplars.length),
      [100],
    );
    equal(familiesOf(await store.select({ families: ["g"] }, ALWAYS)), "");
  }),
  onMetrics(
    "MET-14 a query that is wrong or finds too much is refused, never cut",
    async (store) => {
      await put(store, values(gauge("g"), { 0: 1, 1: 2, 2: 3 }));
      equal((await store.select({}, rangeOf(NOW_MS, NOW_MS + 2_000)))[0]?.scalars.length, 2);
      await refusesWith("QUERY_INVALID", store.select({}, ALWAYS));
      await refusesWith("QUERY_INVALID", store.select({}, { fromUnixNanos: 2n, toUnixNanos: 1n }));
      for (const value of ["(", "(?=x)", "\\1", "[z-a]"])
        await refusesWith("QUERY_INVALID", store.series({ matchers: [{ name: "a", op: "=~", value }] }, ALWAYS));
      await refusesWith(
        "QUERY_INVALID",
        store.series({ matchers: [{ name: "a", op: "=", value: "x".repeat(20_000) }] }, ALWAYS),
      );
    },
    { samplesPerQuery: 2 },
  ),
  onMetrics("MET-32 a list of series can have a limit, which cuts instead of refusing", async (store) => {
    const ids = Array.from({ length: 5 }, (_, at) => String(at));
    await put(store, ...ids.map((id) => values(gauge("g", { id }), { 0: 1, [-DAY_MS / 1_000]: 1 })));
    equal((await store.series({}, ALWAYS, undefined, 6)).length, 5);
    equal((await store.series({}, ALWAYS, undefined, 3)).length, 3);
    equal((await store.series({ matchers: [{ name: "id", op: "=", value: "4" }] }, ALWAYS, undefined, 3)).length, 1);
  }),
  onMetrics("MET-15 a query that was aborted throws the reason of its signal", async (store) => {
    await put(store, values(gauge("g"), { 0: 1 }));
    const reason = new Error("gone");
    const signal = AbortSignal.abort(reason);
    await rejects(store.select({}, ALWAYS, signal), reason);
    await rejects(store.series({}, ALWAYS, signal), reason);
    await rejects(store.latest({}, NOW_MS, { signal }), reason);
    await rejects(store.labelNames({}, ALWAYS, signal), reason);
    await rejects(store.labelValues("a", {}, ALWAYS, signal), reason);
    await rejects(store.exemplars({}, ALWAYS, signal), reason);
  }),
];
