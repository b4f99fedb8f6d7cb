import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { createClockGuard } from "../clock-guard.ts";
import type { TimeRange } from "../contract.ts";
import { createAdmission, metricOutcome } from "../metric-admission.ts";
import type { MetricExemplar, MetricStore, SeriesFilter, SeriesSamples } from "../metric-contract.ts";
import { listMetadata, newestByKind } from "../metric-descriptions.ts";
import type { MetricStoreOptions } from "../metric-options.ts";
import { checkFound, checkMetricQuestion, checkSeriesFilter, samplesPerQueryOf } from "../metric-query-rules.ts";
import { compareExemplars, isEnd, toSeriesSamples, type TimedSample } from "../metric-samples.ts";
import { DAY_MS, dayOfMs, inSeriesOrder, millisOf, type SeriesIdentity } from "../metric-series.ts";
import { compareUtf8 } from "../utf8-order.ts";
import { createMetricDay, keepOnDay, purgeDay, type MetricDay } from "./metric-day.ts";
import { seriesMatcher } from "./metric-match.ts";

/** What a query found of a series. */
interface Found {
  readonly identity: SeriesIdentity;
  readonly samples: readonly TimedSample[];
  readonly exemplars: readonly MetricExemplar[];
}

/** A store of metric samples that keeps everything in memory: the clearest implementation of the contract. */
export function createMemoryMetricStore(options: MetricStoreOptions = {}): MetricStore {
  const now = options.now ?? Date.now;
  const clock = createClockGuard(now, options.monotonicMs ?? (() => performance.now()));
  const samplesPerQuery = samplesPerQueryOf(options.samplesPerQuery);
  const days = new Map<number, MetricDay>();
  const admission = createAdmission((day) => dayAt(day).admission);
  let closed = false;

  function dayAt(day: number): MetricDay {
    const stored = days.get(day) ?? createMetricDay();
    days.set(day, stored);
    return stored;
  }

  function ready(signal?: AbortSignal): void {
    signal?.throwIfAborted();
    if (closed) throw new MonitorError("STORE_UNAVAILABLE", "the store is closed");
  }

  function daysIn(fromMs: number, toMs: number): readonly MetricDay[] {
    const within = [...days].filter(([day]) => (day + 1) * DAY_MS > fromMs && day * DAY_MS < toMs);
    return within.sort(([a], [b]) => a - b).map(([, day]) => day);
  }

  /** Series with something in `from <= t < to`, in the order of answers. */
  function find(filter: SeriesFilter, fromMs: number, toMs: number): readonly Found[] {
    const matches = seriesMatcher(filter);
    const isIn = (timestampMs: number): boolean => timestampMs >= fromMs && timestampMs < toMs;
    const found = new Map<string, Found>();
    for (const { series } of daysIn(fromMs, toMs)) {
      for (const [key, stored] of series) {
        if (!matches(stored.identity)) continue;
        const before = found.get(key);
        const samples = [...stored.samples.values()].filter(({ sample }) => isIn(sample.timestampMs));
        const exemplars = [...stored.exemplars.values()].filter(({ timestampMs }) => isIn(timestampMs));
        found.set(key, {
          identity: stored.identity,
          samples: [...(before?.samples ?? []), ...samples.sort((a, b) => a.sample.timestampMs - b.sample.timestampMs)],
          exemplars: [...(before?.exemplars ?? []), ...exemplars.sort(compareExemplars)],
        });
      }
    }
    return inSeriesOrder(found.values());
  }

  /** Those of `find` that have a sample. */
  function findSampled(filter: SeriesFilter, range: TimeRange): readonly Found[] {
    checkMetricQuestion(filter, range);
    const { fromMs, toMs } = millisOf(range);
    return find(filter, fromMs, toMs).filter(({ samples }) => samples.length > 0);
  }

  function answer(
    found: readonly Found[],
    fromMs: number,
    toMs: number,
    limit: number = LIMITS.seriesPerQuery,
  ): readonly SeriesSamples[] {
    checkFound("series", found.length, limit);
    const describe = newestByKind(daysIn(fromMs, toMs).map(({ descriptions }) => descriptions.all));
    return found.map(({ identity, samples, exemplars }) =>
      toSeriesSamples(identity, describe(identity.family, identity.kind), samples, exemplars),
    );
  }

  return {
    async write(batch, signal) {
      signal?.throwIfAborted();
      if (closed) return { status: "rejected", error: new MonitorError("STORE_UNAVAILABLE", "the store is closed") };
      const checked = admission.check(batch, now());
      for (const entry of checked.entries) for (const day of daysOf(entry)) keepOnDay(dayAt(day), day, entry);
      return metricOutcome(checked);
    },

    async series(filter, range, signal, limit) {
      ready(signal);
      const { fromMs, toMs } = millisOf(range);
      return answer(findSampled(filter, range).slice(0, limit), fromMs, toMs, limit).map(({ series }) => series);
    },

    async select(filter, range, signal) {
      ready(signal);
      const found = findSampled(filter, range).map((one) => ({ ...one, exemplars: [] }));
      const count = found.reduce((sum, { samples }) => sum + samples.length, 0);
      checkFound("samples", count, samplesPerQuery);
      const { fromMs, toMs } = millisOf(range);
      return answer(found, fromMs, toMs);
    },

    async latest(filter, atMs, { lookbackMs = LIMITS.metricLookbackMs, signal } = {}) {
      ready(signal);
      checkSeriesFilter(filter);
      const [fromMs, toMs] = [Math.floor(atMs - lookbackMs) + 1, Math.floor(atMs) + 1];
      const newest = find(filter, fromMs, toMs).flatMap(({ identity, samples }) => {
        const last = samples.at(-1);
        return last === undefined || isEnd(last) ? [] : [{ identity, samples: [last], exemplars: [] }];
      });
      return answer(newest, fromMs, toMs);
    },

    async labelNames(filter, range, signal) {
      ready(signal);
      const names = findSampled(filter, range).flatMap(({ identity }) => Object.keys(identity.labels));
      return [...new Set(names)].sort(compareUtf8);
    },

    async labelValues(name, filter, range, signal) {
      ready(signal);
      const values = findSampled(filter, range).flatMap(({ identity: { labels } }) =>
        Object.hasOwn(labels, name) ? [labels[name] ?? ""] : [],
      );
      return [...new Set(values)].sort(compareUtf8);
    },

    async metadata(family) {
      ready();
      const since = now() - DAY_MS;
      const filter = family === undefined ? {} : { families: [family] };
      const [fromMs, toMs] = [family === undefined ? since : 0, Number.MAX_SAFE_INTEGER];
      const seen = new Set(
        find(filter, fromMs, toMs)
          .filter(({ samples }) => samples.length > 0)
          .map(({ identity }) => identity.family),
      );
      const descriptions = daysIn(fromMs, toMs).map(({ descriptions: { all } }) =>
        all.filter((one) => seen.has(one.family)),
      );
      return listMetadata(descriptions);
    },

    async exemplars(filter, range, signal) {
      ready(signal);
      checkMetricQuestion(filter, range);
      const { fromMs, toMs } = millisOf(range);
      const found = find(filter, fromMs, toMs).filter(({ exemplars }) => exemplars.length > 0);
      return answer(
        found.map((one) => ({ ...one, samples: [] })),
        fromMs,
        toMs,
      );
    },

    async stats() {
      ready();
      const stored = [...days.values()].flatMap(({ series }) => [...series.values()]);
      const times = stored.flatMap(({ samples }) => [...samples.keys()]).sort((a, b) => a - b);
      const [oldestMs, newestMs] = [times[0], times.at(-1)];
      const today = [...(days.get(dayOfMs(now()))?.series.values() ?? [])];
      return {
        samples: times.length,
        activeSeries: today.filter(({ samples }) => samples.size > 0).length,
        diskBytes: 0,
        ...(oldestMs === undefined ? {} : { oldestMs }),
        ...(newestMs === undefined ? {} : { newestMs }),
        ...admission.counters,
      };
    },

    quarantinedFiles: () => 0,

    async retain({ maxAgeDays }) {
      ready();
      if (!clock.confirm()) return { days: [], freedBytes: 0, held: "clock-jump" };
      if (maxAgeDays === undefined) return { days: [], freedBytes: 0 };
      const today = dayOfMs(now());
      const old = [...days.keys()].filter((day) => day < today && day + 1 + maxAgeDays <= now() / DAY_MS);
      const removed = old.filter((day) => (days.get(day)?.series.size ?? 0) > 0).sort((a, b) => a - b);
      for (const day of old) days.delete(day);
      const names = removed.map((day) => new Date(day * DAY_MS).toISOString().slice(0, 10));
      return { days: names, freedBytes: 0 };
    },

    async purge(selector) {
      ready();
      const range = "range" in selector ? selector.range : { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };
      checkMetricQuestion({}, range);
      const { fromMs, toMs } = millisOf(range);
      return { samples: daysIn(fromMs, toMs).reduce((sum, day) => sum + purgeDay(day, fromMs, toMs), 0) };
    },

    async verify() {
      ready();
      return [...days]
        .sort(([a], [b]) => a - b)
        .map(([day, { series }]) => ({
          day: new Date(day * DAY_MS).toISOString().slice(0, 10),
          samples: [...series.values()].reduce((sum, { samples }) => sum + samples.size, 0),
          bytes: 0,
        }));
    },

    async backUp() {
      ready();
      return [];
    },

    async flush() {
      ready();
    },

    async close() {
      closed = true;
      days.clear();
    },
  };
}

/** Days that an entry has something on. */
function daysOf({ scalars, histograms, summaries, exemplars, staleAtMs }: SeriesSamples): ReadonlySet<number> {
  const times = [...scalars, ...histograms, ...summaries, ...exemplars].map(({ timestampMs }) => timestampMs);
  return new Set([...times, ...staleAtMs].map(dayOfMs));
}
