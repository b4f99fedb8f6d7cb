/** Alert definitions -> PromQL. */
import type { AlertCondition, AlertDefinition } from "@nexent/monitor-core";
import { bucket, count, duration, quantileOf, sumBy, total } from "./promql.ts";
import type { Rule } from "./rule-file.ts";

/** Sub-query step of the silence alert: a plain `timestamp()` cannot see past the look-back of five minutes. */
const SILENCE_STEP = "1m";

/** What must be true, without the clause about traffic. */
function comparison(condition: AlertCondition, by: readonly string[], window: string): string {
  switch (condition.kind) {
    case "ratio":
      return (
        `${sumBy(by, `rate(${total(condition.numerator)}[${window}])`)}\n` +
        `  / ${sumBy(by, `rate(${count(condition.denominator)}[${window}])`)} > ${condition.above}`
      );
    case "quantile": {
      const value = quantileOf(condition.quantile, { buckets: bucket(condition.family), by, range: `[${window}]` });
      return "above" in condition ? `${value} > ${condition.above}` : `${value} < ${condition.below}`;
    }
    case "regression": {
      const buckets = bucket(condition.family);
      const baseline = `[${duration(condition.baselineSeconds)}] offset ${duration(condition.offsetSeconds)}`;
      return (
        `${quantileOf(condition.quantile, { buckets, by, range: `[${window}]` })}\n` +
        `  > ${condition.factor} * ${quantileOf(condition.quantile, { buckets, by, range: baseline })}`
      );
    }
    case "silence":
      return (
        `time() - max by (${by.join(", ")}) (max_over_time(timestamp(${count(condition.family)})` +
        `[${window}:${SILENCE_STEP}])) > ${condition.aboveSeconds}`
      );
  }
}

/** The histogram whose observations are the requests of a condition; undefined when traffic plays no part. */
function requestsOf(condition: AlertCondition): string | undefined {
  if (condition.kind === "silence") return undefined;
  return count(condition.kind === "ratio" ? condition.denominator : condition.family);
}

/** One alert as a rule of a Prometheus rule file. */
export function alertRule(alert: AlertDefinition): Rule {
  const window = duration(alert.windowSeconds);
  const requests = requestsOf(alert.condition);
  const enough =
    requests === undefined || alert.minimumRequests === 0
      ? ""
      : `\nand ${sumBy(alert.by, `increase(${requests}[${window}])`)} >= ${alert.minimumRequests}`;
  return {
    alert: alert.name,
    expr: `${comparison(alert.condition, alert.by, window)}${enough}`,
    for: duration(alert.forSeconds),
    labels: { severity: alert.severity },
    annotations: { summary: alert.summary, description: alert.remedy },
  };
}
