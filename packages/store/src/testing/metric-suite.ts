/**
 * The contract suite of metric samples: what every such store must do, as cases that any test runner can run. Each title
 * begins with the id of its rule in SPEC.md.
 */
import type { MetricCase } from "./metric-case.ts";
import { METRIC_LIFECYCLE_CASES } from "./metric-lifecycle-cases.ts";
import { METRIC_READ_CASES } from "./metric-read-cases.ts";
import { METRIC_WRITE_CASES } from "./metric-write-cases.ts";

export type { MetricCase, OpenMetricStore } from "./metric-case.ts";

/** Every case, in the order of SPEC.md. */
export const METRIC_CASES: readonly MetricCase[] = [
  ...METRIC_WRITE_CASES,
  ...METRIC_READ_CASES,
  ...METRIC_LIFECYCLE_CASES,
];
