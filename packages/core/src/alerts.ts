/**
 * Alert presets as data (dashboard contract 14.4): one definition for every evaluator. `npm run generate` writes the
 * Prometheus rule file of the Docker stack from it. Shares are 0 to 1, times are seconds, rates tokens per second.
 */
import type { MetricDefinition } from "./metrics/registry-contract.ts";
import { METRICS } from "./names/metrics.ts";

/** Labels an alert keeps apart. */
export type AlertLabel = "model" | "provider" | "job";

/** What is compared, over the window of the alert. */
export type AlertCondition =
  | {
      readonly kind: "ratio";
      readonly numerator: MetricDefinition;
      /** A histogram; its observations are the requests. */
      readonly denominator: MetricDefinition;
      readonly above: number;
    }
  | { readonly kind: "quantile"; readonly family: MetricDefinition; readonly quantile: number; readonly above: number }
  | { readonly kind: "quantile"; readonly family: MetricDefinition; readonly quantile: number; readonly below: number }
  | {
      readonly kind: "regression";
      readonly family: MetricDefinition;
      readonly quantile: number;
      /** Fires above this multiple of the baseline. */
      readonly factor: number;
      readonly baselineSeconds: number;
      /** How long ago the baseline was. */
      readonly offsetSeconds: number;
    }
  | {
      readonly kind: "silence";
      readonly family: MetricDefinition;
      /** Age of the last sample that is silence. */
      readonly aboveSeconds: number;
    };

/** One alert. */
export interface AlertDefinition {
  /** Value of the label `alertname`. */
  readonly name: string;
  readonly condition: AlertCondition;
  readonly by: readonly AlertLabel[];
  /** Over which time the condition is computed. */
  readonly windowSeconds: number;
  /** Fewer requests in the window than this are "not enough data", never an alert; 0 = no such rule. */
  readonly minimumRequests: number;
  /** How long the condition must hold. */
  readonly forSeconds: number;
  readonly severity: "warning" | "critical";
  /** One line; `{{ $labels.x }}` and `{{ $value }}` as in Prometheus. */
  readonly summary: string;
  /** What to look at first. */
  readonly remedy: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The presets: the three typical problems first. 5 tokens/s and 10 s are bucket bounds, so nothing is interpolated. */
export const ALERTS: readonly AlertDefinition[] = [
  {
    name: "LLMErrorRatioHigh",
    condition: {
      kind: "ratio",
      numerator: METRICS.llmErrorCount,
      denominator: METRICS.llmRequestDurationSeconds,
      above: 0.1,
    },
    by: ["model", "provider"],
    windowSeconds: 5 * MINUTE,
    minimumRequests: 20,
    forSeconds: 2 * MINUTE,
    severity: "critical",
    summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.model }} fail",
    remedy: "Panel `Errors per minute by type` names the kind; open failed traces in Jaeger with the tag error=true.",
  },
  {
    name: "LLMTokenRateSlow",
    condition: { kind: "quantile", family: METRICS.llmTokenGenerationRate, quantile: 0.5, below: 5 },
    by: ["model", "provider"],
    windowSeconds: 5 * MINUTE,
    minimumRequests: 10,
    forSeconds: 5 * MINUTE,
    severity: "warning",
    summary: "half of the answers of {{ $labels.model }} are slower than 5 tokens/s",
    remedy:
      "Slow while few requests run: the model or its hardware. Slow only under load: batching, or too many streams per replica.",
  },
  {
    name: "LLMRequestSlow",
    condition: { kind: "quantile", family: METRICS.llmRequestDurationSeconds, quantile: 0.95, above: 10 },
    by: ["model", "provider"],
    windowSeconds: 5 * MINUTE,
    minimumRequests: 10,
    forSeconds: 5 * MINUTE,
    severity: "warning",
    summary: "5 % of the requests to {{ $labels.model }} take {{ $value | humanizeDuration }} or more",
    remedy:
      "`Wait share` high: queue or prefill. Low: long answers or a slow decode; compare with `Output tokens per request`.",
  },
  {
    name: "LLMTtftRegression",
    condition: {
      kind: "regression",
      family: METRICS.llmTimeToFirstTokenSeconds,
      quantile: 0.95,
      factor: 1.5,
      baselineSeconds: HOUR,
      offsetSeconds: DAY,
    },
    by: ["model"],
    windowSeconds: 15 * MINUTE,
    minimumRequests: 30,
    forSeconds: 10 * MINUTE,
    severity: "warning",
    summary:
      "time to first token of {{ $labels.model }} is {{ $value | humanizeDuration }}, half as much again as yesterday",
    remedy: "Longer prompts (`Input per output token`), a fuller queue, or a changed model or replica count.",
  },
  {
    name: "LLMTelemetrySilent",
    condition: { kind: "silence", family: METRICS.llmRequestDurationSeconds, aboveSeconds: 5 * MINUTE },
    by: ["job"],
    windowSeconds: 6 * HOUR,
    minimumRequests: 0,
    forSeconds: 5 * MINUTE,
    severity: "critical",
    summary: "no LLM metrics from {{ $labels.job }} for {{ $value | humanizeDuration }}",
    remedy: "Is the target up (Prometheus > Status > Targets)? Is ENABLE_TELEMETRY=true in that process?",
  },
];
