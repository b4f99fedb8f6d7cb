import type { MetricSeries, SeriesSamples } from "@nexent/monitor-store";
import type { ReadSample } from "../codecs/exposition-model.ts";
import { seriesKey } from "../codecs/exposition-text.ts";
import { withTargetLabels } from "../ingest/target-labels.ts";
import type { ScrapeTarget } from "../scrape-targets.ts";

/** Series that a scrape saw, by key; the next one must see them again. */
export type SeenSeries = ReadonlyMap<string, MetricSeries>;

/** What a scrape gives the store. */
export interface ScrapedEntries {
  readonly entries: readonly SeriesSamples[];
  readonly seen: SeenSeries;
}

/** Samples as entries, at the time of the scrape unless they carry their own. */
export function entriesOf(samples: readonly ReadSample[], target: ScrapeTarget, scrapedAtMs: number): ScrapedEntries {
  const seen = new Map<string, MetricSeries>();
  const entries = samples.map(({ family, labels, point, exemplars }): SeriesSamples => {
    const { name, ...about } = family;
    const joined = withTargetLabels(labels, { job: target.job, instance: target.instance });
    const series = { ...about, family: name, labels: joined };
    // A sample with its own time says itself when it is old; Prometheus does not end those series either.
    if (point.timestampMs === undefined) seen.set(seriesKey(name, family.type, joined), series);
    const timestampMs = point.timestampMs ?? scrapedAtMs;
    return {
      ...emptyEntry(series),
      scalars: point.kind === "scalar" ? [{ ...bare(point), timestampMs }] : [],
      histograms: point.kind === "histogram" ? [{ ...bare(point), timestampMs }] : [],
      summaries: point.kind === "summary" ? [{ ...bare(point), timestampMs }] : [],
      exemplars: exemplars.map((exemplar) => ({ ...exemplar, timestampMs: exemplar.timestampMs ?? timestampMs })),
    };
  });
  return { entries, seen };
}

function bare<T extends { readonly kind: string }>({ kind: _kind, ...point }: T): Omit<T, "kind"> {
  return point;
}

/** The end of every series that was seen before and is not now. */
export function staleEntries(before: SeenSeries, now: SeenSeries, atMs: number): readonly SeriesSamples[] {
  return [...before]
    .filter(([key]) => !now.has(key))
    .map(([, series]) => ({ ...emptyEntry(series), staleAtMs: [atMs] }));
}

/** How a scrape went, for the three series of every target. */
export interface ScrapeReport {
  readonly isUp: boolean;
  readonly durationSeconds: number;
  readonly samples: number;
}

/** `up` and its companions. */
export function reportEntries(target: ScrapeTarget, report: ScrapeReport, atMs: number): readonly SeriesSamples[] {
  const labels = { job: target.job, instance: target.instance };
  const gauge = (family: string, value: number, unit?: string): SeriesSamples => ({
    ...emptyEntry({ family, type: "gauge", ...(unit === undefined ? {} : { unit }), labels }),
    scalars: [{ timestampMs: atMs, value }],
  });
  return [
    gauge("up", report.isUp ? 1 : 0),
    gauge("scrape_duration_seconds", report.durationSeconds, "seconds"),
    gauge("scrape_samples_scraped", report.samples),
  ];
}

function emptyEntry(series: MetricSeries): SeriesSamples {
  return { series, scalars: [], histograms: [], summaries: [], exemplars: [], staleAtMs: [] };
}
