import { LIMITS } from "@nexent/monitor-core";
import { createDaySeries, type DaySeries } from "../metric-admission.ts";
import type { MetricExemplar, SeriesSamples } from "../metric-contract.ts";
import { createDayDescriptions, type DayDescriptions } from "../metric-descriptions.ts";
import { exemplarKey, samplesOf, type TimedSample } from "../metric-samples.ts";
import { dayOfMs, identityOf, keyOf, type SeriesIdentity } from "../metric-series.ts";

const MINUTE_MS = 60_000;

/** A series on one day. */
export interface StoredSeries {
  readonly identity: SeriesIdentity;
  readonly samples: Map<number, TimedSample>;
  readonly exemplars: Map<string, MetricExemplar>;
}

/** Everything of one UTC day. */
export interface MetricDay {
  readonly series: Map<string, StoredSeries>;
  descriptions: DayDescriptions;
  admission: DaySeries;
}

export function createMetricDay(): MetricDay {
  return { series: new Map(), descriptions: createDayDescriptions(), admission: createDaySeries() };
}

/** Keeps the part of an entry that lies on the day: of one time the first sample stays. */
export function keepOnDay(day: MetricDay, at: number, entry: SeriesSamples): void {
  const identity = identityOf(entry.series);
  const samples = samplesOf(entry, identity.kind).filter(({ sample }) => dayOfMs(sample.timestampMs) === at);
  const exemplars = entry.exemplars.filter(({ timestampMs }) => dayOfMs(timestampMs) === at);
  if (samples.length + exemplars.length === 0) return;
  const key = keyOf(identity);
  const stored = day.series.get(key) ?? { identity, samples: new Map(), exemplars: new Map() };
  day.series.set(key, stored);
  day.descriptions.add(entry.series);
  for (const one of samples)
    if (!stored.samples.has(one.sample.timestampMs)) stored.samples.set(one.sample.timestampMs, one);
  for (const exemplar of exemplars) {
    if (stored.exemplars.has(exemplarKey(exemplar)) || isFull(day, identity.family, exemplar)) continue;
    stored.exemplars.set(exemplarKey(exemplar), exemplar);
  }
}

function isFull({ series }: MetricDay, family: string, { timestampMs }: MetricExemplar): boolean {
  let count = 0;
  for (const { identity, exemplars } of series.values()) {
    if (identity.family !== family) continue;
    for (const one of exemplars.values())
      if (Math.floor(one.timestampMs / MINUTE_MS) === Math.floor(timestampMs / MINUTE_MS)) count++;
  }
  return count >= LIMITS.exemplarsPerFamilyMinute;
}

/** Removes what lies in `from <= t < to`; answers how many samples went. */
export function purgeDay(day: MetricDay, fromMs: number, toMs: number): number {
  const isIn = (timestampMs: number): boolean => timestampMs >= fromMs && timestampMs < toMs;
  let removed = 0;
  for (const [key, { samples, exemplars }] of day.series) {
    for (const time of samples.keys()) if (isIn(time) && samples.delete(time)) removed++;
    for (const [mark, { timestampMs }] of exemplars) if (isIn(timestampMs)) exemplars.delete(mark);
    if (samples.size + exemplars.size === 0) day.series.delete(key);
  }
  const families = new Set([...day.series.values()].map(({ identity }) => identity.family));
  day.descriptions = createDayDescriptions(day.descriptions.all.filter(({ family }) => families.has(family)));
  day.admission = createDaySeries([...day.series].map(([key, { identity }]) => ({ family: identity.family, key })));
  return removed;
}
