/** PromQL, put together from the metric table: a family that is renamed there is renamed in every rule and panel. */
import type { MetricDefinition } from "@nexent/monitor-core";

/** Seconds as Prometheus writes them: `5m`, `1h`, `90s`. */
export function duration(seconds: number): string {
  for (const [unit, size] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
  ] as const) {
    if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** Sample name of a counter. */
export function total(family: MetricDefinition): string {
  return `${family.name}_total`;
}

/** Sample name of a histogram's observations. */
export function count(family: MetricDefinition): string {
  return `${family.name}_count`;
}

/** Sample name of a histogram's sum. */
export function sum(family: MetricDefinition): string {
  return `${family.name}_sum`;
}

/** Sample name of a histogram's buckets. */
export function bucket(family: MetricDefinition): string {
  return `${family.name}_bucket`;
}

/** Label matchers; both spellings of a bucket bound (`5` in Prometheus 2 for some sources, `5.0` otherwise). */
export function bound(value: number): string {
  return `le=~"${value}|${value}[.]0"`;
}

/** `sum by (labels) (inner)`, without labels plain `sum(inner)`. */
export function sumBy(labels: readonly string[], inner: string): string {
  return labels.length === 0 ? `sum(${inner})` : `sum by (${labels.join(", ")}) (${inner})`;
}

/** `histogram_quantile` over summed buckets; `range` is what stands in the brackets and behind them. */
export function quantileOf(quantile: number, { buckets, by, func = "rate", range }: QuantileOptions): string {
  return `histogram_quantile(${quantile}, ${sumBy(["le", ...by], `${func}(${buckets}${range})`)})`;
}

/** Options of {@link quantileOf}. */
export interface QuantileOptions {
  /** The bucket selector with its matchers. */
  readonly buckets: string;
  readonly by: readonly string[];
  readonly func?: "rate" | "increase";
  /** As `[5m]` or `[1h] offset 1d`. */
  readonly range: string;
}
