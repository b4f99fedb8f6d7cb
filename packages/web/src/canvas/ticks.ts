import { fixed, formatCount, NBSP } from "../format/number.ts";

/** The nice step (1, 2, 5 times a power of ten) that gives at most `most` ticks over a span. */
export function niceStep(span: number, most: number): number {
  const rough = span / Math.max(1, most);
  if (!(rough > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
}

/** Multiples of a nice step inside of a closed interval, ascending. */
export function niceTicks(from: number, to: number, most: number): readonly number[] {
  const step = niceStep(to - from, most);
  const ticks: number[] = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index += 1) {
    // Adding zero turns -0 into 0.
    ticks.push(index * step + 0);
  }
  return ticks;
}

/** Nice ticks for counts: whole numbers only. */
export function countTicks(from: number, to: number, most: number): readonly number[] {
  return niceTicks(from, to, Math.min(most, Math.max(1, Math.floor(to - from))));
}

/** A time tick in seconds, with just the decimals its step needs. */
export function timeTick(us: number, stepUs: number): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(stepUs / 1e6) + 1e-9));
  return `${fixed(us / 1e6, decimals)}${NBSP}s`;
}

/** A count tick, exact or compact. */
export function countTick(value: number): string {
  return value < 10 && !Number.isInteger(value) ? fixed(value, 1) : formatCount(value);
}

/** The smallest nice number at or above a value; scale tops end there. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = value / power;
  const top = [1, 1.2, 1.6, 2, 2.5, 3, 4, 5, 6, 8, 10].find((candidate) => lead <= candidate + 1e-9) ?? 10;
  return top * power;
}
