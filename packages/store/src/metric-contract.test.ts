import { describe, it } from "vitest";
import { createMemoryMetricStore } from "./memory/memory-metric-store.ts";
import { METRIC_CASES, type OpenMetricStore } from "./testing/metric-suite.ts";

const STORES: Readonly<Record<string, OpenMetricStore>> = {
  memory: async (options) => createMemoryMetricStore(options),
};

describe.each(Object.entries(STORES))("%s metric store", (_name, open) => {
  for (const metricCase of METRIC_CASES) {
    it(metricCase.title, () => metricCase.run(open));
  }
});
