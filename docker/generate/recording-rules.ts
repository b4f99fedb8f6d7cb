/**
 * Recording rules that make the five metric names answer as typed (ADR 0030). On `/metrics` they are families: a
 * histogram has no sample of its own name, a counter's sample ends in `_total`.
 */
import { METRICS, type MetricDefinition } from "@nexent/monitor-core";
import { bucket, count, quantileOf, sum, total } from "./promql.ts";
import type { Rule } from "./rule-file.ts";

const BY = ["model", "operation", "provider"];
const RECENT = "5m";

/** The median of the last minutes, and of everything since the process started: the second answers after one request. */
function medians(family: MetricDefinition): Rule[] {
  const buckets = bucket(family);
  const all = `histogram_quantile(0.5, sum by (le, ${BY.join(", ")}) (${buckets}))`;
  return [
    {
      record: family.name,
      // A quantile of no observations is NaN; NaN >= 0 is false, so an unknown value is absent.
      expr: `${quantileOf(0.5, { buckets, by: BY, range: `[${RECENT}]` })} >= 0`,
      labels: { quantile: "0.5", window: RECENT },
    },
    { record: family.name, expr: `${all} >= 0`, labels: { quantile: "0.5", window: "all" } },
  ];
}

/** The rules, in the order of the metric table. */
export function recordingRules(): Rule[] {
  return [
    ...medians(METRICS.llmTokenGenerationRate),
    ...medians(METRICS.llmTimeToFirstTokenSeconds),
    ...medians(METRICS.llmRequestDurationSeconds),
    { record: METRICS.llmTotalTokens.name, expr: total(METRICS.llmTotalTokens) },
    { record: METRICS.llmErrorCount.name, expr: total(METRICS.llmErrorCount) },
    {
      record: "llm:requests_in_flight:mean5m",
      expr: `sum by (${BY.join(", ")}) (rate(${sum(METRICS.llmRequestDurationSeconds)}[${RECENT}]))`,
    },
    {
      record: "llm:error_ratio:rate5m",
      expr:
        `(sum by (${BY.join(", ")}) (rate(${total(METRICS.llmErrorCount)}[${RECENT}]))\n` +
        `  or sum by (${BY.join(", ")}) (rate(${count(METRICS.llmRequestDurationSeconds)}[${RECENT}])) * 0)\n` +
        `/ (sum by (${BY.join(", ")}) (rate(${count(METRICS.llmRequestDurationSeconds)}[${RECENT}])) > 0)`,
    },
  ];
}
