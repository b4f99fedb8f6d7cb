import { createHash } from "node:crypto";
import { LIMITS } from "@nexent/monitor-core";
import type { WriteOutcome } from "./contract.ts";
import type { MetricBatch, SeriesSamples } from "./metric-contract.ts";
import {
  brokenHistogramRule,
  brokenKindRule,
  brokenSeriesRule,
  brokenSummaryRule,
  brokenTimeRule,
  isUsableExemplar,
} from "./metric-rules.ts";
import { countSamples, dayOfMs, identityOf, keyOf, plainHistogram, plainSummary } from "./metric-series.ts";

/** Refused series remembered, so that each counts once. */
const REMEMBERED_REFUSALS = 100_000;

/** Which series a UTC day has, so that a family or a day cannot have too many. */
export interface DaySeries {
  /** Whether samples of the series may be stored on this day; it is one of them from then on. */
  admit(family: string, key: string): boolean;
}

/** The series of a day, given those it has already. */
export function createDaySeries(known: Iterable<{ readonly family: string; readonly key: string }> = []): DaySeries {
  const keys = new Set<string>();
  const perFamily = new Map<string, number>();
  function add(family: string, key: string): void {
    keys.add(key);
    perFamily.set(family, (perFamily.get(family) ?? 0) + 1);
  }
  for (const { family, key } of known) add(family, key);
  return {
    admit(family, key) {
      if (keys.has(key)) return true;
      if (keys.size >= LIMITS.metricSeriesPerDay) return false;
      if ((perFamily.get(family) ?? 0) >= LIMITS.metricSeriesPerFamily) return false;
      add(family, key);
      return true;
    },
  };
}

/** Counts since the start. */
export interface MetricCounters {
  rejectedSamples: number;
  overflowedSeries: number;
}

/** A batch after the rules of the contract. */
export interface CheckedMetrics {
  readonly entries: readonly SeriesSamples[];
  readonly accepted: number;
  readonly rejected: number;
  /** Why the first rejected sample was rejected; empty when none was. */
  readonly reason: string;
}

/** Sorts out samples that break a rule, and counts them. */
export interface Admission {
  readonly counters: MetricCounters;
  check(batch: MetricBatch, nowMs: number): CheckedMetrics;
}

/** @param seriesOf the series of a day; asked only for days that samples within the bounds of time lie on. */
export function createAdmission(seriesOf: (day: number) => DaySeries): Admission {
  const counters: MetricCounters = { rejectedSamples: 0, overflowedSeries: 0 };
  const refused = new Set<string>();

  function noteOverflow(key: string): string {
    const mark = createHash("sha1").update(key).digest("base64");
    if (!refused.has(mark) && refused.size < REMEMBERED_REFUSALS) {
      refused.add(mark);
      counters.overflowedSeries++;
    }
    return "too many series";
  }

  return {
    counters,
    check(batch, nowMs) {
      const entries: SeriesSamples[] = [];
      let [accepted, rejected, reason] = [0, 0, ""];
      for (const entry of batch.entries) {
        const identity = identityOf(entry.series);
        const key = keyOf(identity);
        const broken = brokenSeriesRule(entry.series) ?? brokenKindRule(entry);
        const isKept = <T extends number | Timed>(sample: T, rule?: (sample: T) => string | undefined): boolean => {
          const [time, start] = typeof sample === "number" ? [sample, undefined] : [sample.timestampMs, sample.startMs];
          const fault =
            broken ??
            (accepted >= LIMITS.metricSamplesPerWrite ? "too many samples in one write" : undefined) ??
            brokenTimeRule(time, start, nowMs) ??
            rule?.(sample) ??
            (seriesOf(dayOfMs(time)).admit(identity.family, key) ? undefined : noteOverflow(key));
          if (fault === undefined) accepted++;
          else rejected++;
          if (reason === "") reason = fault ?? "";
          return fault === undefined;
        };
        const kept: SeriesSamples = {
          series: { ...entry.series, labels: identity.labels },
          scalars: entry.scalars.filter((sample) => isKept(sample)),
          histograms: entry.histograms.filter((sample) => isKept(sample, brokenHistogramRule)).map(plainHistogram),
          summaries: entry.summaries.filter((sample) => isKept(sample, brokenSummaryRule)).map(plainSummary),
          staleAtMs: entry.staleAtMs.filter((time) => isKept(time)),
          exemplars:
            broken === undefined
              ? entry.exemplars.filter(
                  (exemplar) =>
                    isUsableExemplar(exemplar, nowMs) &&
                    seriesOf(dayOfMs(exemplar.timestampMs)).admit(identity.family, key),
                )
              : [],
        };
        if (countSamples(kept) + kept.exemplars.length > 0) entries.push(kept);
      }
      counters.rejectedSamples += rejected;
      return { entries, accepted, rejected, reason };
    },
  };
}

interface Timed {
  readonly timestampMs: number;
  readonly startMs?: number;
}

/** The outcome once everything that passed the rules is durable. */
export function metricOutcome({ accepted, rejected, reason }: CheckedMetrics): WriteOutcome {
  return rejected === 0 ? { status: "accepted", records: accepted } : { status: "partial", accepted, rejected, reason };
}
