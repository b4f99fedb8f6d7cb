import type { TimeRange } from "../contract.ts";
import type {
  HistogramSample,
  MetricExemplar,
  MetricSeries,
  MetricStore,
  ScalarSample,
  SeriesSamples,
  SummarySample,
} from "../metric-contract.ts";
import type { MetricStoreOptions } from "../metric-options.ts";

/** Opens an empty store of metric samples; the case closes it. */
export type OpenMetricStore = (options: MetricStoreOptions) => Promise<MetricStore>;

/** One case of the suite. */
export interface MetricCase {
  readonly title: string;
  run(open: OpenMetricStore): Promise<void>;
}

/** 2026-11-24 10:00 UTC, the wall clock of every case. */
export const NOW_MS = Date.UTC(2026, 10, 24, 10);
export const SECOND_MS = 1_000;
export const DAY_MS = 86_400_000;
export const ALWAYS: TimeRange = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };

/** `from <= t < to` */
export function rangeOf(fromMs: number, toMs: number): TimeRange {
  return { fromUnixNanos: BigInt(fromMs) * 1_000_000n, toUnixNanos: BigInt(toMs) * 1_000_000n };
}

export function gauge(family: string, labels: Record<string, string> = {}): MetricSeries {
  return { family, type: "gauge", labels };
}

/** An entry with some samples. */
export function entry(series: MetricSeries, samples: Partial<Omit<SeriesSamples, "series">>): SeriesSamples {
  return { series, scalars: [], histograms: [], summaries: [], exemplars: [], staleAtMs: [], ...samples };
}

/** A gauge with values that many seconds after `NOW_MS`. */
export function values(series: MetricSeries, bySecond: Readonly<Record<string, number>>): SeriesSamples {
  const scalars: ScalarSample[] = Object.entries(bySecond).map(([second, value]) => ({
    timestampMs: NOW_MS + Number(second) * SECOND_MS,
    value,
  }));
  return entry(series, { scalars: scalars.sort((a, b) => a.timestampMs - b.timestampMs) });
}

export const HISTOGRAM: MetricSeries = {
  family: "ttft_seconds",
  type: "histogram",
  unit: "seconds",
  help: "Time to first token.",
  labels: { model: "m" },
};

export function histogramAt(timestampMs: number, more: Partial<HistogramSample> = {}): HistogramSample {
  return { timestampMs, count: 5, sum: 3.25, bounds: [0.1, 1], buckets: [1, 4, 5], ...more };
}

export const SUMMARY: MetricSeries = { family: "gc_seconds", type: "summary", labels: {} };

export function summaryAt(timestampMs: number, more: Partial<SummarySample> = {}): SummarySample {
  return { timestampMs, count: 2, sum: 0.5, quantiles: [{ quantile: 0.5, value: 0.25 }], ...more };
}

export function exemplarAt(timestampMs: number, more: Partial<MetricExemplar> = {}): MetricExemplar {
  return { timestampMs, value: 0.5, traceId: "0af7651916cd43dd8448eb211c80319c", labels: {}, ...more };
}

/** A case that works on an empty store at `NOW_MS`. */
export function onMetrics(
  title: string,
  work: (store: MetricStore) => Promise<void>,
  options: MetricStoreOptions = {},
): MetricCase {
  return {
    title,
    async run(open) {
      const store = await open({ now: () => NOW_MS, ...options });
      try {
        await work(store);
      } finally {
        await store.close();
      }
    },
  };
}

/** Writes entries and waits until they are visible. */
export async function put(store: MetricStore, ...entries: readonly SeriesSamples[]): Promise<void> {
  const outcome = await store.write({ entries });
  if (outcome.status !== "accepted") throw new Error(`not accepted: ${JSON.stringify(outcome)}`);
  await store.flush();
}
