import { LIMITS } from "@nexent/monitor-core";
import type { MetricStore, SeriesSamples } from "@nexent/monitor-store";
import { seriesKey } from "../codecs/exposition-text.ts";
import { addBuckets } from "./bucket-sum.ts";
import type { PushedPoint, PushedValue } from "./pushed-points.ts";

/** Sum of a series so far. */
interface Sum {
  readonly timestampMs: number;
  readonly startMs: number;
  readonly value: PushedValue;
}

/** What became of a delta: its cumulative point, a repeat of the last one, or one that came too late to be added. */
export type Summed = { readonly kind: "point"; readonly point: PushedPoint } | { readonly kind: "repeat" | "late" };

/**
 * Makes cumulative points of deltas. Sums live in memory and go on where the store stopped; nothing counts before
 * `commit`. Not for concurrent use: one request at a time.
 */
export interface DeltaSums {
  /** Reads back what the store has of families not met before. @throws what the store throws. */
  load(points: readonly PushedPoint[], nowMs: number): Promise<void>;
  /** Adds a delta to the draft; points of one series come in time order. */
  add(point: PushedPoint): Summed;
  /** The draft was stored. */
  commit(): void;
  /** The draft was not stored; the sender will come again. */
  discard(): void;
}

/** Sums that go on after a restart; older ones begin anew, as a counter that was reset. */
const RESUME_MS = 24 * 60 * 60 * 1000;

/** @param maxSeries sums in memory; default `LIMITS.deltaSeries`. */
export function createDeltaSums(
  store: Pick<MetricStore, "flush" | "latest">,
  maxSeries: number = LIMITS.deltaSeries,
): DeltaSums {
  const sums = new Map<string, Sum>();
  const loaded = new Set<string>();
  const draft = new Map<string, Sum>();

  return {
    async load(points, nowMs) {
      // Whatever is forgotten here is in the store.
      if (sums.size > maxSeries) {
        sums.clear();
        loaded.clear();
      }
      const families = new Set(points.filter(({ isDelta }) => isDelta).map(({ series }) => series.family));
      const unknown = [...families].filter((family) => !loaded.has(family));
      if (unknown.length === 0) return;
      await store.flush();
      const lookbackMs = RESUME_MS + LIMITS.futureSkewMs;
      const entries = await store.latest({ families: unknown }, nowMs + LIMITS.futureSkewMs, { lookbackMs });
      for (const entry of entries) {
        const sum = sumOf(entry);
        if (sum !== undefined) sums.set(keyOf(entry), sum);
      }
      for (const family of unknown) loaded.add(family);
    },
    add(point) {
      const key = keyOf(point);
      const before = draft.get(key) ?? sums.get(key);
      if (before !== undefined && point.timestampMs <= before.timestampMs) {
        return { kind: point.timestampMs === before.timestampMs ? "repeat" : "late" };
      }
      const value = before === undefined ? point.value : added(before.value, point.value);
      const startMs = before?.startMs ?? point.startMs ?? point.timestampMs;
      draft.set(key, { timestampMs: point.timestampMs, startMs, value });
      return { kind: "point", point: { ...point, startMs, value, isDelta: false } };
    },
    commit() {
      for (const [key, sum] of draft) sums.set(key, sum);
      draft.clear();
    },
    discard: () => draft.clear(),
  };
}

function keyOf({ series }: Pick<PushedPoint, "series">): string {
  return seriesKey(series.family, series.type, series.labels);
}

/** The newest sample of a stored series. */
function sumOf({ scalars, histograms }: SeriesSamples): Sum | undefined {
  const histogram = histograms.at(-1);
  if (histogram !== undefined) return { ...timesOf(histogram), value: { kind: "histogram", ...bucketsOf(histogram) } };
  const scalar = scalars.at(-1);
  return scalar && { ...timesOf(scalar), value: { kind: "scalar", value: scalar.value } };
}

function timesOf({ timestampMs, startMs = timestampMs }: { readonly timestampMs: number; readonly startMs?: number }) {
  return { timestampMs, startMs };
}

function bucketsOf({ count, bounds, buckets, sum }: SeriesSamples["histograms"][number]) {
  return { count, bounds, buckets, ...(sum === undefined ? {} : { sum }) };
}

/** A sum that one of the two does not have is none. */
function added(before: PushedValue, more: PushedValue): PushedValue {
  if (before.kind === "scalar" && more.kind === "scalar") return { kind: "scalar", value: before.value + more.value };
  if (before.kind !== "histogram" || more.kind !== "histogram") return more;
  const sum = before.sum === undefined || more.sum === undefined ? undefined : before.sum + more.sum;
  return { kind: "histogram", ...addBuckets(before, more), ...(sum === undefined ? {} : { sum }) };
}
