import {
  createMetricRegistry,
  METRICS,
  negotiateExposition,
  type MetricDefinition,
  type MetricRegistry,
} from "@nexent/monitor-core";
import type { StoreStats } from "@nexent/monitor-store";
import type { MemoryGuard } from "../memory-guard.ts";
import type { ScrapeSnapshot } from "../scrape-counters.ts";
import type { PipelineSnapshot } from "./pipeline-counters.ts";

/** Only what this program measures: the families of requests are those of the gateway and the SDK. */
const FAMILIES = Object.values(METRICS)
  .map(({ name }) => name)
  .filter((name) => name.startsWith("nexent_server_"));

/** The exposition of this process and its content type. */
interface MetricsAnswer {
  readonly contentType: string;
  readonly text: string;
}

/** What the metrics are made of, as it is now. */
export interface MetricSources {
  readonly pipeline: PipelineSnapshot;
  readonly store: StoreStats;
  /** Files of metric samples that were set aside. */
  readonly quarantinedMetricFiles: number;
  readonly scrapes: ScrapeSnapshot;
  readonly memory: Pick<MemoryGuard, "budgetBytes" | "residentBytes">;
}

/** Own metrics of the server: what the pipeline, the store and the scrapes count, in both text formats. */
export interface ServerMetrics {
  /** One sync of the journal took that long. */
  recordSync(seconds: number): void;
  expose(accept: string | undefined, sources: MetricSources): MetricsAnswer;
}

/** A registry that follows counters kept elsewhere: each exposition adds what they grew by. */
export function createServerMetrics(version: string): ServerMetrics {
  const registry = createMetricRegistry({
    resource: { service_name: "nexent-monitor-server", service_version: version },
  });
  const counted = new Map<string, number>();

  function follow(definition: MetricDefinition, value: number, labels: Readonly<Record<string, string>> = {}): void {
    const key = `${definition.name} ${Object.values(labels).join(" ")}`;
    const before = counted.get(key) ?? 0;
    registry.counter(definition, labels).add(Math.max(0, value - before));
    counted.set(key, Math.max(before, value));
  }

  const syncs = registry.histogram(METRICS.nexentServerSyncSeconds, {});
  return {
    recordSync: (seconds) => syncs.observe(seconds),
    expose(accept, { pipeline, store, quarantinedMetricFiles, scrapes, memory }) {
      follow(METRICS.nexentServerAcceptedSpans, pipeline.spansAccepted);
      for (const [reason, spans] of pipeline.rejectedByReason)
        follow(METRICS.nexentServerRejectedSpans, spans, { reason });
      for (const [reason, requests] of pipeline.refusedByReason) {
        follow(METRICS.nexentServerRefusedRequests, requests, { reason });
      }
      follow(METRICS.nexentServerSanitisedValues, pipeline.sanitisedValues);
      follow(METRICS.nexentServerDuplicateSpans, store.duplicateSpans);
      follow(METRICS.nexentServerConflictingSpans, store.conflictingSpans);
      follow(METRICS.nexentServerJournalDamagedFrames, store.damagedFrames);
      follow(METRICS.nexentServerRemovedSpans, store.expiredSpans, { reason: "retention" });
      follow(METRICS.nexentServerRemovedSpans, store.purgedSpans, { reason: "purge" });
      follow(METRICS.nexentServerFailedScrapes, scrapes.failedScrapes);
      follow(METRICS.nexentServerScrapedSamples, scrapes.storedSamples);
      setGauges(registry, store, quarantinedMetricFiles);
      setScrapeGauges(registry, scrapes);
      setMemoryGauges(registry, memory);
      const { format, contentType } = negotiateExposition(accept);
      return { contentType, text: registry.expose(format, { families: FAMILIES }) };
    },
  };
}

function setGauges(registry: MetricRegistry, store: StoreStats, quarantinedMetricFiles: number): void {
  registry.gauge(METRICS.nexentServerQuarantinedFiles, {}).set(store.quarantinedFiles + quarantinedMetricFiles);
  registry.gauge(METRICS.nexentServerStorageDegraded, {}).set(store.storageDegraded ? 1 : 0);
  registry.gauge(METRICS.nexentServerStoredSpans, {}).set(store.spans);
  registry.gauge(METRICS.nexentServerStoredBytes, {}).set(store.diskBytes);
  if (store.oldestUnixNanos !== undefined) {
    registry
      .gauge(METRICS.nexentServerOldestSpanTimestampSeconds, {})
      .set(Number(store.oldestUnixNanos / 1_000_000n) / 1000);
  }
  registry.gauge(METRICS.nexentServerIndexLagSeconds, {}).set(store.indexLagSeconds);
}

function setScrapeGauges(registry: MetricRegistry, { up, down, lastDurationSeconds }: ScrapeSnapshot): void {
  registry.gauge(METRICS.nexentServerScrapeTargets, { state: "up" }).set(up);
  registry.gauge(METRICS.nexentServerScrapeTargets, { state: "down" }).set(down);
  if (lastDurationSeconds === undefined) return;
  registry.gauge(METRICS.nexentServerScrapeDurationSeconds, {}).set(lastDurationSeconds);
}

function setMemoryGauges(registry: MetricRegistry, { budgetBytes, residentBytes }: MetricSources["memory"]): void {
  registry.gauge(METRICS.nexentServerResidentMemoryBytes, {}).set(residentBytes());
  if (budgetBytes !== undefined) registry.gauge(METRICS.nexentServerMemoryBudgetBytes, {}).set(budgetBytes);
}
