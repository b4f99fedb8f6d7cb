import type { MetricStore, PurgePreview, PurgeReport, PurgeSelector, TraceStore } from "@nexent/monitor-store";

/** What a purge erased in both stores. */
export interface PurgeOfBothReport extends PurgeReport {
  readonly metricSamples: number;
}

/** Purges that reach into the metric samples, too. */
export interface PurgeOfBoth {
  preview(selector: PurgeSelector): Promise<PurgePreview>;
  /** @throws {NOT_FOUND} */
  run(planId: string): Promise<PurgeOfBothReport>;
}

/** More plans than anybody decides on within the 10 min that one is good for. */
const MAX_PLANS = 1_000;

/**
 * Everything, or a time and nothing else, names metric samples as well as spans. Samples belong to no trace, and a
 * service or a model is only a label of theirs, so other selectors leave them alone.
 */
export function createPurgeOfBoth(store: TraceStore, metricStore: MetricStore): PurgeOfBoth {
  const samplesOf = new Map<string, Parameters<MetricStore["purge"]>[0]>();
  return {
    async preview(selector) {
      const preview = await store.previewPurge(selector);
      const samples = metricSelectorOf(selector);
      if (samples !== undefined) samplesOf.set(preview.planId, samples);
      for (const oldest of samplesOf.keys()) {
        if (samplesOf.size <= MAX_PLANS) break;
        samplesOf.delete(oldest);
      }
      return preview;
    },
    async run(planId) {
      const report = await store.purge(planId);
      const samples = samplesOf.get(planId);
      samplesOf.delete(planId);
      return { ...report, metricSamples: samples === undefined ? 0 : (await metricStore.purge(samples)).samples };
    },
  };
}

function metricSelectorOf(selector: PurgeSelector): Parameters<MetricStore["purge"]>[0] | undefined {
  const { all, range, service, model, traceId } = selector;
  if (all === true) return { all };
  const isTimeOnly = service === undefined && model === undefined && traceId === undefined;
  return range !== undefined && isTimeOnly ? { range } : undefined;
}
