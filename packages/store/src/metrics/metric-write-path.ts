import { LIMITS, MonitorError } from "@nexent/monitor-core";
import type { WriteOutcome } from "../contract.ts";
import { metricOutcome, type CheckedMetrics } from "../metric-admission.ts";
import type { MetricBatch } from "../metric-contract.ts";
import { countSamples } from "../metric-series.ts";
import type { AdmissionByDay } from "./admission-days.ts";
import { encodeMetrics, metricFacts } from "./metric-codec.ts";
import type { MetricParts } from "./metric-start.ts";

/** Options of the write path. */
export interface MetricWritePathOptions {
  readonly parts: MetricParts;
  readonly admission: AdmissionByDay;
  /** Wall clock, ms. */
  readonly now: () => number;
}

/** The way of a batch into the store: rules, journal, acknowledgement; the index follows by itself. */
export function createMetricWritePath({ parts, admission, now }: MetricWritePathOptions) {
  const { journal, feeder, guard } = parts;

  function isOverloaded(): boolean {
    const bytes = parts.queuedBytes() + journal.pendingBytes;
    return bytes >= LIMITS.indexTailBytes || feeder.lagSeconds() * 1000 >= LIMITS.indexLagMs;
  }

  async function store({ entries }: CheckedMetrics): Promise<void> {
    if (entries.length === 0) return;
    const writtenUnixMillis = now();
    const payload = encodeMetrics(entries, writtenUnixMillis);
    const rowCount = entries.reduce((sum, entry) => sum + countSamples(entry) + entry.exemplars.length, 0);
    const batch = { entries, writtenUnixMillis, rowCount };
    await journal.append(payload, metricFacts(batch), (position) =>
      parts.enqueue({ batch, position, bytes: payload.length, durableAtMillis: performance.now() }),
    );
  }

  return async (batch: MetricBatch, signal?: AbortSignal): Promise<WriteOutcome> => {
    const refusal = journal.failure ?? guard.refusal();
    if (refusal !== undefined) return { status: "rejected", error: refusal };
    if (isOverloaded()) return { status: "overloaded", retryAfterMs: 1_000 };
    try {
      const checked = await admission.check(batch, now());
      // From here on nothing can be taken back.
      signal?.throwIfAborted();
      await store(checked);
      return metricOutcome(checked);
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      if (!(error instanceof MonitorError)) throw error;
      if (error.code === "STORE_FULL") guard.reportFull();
      return { status: "rejected", error };
    }
  };
}
