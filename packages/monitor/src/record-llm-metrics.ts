import {
  ERROR_TYPES,
  METRICS,
  OUTCOMES,
  type ErrorType,
  type MetricRegistry,
  type Outcome,
} from "@nexent/monitor-core";
import { givenOptions } from "./given-options.ts";
import { manager } from "./manager.ts";
import { UNKNOWN } from "./recording/span-attributes.ts";

/** The five base families by their short names. */
export type LlmMetric = "ttft" | "token_rate" | "tokens" | "duration" | "error";

/** Labels of the base families; each family takes those it has, and no others. */
export interface LlmLabels {
  /** As requested; default `unknown`. */
  readonly model?: string;
  /** Default `llm_completion`. */
  readonly operation?: string;
  /** Default `unknown`. */
  readonly provider?: string;
  /** `token_rate` and `tokens`: the count was not the provider's. Default false. */
  readonly estimated?: boolean;
  /** `tokens`; default `output`. */
  readonly type?: "input" | "output";
  /** `duration`; default false. */
  readonly stream?: boolean;
  /** `duration`; default `ok`. */
  readonly outcome?: Outcome;
  /** `error`; default `unknown`, which also stands for anything that is not on the list. */
  readonly error_type?: ErrorType;
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" && value !== "" ? value : otherwise;
}

/** A value of a closed list; a label must not grow beyond it. */
function listed<const Value extends string>(value: unknown, list: readonly Value[], otherwise: Value): Value {
  return list.find((one) => one === value) ?? otherwise;
}

function record(registry: MetricRegistry, metric: LlmMetric, value: number, labels: LlmLabels): void {
  const base = {
    model: textOf(labels.model, UNKNOWN),
    operation: textOf(labels.operation, "llm_completion"),
    provider: textOf(labels.provider, UNKNOWN),
  };
  const estimated = String(labels.estimated === true);
  switch (metric) {
    case "ttft":
      registry.histogram(METRICS.llmTimeToFirstTokenSeconds, base).observe(value);
      break;
    case "token_rate":
      registry.histogram(METRICS.llmTokenGenerationRate, { ...base, estimated }).observe(value);
      break;
    case "tokens": {
      const type = listed(labels.type, ["input", "output"], "output");
      registry.counter(METRICS.llmTotalTokens, { ...base, type, estimated }).add(value);
      break;
    }
    case "duration": {
      const ended = { stream: String(labels.stream === true), outcome: listed(labels.outcome, OUTCOMES, "ok") };
      registry.histogram(METRICS.llmRequestDurationSeconds, { ...base, ...ended }).observe(value);
      break;
    }
    case "error": {
      const error_type = listed(labels.error_type, ERROR_TYPES, UNKNOWN);
      registry.counter(METRICS.llmErrorCount, { ...base, error_type }).add(value);
      break;
    }
    default:
    // Another name from a caller without types: there is no such family.
  }
}

/**
 * Records one value into a base family by hand, for calls that nothing here observes. Seconds for `ttft` and
 * `duration`, tokens per second for `token_rate`, counts for `tokens` and `error`. Values that are negative or not
 * finite are dropped, labels that a family does not have are left out.
 * @example
 * recordLlmMetrics("ttft", 0.31, { model: "gpt-4o", operation: "chat", provider: "openai" });
 */
export function recordLlmMetrics(metric: LlmMetric, value: number, labels: LlmLabels = {}): void {
  const runtime = manager.runtime();
  if (runtime === undefined || !Number.isFinite(value) || value < 0) return;
  try {
    record(runtime.registry, metric, value, givenOptions(labels));
  } catch {
    // A hostile label: the value is lost, the host goes on.
  }
}
