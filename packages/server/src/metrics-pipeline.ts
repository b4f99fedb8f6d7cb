import type { MetricStore } from "@nexent/monitor-store";
import type { Clock } from "./clock.ts";
import type { ServerConfig } from "./config.ts";
import type { Ingest } from "./ingest/ingest.ts";
import { createMetricIngest } from "./ingest/metric-ingest.ts";
import type { Log } from "./log.ts";
import type { PipelineEvents } from "./pipeline-events.ts";
import { createScrapeCounters, type ScrapeSnapshot } from "./scrape-counters.ts";
import { startScraper, type Scraper } from "./receivers/prometheus-scrape.ts";

/** What the pipeline of metrics needs. */
export interface MetricsPipelineOptions {
  readonly store: MetricStore;
  readonly config: Pick<ServerConfig, "scrapeTargets" | "scrapeIntervalMs">;
  readonly events: PipelineEvents;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything that goes into one metric store: pushes and scrapes. */
export interface MetricsPipeline {
  /** What the receivers of OTLP hand their metrics to. */
  readonly ingest: NonNullable<Ingest["metrics"]>;
  /** How the scrapes went so far. */
  readonly scrapes: () => ScrapeSnapshot;
  /** Begins to scrape; once the listeners are open, since our own metrics may be among the targets. */
  startScraping(): void;
  /** Ends it; before the listeners close, or our own target would be seen to fail. */
  stopScraping(): Promise<void>;
  /** Closes the store, once nothing is received any more. */
  stop(): Promise<void>;
}

/** The pipeline over a store, which it closes in the end. */
export function createMetricsPipeline({ store, config, events, clock, log }: MetricsPipelineOptions): MetricsPipeline {
  const counters = createScrapeCounters(config.scrapeTargets.length);
  let scraper: Scraper | undefined;
  return {
    ingest: createMetricIngest({ store, events, clock }),
    scrapes: counters.snapshot,
    startScraping() {
      const { scrapeTargets: targets, scrapeIntervalMs: intervalMs } = config;
      scraper = startScraper({ targets, intervalMs, store, clock, log, counters });
    },
    stopScraping: async () => scraper?.stop(),
    stop: () => store.close(),
  };
}
