/** The expressions of the dashboard (dashboard contract 14.2), over the dashboard's variables. */
import { METRICS, type MetricDefinition } from "@nexent/monitor-core";
import { bound, bucket, count, quantileOf, sum, sumBy, total } from "./promql.ts";

/** The filter of every LLM query. */
export const FILTER = 'model=~"$model",operation=~"$operation",provider=~"$provider"';

/** Over which time a value is computed: around each point of a line, or once over the whole range. */
export type Over = "interval" | "range";

const DURATION = METRICS.llmRequestDurationSeconds;
const TTFT = METRICS.llmTimeToFirstTokenSeconds;

function per(over: Over, selector: string): string {
  return over === "interval" ? `rate(${selector}[$__rate_interval])` : `increase(${selector}[$__range])`;
}

function filtered(name: string, more = ""): string {
  return `${name}{${FILTER}${more === "" ? "" : `,${more}`}}`;
}

/** A quantile of a histogram. */
export function quantile(
  q: number,
  family: MetricDefinition,
  by: readonly string[] = [],
  over: Over = "interval",
): string {
  const [func, range] =
    over === "interval" ? (["rate", "[$__rate_interval]"] as const) : (["increase", "[$__range]"] as const);
  return quantileOf(q, { buckets: filtered(bucket(family)), by, func, range });
}

/** Observations of a histogram; of the duration these are the requests. */
export function observations(
  family: MetricDefinition = DURATION,
  by: readonly string[] = [],
  over: Over = "interval",
  matchers = "",
): string {
  return sumBy(by, per(over, filtered(count(family), matchers)));
}

/** Observations at or below a bucket bound. */
export function atMost(limit: number, family: MetricDefinition, by: readonly string[] = [], matchers = ""): string {
  const more = matchers === "" ? bound(limit) : `${matchers},${bound(limit)}`;
  return sumBy(by, per("interval", filtered(bucket(family), more)));
}

/** Summed value of a histogram. */
export function summed(
  family: MetricDefinition,
  by: readonly string[] = [],
  over: Over = "interval",
  matchers = "",
): string {
  return sumBy(by, per(over, filtered(sum(family), matchers)));
}

/** A counter. */
export function counted(
  family: MetricDefinition,
  by: readonly string[] = [],
  over: Over = "interval",
  matchers = "",
): string {
  return sumBy(by, per(over, filtered(total(family), matchers)));
}

/** Tokens of one direction. */
export function tokens(type: "input" | "output", by: readonly string[] = [], over: Over = "interval"): string {
  return counted(METRICS.llmTotalTokens, by, over, `type="${type}"`);
}

/** Share of failed requests; zero where there were requests and no error, absent where there were none. */
export function errorRatio(by: readonly string[], over: Over = "interval"): string {
  const requests = observations(DURATION, by, over);
  return `(${counted(METRICS.llmErrorCount, by, over)} or ${requests} * 0) / (${requests} > 0)`;
}

/** Buckets of a histogram as a heatmap wants them. */
export function heat(family: MetricDefinition): string {
  return `sum by (le) (increase(${filtered(bucket(family))}[$__rate_interval]))`;
}

/** A gauge. */
export function gauge(family: MetricDefinition, by: readonly string[]): string {
  return sumBy(by, filtered(family.name));
}

/** TTFT P95 of the last hour against the same hour yesterday; 0 = equal. */
export function ttftAgainstYesterday(): string {
  const buckets = filtered(bucket(TTFT));
  const now = quantileOf(0.95, { buckets, by: ["model"], range: "[1h]" });
  const then = quantileOf(0.95, { buckets, by: ["model"], range: "[1h] offset 1d" });
  return `${now} / ${then} - 1`;
}
