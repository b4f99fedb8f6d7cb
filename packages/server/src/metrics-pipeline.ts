import type { MetricStore } from "@nexent/monitor-store";
import type { Clock } from "./clock.ts";
import type { ServerConfig } from "./config.ts";
import type { Ingest } from "./ingest/ingest.ts";
import { createMetricIngest } from "./ingest/metric-ingest.ts";
import type { Log } from "./log.ts";
import type { PipelineEvents } from "./pipeline-events.ts";
import { startScraper, type Scraper } from "./receivers/prometheus-scrape.ts";
import { startRetention } from "./retention.ts";

/** What the pipeline of metrics needs. */
export interface MetricsPipelineOptions {
  readonly store: MetricStore;
  readonly config: Pick<ServerConfig, "scrapeTargets" | "scrapeIntervalMs" | "retentionDays" | "retentionBytes">;
  readonly events: PipelineEvents;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything that goes into one metric store: pushes, scrapes, and the days that leave it again. */
export interface MetricsPipeline {
  /** What the receivers of OTLP hand their metrics to. */
  readonly ingest: NonNullable<Ingest["metrics"]>;
  /** Begins to scrape; once the listeners are open, since our own metrics may be among the targets. */
  startScraping(): void;
  /** Ends it; before the listeners close, or our own target would be seen to fail. */
  stopScraping(): Promise<void>;
  /** Ends retention and closes the store, once nothing is received any more. */
  stop(): Promise<void>;
}

/** The pipeline over a store, which it closes in the end. */
export function createMetricsPipeline({ store, config, events, clock, log }: MetricsPipelineOptions): MetricsPipeline {
  const policy = { maxAgeDays: config.retentionDays, maxBytes: config.retentionBytes };
  const retention = startRetention({ store, policy, log });
  let scraper: Scraper | undefined;
  return {
    ingest: createMetricIngest({ store, events, clock }),
    startScraping() {
      const { scrapeTargets: targets, scrapeIntervalMs: intervalMs } = config;
      scraper = startScraper({ targets, intervalMs, store, clock, log });
    },
    stopScraping: async () => scraper?.stop(),
    async stop() {
      await retention.stop();
      await store.close();
    },
  };
}
