/**
 * The one place where families become the series that Prometheus shows: `_total` of a counter, `_bucket`, `_sum` and
 * `_count` of a histogram, quantiles of a summary. The store keeps families.
 */
import type { HistogramSample, MetricSeries, ScalarSample, SummarySample } from "@nexent/monitor-store";
import { boundText } from "./number-text.ts";

/** A name under which a family has samples, and the label that sets several of them apart. */
export interface SampleName {
  readonly name: string;
  readonly boundLabel?: "le" | "quantile";
}

/** A value of one sample under one of its names. */
export interface NamedValue extends SampleName {
  /** Value of `boundLabel`. */
  readonly bound?: string;
  readonly value: number;
}

/** A sample of any type. */
export type Sample = ScalarSample | HistogramSample | SummarySample;

const SUFFIXES = ["_total", "_info", "_bucket", "_sum", "_count"] as const;

/** Every name that a family of this type has samples under. */
export function sampleNamesOf({ family, type }: Pick<MetricSeries, "family" | "type">): readonly SampleName[] {
  if (type === "histogram") {
    return [{ name: `${family}_bucket`, boundLabel: "le" }, { name: `${family}_count` }, { name: `${family}_sum` }];
  }
  if (type === "summary") {
    return [{ name: family, boundLabel: "quantile" }, { name: `${family}_count` }, { name: `${family}_sum` }];
  }
  return [{ name: scalarNameOf({ family, type }) }];
}

/** Families that may have samples under a name. */
export function familiesOf(name: string): readonly string[] {
  return [name, ...SUFFIXES.filter((suffix) => name.endsWith(suffix)).map((suffix) => name.slice(0, -suffix.length))];
}

/** The name under which metadata of a family is asked: that of its samples, of a histogram and a summary the family. */
export function metadataNameOf(family: Pick<MetricSeries, "family" | "type">): string {
  return family.type === "histogram" || family.type === "summary" ? family.family : scalarNameOf(family);
}

/** What a sample shows under each of its names. */
export function valuesOf(series: Pick<MetricSeries, "family" | "type">, sample: Sample): readonly NamedValue[] {
  const { family } = series;
  if ("buckets" in sample) {
    return [
      ...sample.buckets.map((value, at) => ({
        name: `${family}_bucket`,
        boundLabel: "le" as const,
        bound: boundText(sample.bounds[at] ?? Number.POSITIVE_INFINITY),
        value,
      })),
      ...totalsOf(family, sample),
    ];
  }
  if ("quantiles" in sample) {
    return [
      ...sample.quantiles.map(({ quantile, value }) => ({
        name: family,
        boundLabel: "quantile" as const,
        bound: boundText(quantile),
        value,
      })),
      ...totalsOf(family, sample),
    ];
  }
  return [{ name: scalarNameOf(series), value: sample.value }];
}

/** The bucket that a value was counted in, as the value of `le`. */
export function bucketOf(bounds: readonly number[], value: number): string {
  return boundText(bounds.find((bound) => value <= bound) ?? Number.POSITIVE_INFINITY);
}

function totalsOf(family: string, { count, sum }: HistogramSample | SummarySample): readonly NamedValue[] {
  return [
    { name: `${family}_count`, value: count },
    ...(sum === undefined ? [] : [{ name: `${family}_sum`, value: sum }]),
  ];
}

function scalarNameOf({ family, type }: Pick<MetricSeries, "family" | "type">): string {
  const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
  return family.endsWith(suffix) ? family : family + suffix;
}
