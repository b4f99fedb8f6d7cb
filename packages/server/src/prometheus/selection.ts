import type { LabelMatcher, MetricSeries, MetricStore, SeriesFilter, TimeRange } from "@nexent/monitor-store";
import { valueTestOf, type ValueTest } from "./label-pattern.ts";
import { NAME_LABEL, type Matchers } from "./selector.ts";
import { familiesOf, sampleNamesOf, type SampleName } from "./series-names.ts";

/** Labels of a series as Prometheus shows it, name included, by label. */
export type Labels = Readonly<Record<string, string>>;

/** Which series of the store are meant, and which of the names that they expand to. */
export interface Selection {
  readonly filter: SeriesFilter;
  accepts(series: MetricSeries, sample: SampleName, bound?: string): boolean;
  /** Whether a name can be meant whatever bound its samples have. */
  mayAccept(series: MetricSeries, sample: SampleName): boolean;
}

/** The store knows families: what depends on an expanded name is decided here. */
const EXPANDED_LABELS: ReadonlySet<string> = new Set([NAME_LABEL, "le", "quantile"]);

const MAX_FAMILIES = 1_000;

/** What the matchers of a selector mean for the store. @throws {QueryFault} for a pattern that RE2 refuses. */
export function selectionOf(matchers: Matchers): Selection {
  const tests = matchers
    .filter(({ name }) => EXPANDED_LABELS.has(name))
    .map((matcher) => [matcher.name, valueTestOf(matcher)] as const);
  const exact = matchers.find(({ name, op }) => name === NAME_LABEL && op === "=");
  const kept: readonly LabelMatcher[] = matchers.filter(({ name }) => !EXPANDED_LABELS.has(name));
  return {
    filter: { ...(exact === undefined ? {} : { families: familiesOf(exact.value) }), matchers: kept },
    accepts: (series, sample, bound) => tests.every(([label, fits]) => fits(valueOf(label, series, sample, bound))),
    mayAccept: (series, sample) => tests.every((test) => isOpen(test, sample) || fitsName(test, series, sample)),
  };
}

/**
 * The same selection with its families named, so that a pattern over names does not read the samples of every family;
 * `undefined` when no family is meant.
 */
export async function withFamilies(
  store: MetricStore,
  selection: Selection,
  range: TimeRange,
  signal: AbortSignal,
): Promise<Selection | undefined> {
  return selection.filter.families === undefined ? narrowed(store, selection, range, signal) : selection;
}

/** The same selection with those families named that have a series in the range whose name may be accepted. */
export async function narrowed(
  store: MetricStore,
  selection: Selection,
  range: TimeRange,
  signal: AbortSignal,
): Promise<Selection | undefined> {
  const series = await store.series(selection.filter, range, signal);
  const meant = series.filter((one) => sampleNamesOf(one).some((name) => selection.mayAccept(one, name)));
  const families = [...new Set(meant.map(({ family }) => family))];
  if (families.length === 0) return undefined;
  // A filter takes no longer list; then every family is read.
  return families.length > MAX_FAMILIES ? selection : { ...selection, filter: { ...selection.filter, families } };
}

/** Labels of a series under one of its names, in order. */
export function labelsOf(series: MetricSeries, { name, boundLabel }: SampleName, bound?: string): Labels {
  const entries: [string, string][] = [[NAME_LABEL, name], ...Object.entries(series.labels)];
  if (boundLabel !== undefined && bound !== undefined) entries.push([boundLabel, bound]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Order of series in answers: label by label, name before value. */
export function compareLabels(a: Labels, b: Labels): number {
  const [left, right] = [Object.entries(a).flat(), Object.entries(b).flat()];
  for (const [at, text] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    if (text !== other) return text < other ? -1 : 1;
  }
  return left.length - right.length;
}

function valueOf(label: string, series: MetricSeries, { name, boundLabel }: SampleName, bound?: string): string {
  if (label === NAME_LABEL) return name;
  return (label === boundLabel ? bound : series.labels[label]) ?? "";
}

function isOpen([label]: readonly [string, ValueTest], { boundLabel }: SampleName): boolean {
  return label === boundLabel;
}

function fitsName([label, fits]: readonly [string, ValueTest], series: MetricSeries, sample: SampleName): boolean {
  return fits(valueOf(label, series, sample));
}
