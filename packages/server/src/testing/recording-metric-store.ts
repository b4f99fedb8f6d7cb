import type { MetricBatch, MetricStore, SeriesSamples, WriteOutcome } from "@nexent/monitor-store";
import { seriesKey } from "../codecs/exposition-text.ts";

/** Remembers what was written, for tests of what writes; it answers nothing but `latest`. */
export interface RecordingMetricStore extends MetricStore {
  /** Everything written, in order; entries of writes that were refused are not among it. */
  readonly entries: readonly SeriesSamples[];
  readonly isClosed: boolean;
  /** What the next writes answer; undefined = accepted. */
  outcome: WriteOutcome | undefined;
}

/** An empty one. */
export function createRecordingMetricStore(): RecordingMetricStore {
  const entries: SeriesSamples[] = [];
  let isClosed = false;
  const unasked = (): Promise<never> => Promise.reject(new Error("this store is only written to"));
  return {
    entries,
    outcome: undefined,
    get isClosed() {
      return isClosed;
    },
    write(batch: MetricBatch) {
      if (this.outcome !== undefined && this.outcome.status !== "partial") return Promise.resolve(this.outcome);
      entries.push(...batch.entries);
      return Promise.resolve(this.outcome ?? { status: "accepted", records: batch.entries.length });
    },
    latest({ families }) {
      const newest = new Map<string, SeriesSamples>();
      for (const entry of entries) {
        const { family, type, labels } = entry.series;
        if (families === undefined || families.includes(family)) newest.set(seriesKey(family, type, labels), entry);
      }
      return Promise.resolve([...newest.values()]);
    },
    series: unasked,
    select: unasked,
    labelNames: unasked,
    labelValues: unasked,
    metadata: unasked,
    exemplars: unasked,
    stats: unasked,
    quarantinedFiles: () => 0,
    purge: unasked,
    verify: () => Promise.resolve([]),
    backUp: () => Promise.resolve([]),
    retain: () => Promise.resolve({ days: [], freedBytes: 0 }),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(void (isClosed = true)),
  };
}
