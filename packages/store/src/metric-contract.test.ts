import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createMemoryMetricStore } from "./memory/memory-metric-store.ts";
import { openEmbeddedMetricStore } from "./metrics/embedded-metric-store.ts";
import { METRIC_CASES, type OpenMetricStore } from "./testing/metric-suite.ts";

let folder = "";
let folders = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nexent-metrics-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const STORES: Readonly<Record<string, OpenMetricStore>> = {
  memory: async (options) => createMemoryMetricStore(options),
  embedded: (options) =>
    openEmbeddedMetricStore({
      ...options,
      dataDir: join(folder, String(folders++)),
      indexFlushMs: 5,
      diskReserveBytes: 0,
    }),
};

describe.each(Object.entries(STORES))("%s metric store", (_name, open) => {
  for (const metricCase of METRIC_CASES) {
    it(metricCase.title, () => metricCase.run(open));
  }
});
