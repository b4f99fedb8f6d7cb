import { numberOf } from "./exposition-scanner.ts";
import type { ReadFamily, ReadHistogram, ReadSample, ReadSummary, SampleLine } from "./exposition-model.ts";

/** The lines of one histogram or summary at one time. */
export interface LineGroup {
  readonly family: ReadFamily;
  /** Without `le` or `quantile`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly lines: { readonly suffix: string; readonly sample: SampleLine }[];
}

/** The histogram or summary of a group; its single lines as scalars when they are none. */
export function readGroup(group: LineGroup, startMs: number | undefined): readonly ReadSample[] {
  const { family, labels, lines } = group;
  const point = family.type === "histogram" ? histogramOf(group) : summaryOf(group);
  if (point === undefined) return lines.map(({ sample }) => bareSample(family, sample));
  const timestampMs = lines[0]?.sample.timestampMs;
  const exemplars = lines.flatMap(({ sample }) => (sample.exemplar === undefined ? [] : [sample.exemplar]));
  const times = {
    ...(timestampMs === undefined ? {} : { timestampMs }),
    ...(startMs === undefined ? {} : { startMs }),
  };
  return [{ family, labels, point: { ...point, ...times }, exemplars }];
}

/** A line by itself, under its own name: nothing of a broken histogram is lost, and nothing made up. */
function bareSample(family: ReadFamily, { name, labels, value, timestampMs, exemplar }: SampleLine): ReadSample {
  return {
    family: { name, type: "unknown", ...(family.help === undefined ? {} : { help: family.help }) },
    labels: plainLabels(labels),
    point: { kind: "scalar", value, ...(timestampMs === undefined ? {} : { timestampMs }) },
    exemplars: exemplar === undefined ? [] : [exemplar],
  };
}

/** Labels without empty values, which mean the same as no label. */
export function plainLabels(labels: ReadonlyMap<string, string>, without?: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...labels].filter(([name, value]) => value !== "" && name !== without));
}

/** Values beside the parts, by suffix; undefined when one stands twice or has the label of a part. */
function valuesOf(lines: LineGroup["lines"], part: string, label: string): ReadonlyMap<string, number> | undefined {
  const others = lines.filter(({ suffix }) => suffix !== part);
  const values = new Map(others.map(({ suffix, sample }) => [suffix, sample.value]));
  // Two answers to one question are none.
  const isClear = values.size === others.length && others.every(({ sample }) => !sample.labels.has(label));
  return isClear && (part === "" || !values.has("")) ? values : undefined;
}

function histogramOf({ lines }: LineGroup): ReadHistogram | undefined {
  const values = valuesOf(lines, "_bucket", "le");
  const buckets = pairsOf(lines, "_bucket", "le");
  if (values === undefined || buckets === undefined) return undefined;
  const last = buckets.at(-1);
  const infinite = last?.[0] === Infinity ? last[1] : undefined;
  const count = values.get("_count") ?? infinite;
  if (count === undefined || (infinite !== undefined && infinite !== count)) return undefined;
  const finite = infinite === undefined ? buckets : buckets.slice(0, -1);
  const counts = [...finite.map(([, value]) => value), count];
  if (!finite.every(([bound]) => Number.isFinite(bound)) || !isAscendingCounts(counts)) return undefined;
  const sum = values.get("_sum");
  return {
    kind: "histogram",
    count,
    ...(sum === undefined ? {} : { sum }),
    bounds: finite.map(([bound]) => bound),
    buckets: counts,
  };
}

function isAscendingCounts(counts: readonly number[]): boolean {
  return counts.every((value, at) => Number.isFinite(value) && value >= (counts[at - 1] ?? 0));
}

function summaryOf({ lines }: LineGroup): ReadSummary | undefined {
  const values = valuesOf(lines, "", "quantile");
  const quantiles = pairsOf(lines, "", "quantile");
  const [count, sum] = [values?.get("_count"), values?.get("_sum")];
  if (quantiles === undefined || count === undefined || sum === undefined) return undefined;
  if (!Number.isFinite(count) || count < 0) return undefined;
  if (!quantiles.every(([quantile]) => quantile >= 0 && quantile <= 1)) return undefined;
  return { kind: "summary", count, sum, quantiles: quantiles.map(([quantile, value]) => ({ quantile, value })) };
}

/** Number of a label and value of its line, ascending by the number; undefined when one has none or stands twice. */
function pairsOf(lines: LineGroup["lines"], suffix: string, label: string): (readonly [number, number])[] | undefined {
  const pairs = lines
    .filter((line) => line.suffix === suffix)
    .map(({ sample }) => [numberOf(sample.labels.get(label) ?? ""), sample.value] as const);
  if (pairs.some(([number]) => Number.isNaN(number))) return undefined;
  const sorted = pairs.toSorted(([a], [b]) => a - b);
  return sorted.some(([number], at) => number === sorted[at - 1]?.[0]) ? undefined : sorted;
}
