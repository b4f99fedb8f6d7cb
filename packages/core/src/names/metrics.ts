import type { MetricDefinition } from "../metrics/registry-contract.ts";
import { LLM_BUCKETS, LLM_METRICS } from "./llm-metrics.ts";
import { OVERHEAD, OWN_METRICS } from "./own-metrics.ts";

/** Bucket upper bounds (measurement contract 4.2). Every list holds the alert bounds 5 and 10 where they apply. */
export const BUCKETS = { ...LLM_BUCKETS, overhead: OVERHEAD } as const;

/** Every metric family this release records: name, type, help, unit, labels in exposition order, buckets. */
export const METRICS = { ...LLM_METRICS, ...OWN_METRICS } as const satisfies Record<string, MetricDefinition>;

/** The families that show their HELP and TYPE lines from the first second, before any observation. */
export const BASE_FAMILIES: readonly MetricDefinition[] = [
  METRICS.llmTokenGenerationRate,
  METRICS.llmTimeToFirstTokenSeconds,
  METRICS.llmRequestDurationSeconds,
  METRICS.llmTotalTokens,
  METRICS.llmErrorCount,
];
