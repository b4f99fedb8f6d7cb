import type { ModelAccent } from "../theme/model-accent.ts";

type Values = readonly (number | null)[];

/** One line pair of a chart: the middle and the tail of one model. */
export interface SeriesGroup {
  /** Stable key: the model, or a word for the folded rest. */
  readonly id: string;
  readonly label: string;
  readonly accent: ModelAccent;
  /** Requests behind the whole line. */
  readonly n: number;
  readonly middle: Values;
  readonly tail: Values | undefined;
  /** Middle and tail over the whole range, where the server gave them. */
  readonly rangeMiddle?: number | undefined;
  readonly rangeTail?: number | undefined;
}

/** A chart's data: bucket starts in Unix ms and the lines over them. */
export interface SeriesChart {
  readonly times: readonly number[];
  readonly stepMs: number;
  readonly groups: readonly SeriesGroup[];
}

/** Lowest, highest and last known middle value, for the one-sentence summary. */
export interface SeriesExtent {
  readonly min: number;
  readonly max: number;
  readonly last: number;
}

/** Extent of the middle lines; undefined when nothing is known. */
export function seriesExtent(chart: SeriesChart): SeriesExtent | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let last: { readonly at: number; readonly value: number } | undefined;
  for (const group of chart.groups) {
    group.middle.forEach((value, at) => {
      if (value === null) return;
      min = Math.min(min, value);
      max = Math.max(max, value);
      if (last === undefined || at >= last.at) last = { at, value };
    });
  }
  return last === undefined ? undefined : { min, max, last: last.value };
}

/** Last known value of a line. */
export function lastKnown(values: Values | undefined): number | undefined {
  return values?.findLast((value) => value !== null) ?? undefined;
}

/** Columns for the plot: seconds, then middle and tail of each group. */
export function plotColumns(chart: SeriesChart): [number[], ...(number | null)[][]] {
  const columns: [number[], ...(number | null)[][]] = [chart.times.map((ms) => ms / 1e3)];
  const none = chart.times.map(() => null);
  for (const group of chart.groups) columns.push([...group.middle], group.tail === undefined ? none : [...group.tail]);
  return columns;
}

/** Indexes with a gap on both sides: they have no line, so they get a dot. */
export function lonelyPoints(values: ArrayLike<number | null | undefined>): number[] {
  const lonely: number[] = [];
  const known = (index: number) => values[index] !== null && values[index] !== undefined;
  for (let index = 0; index < values.length; index += 1) {
    if (known(index) && !known(index - 1) && !known(index + 1)) lonely.push(index);
  }
  return lonely;
}

/** Whether a linear axis would hide the small models: the tails' spread exceeds thirty-fold. */
export function wantsLogAxis(chart: SeriesChart): boolean {
  const tails = chart.groups.flatMap(({ rangeTail }) => (rangeTail !== undefined && rangeTail > 0 ? [rangeTail] : []));
  return tails.length >= 2 && Math.max(...tails) / Math.min(...tails) > 30;
}
