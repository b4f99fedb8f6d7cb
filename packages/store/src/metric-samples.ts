import {
  isStaleMarker,
  STALE_MARKER,
  type FamilyMetadata,
  type HistogramSample,
  type MetricExemplar,
  type ScalarSample,
  type SeriesSamples,
  type SummarySample,
} from "./metric-contract.ts";
import { compareUtf8 } from "./utf8-order.ts";
import type { SampleKind, SeriesIdentity } from "./metric-series.ts";

/** What a series has at a time. */
export type TimedSample =
  | { readonly kind: "scalar"; readonly sample: ScalarSample }
  | { readonly kind: "histogram"; readonly sample: HistogramSample }
  | { readonly kind: "summary"; readonly sample: SummarySample }
  | { readonly kind: "stale"; readonly sample: { readonly timestampMs: number } };

/** The samples of an entry one by one, each kind in the order in which it came; the end of a scalar series is a value. */
export function samplesOf(entry: Omit<SeriesSamples, "series">, kind: SampleKind): readonly TimedSample[] {
  return [
    ...entry.scalars.map((sample) => ({ kind: "scalar" as const, sample })),
    ...entry.histograms.map((sample) => ({ kind: "histogram" as const, sample })),
    ...entry.summaries.map((sample) => ({ kind: "summary" as const, sample })),
    ...entry.staleAtMs.map((timestampMs) =>
      kind === "scalar"
        ? { kind: "scalar" as const, sample: { timestampMs, value: STALE_MARKER } }
        : { kind: "stale" as const, sample: { timestampMs } },
    ),
  ];
}

/** Whether a sample says that the series ended. */
export function isEnd({ kind, sample }: TimedSample): boolean {
  return kind === "stale" || (kind === "scalar" && isStaleMarker(sample.value));
}

/** Samples in the form of an answer; they come in time order. */
export function toSeriesSamples(
  identity: SeriesIdentity,
  description: FamilyMetadata,
  samples: readonly TimedSample[],
  exemplars: readonly MetricExemplar[] = [],
): SeriesSamples {
  return {
    series: { ...description, family: identity.family, labels: identity.labels },
    scalars: samples.flatMap((one) => (one.kind === "scalar" ? one.sample : [])),
    histograms: samples.flatMap((one) => (one.kind === "histogram" ? one.sample : [])),
    summaries: samples.flatMap((one) => (one.kind === "summary" ? one.sample : [])),
    staleAtMs: samples.flatMap((one) => (one.kind === "stale" ? one.sample.timestampMs : [])),
    exemplars,
  };
}

/** What makes an exemplar itself within its series. */
export function exemplarKey({ timestampMs, value, traceId = "", spanId = "" }: MetricExemplar): string {
  return [timestampMs, value, traceId, spanId].join(" ");
}

/** By time; ties by value and ids, so that the order of arrival does not show. */
export function compareExemplars(a: MetricExemplar, b: MetricExemplar): number {
  return a.timestampMs - b.timestampMs || compareUtf8(exemplarKey(a), exemplarKey(b));
}
