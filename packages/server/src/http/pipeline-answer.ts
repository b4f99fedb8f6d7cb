import type { Pipeline } from "@nexent/monitor-api";
import type { StoreStats } from "@nexent/monitor-store";
import type { PipelineSnapshot } from "../self/pipeline-counters.ts";

/** The pipeline footer: what came, what was kept, how far behind. */
export function pipelineAnswer(pipeline: PipelineSnapshot, store: StoreStats, nowMs: number): Pipeline {
  return {
    spansPerSecond: pipeline.spansPerSecond,
    spansAccepted: pipeline.spansAccepted,
    spansRejected: pipeline.spansRejected,
    spansStored: store.spans,
    bytesOnDisk: store.diskBytes,
    indexLagSeconds: store.indexLagSeconds,
    damagedFrames: store.damagedFrames,
    storageDegraded: store.storageDegraded,
    serverTimeMs: nowMs,
  };
}
