import { LIMITS } from "@nexent/monitor-core";
import { fileAlias } from "../duckdb/index-files.ts";
import {
  createAdmission,
  createDaySeries,
  type CheckedMetrics,
  type DaySeries,
  type MetricCounters,
} from "../metric-admission.ts";
import type { MetricBatch } from "../metric-contract.ts";
import { DAY_MS, keyOf } from "../metric-series.ts";
import { readSeriesTable } from "./day-state.ts";
import { metricFacts } from "./metric-codec.ts";
import type { MetricIndex } from "./metric-index.ts";

/** Days whose series are remembered between two writes. */
const REMEMBERED_DAYS = 3;

/** Checks batches against the series that their days have already. */
export interface AdmissionByDay {
  readonly counters: MetricCounters;
  check(batch: MetricBatch, nowMs: number): Promise<CheckedMetrics>;
  /** Days were removed or written anew: their series are read again. */
  forget(): void;
}

/** Reads the series of a day from the index when samples of it come. */
export function createAdmissionByDay(index: () => Promise<MetricIndex>): AdmissionByDay {
  const days = new Map<number, Promise<DaySeries>>();
  let ready: ReadonlyMap<number, DaySeries> = new Map();
  const admission = createAdmission((day) => ready.get(day) ?? createDaySeries());

  async function load(day: number): Promise<DaySeries> {
    const span = { fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS };
    const series = await (
      await index()
    ).ask(span, undefined, async (connection, [file]) =>
      file === undefined ? [] : await readSeriesTable(connection, fileAlias(file)),
    );
    return createDaySeries(series.map(({ identity }) => ({ family: identity.family, key: keyOf(identity) })));
  }

  async function seriesOf(day: number): Promise<DaySeries> {
    const known = days.get(day) ?? load(day);
    days.delete(day);
    days.set(day, known);
    try {
      return await known;
    } catch (error) {
      days.delete(day);
      throw error;
    }
  }

  function forgetOldest(): void {
    for (const day of days.keys()) if (days.size > REMEMBERED_DAYS) days.delete(day);
  }

  return {
    counters: admission.counters,
    async check(batch, nowMs) {
      const loaded = new Map<number, DaySeries>();
      for (const day of daysWithin(batch, nowMs)) loaded.set(day, await seriesOf(day));
      forgetOldest();
      // From here on nothing waits, so no other batch comes between.
      ready = loaded;
      return admission.check(batch, nowMs);
    },
    forget: () => days.clear(),
  };
}

/** Days of a batch on which samples may lie at all; the others are rejected without looking. */
function daysWithin({ entries }: MetricBatch, nowMs: number): readonly number[] {
  const [oldest, newest] = [nowMs - LIMITS.pastAgeMs, nowMs + LIMITS.futureSkewMs].map((time) =>
    Math.floor(time / DAY_MS),
  );
  return metricFacts({ entries, writtenUnixMillis: 0 }).days.filter(
    (day) => day >= (oldest ?? 0) && day <= (newest ?? 0),
  );
}
