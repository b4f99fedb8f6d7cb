/** Joins a number and its unit. */
export const NBSP = "\u00a0";
/** Stands for what is not known; never 0. */
export const UNKNOWN = "–";

const fixedFormats = new Map<number, Intl.NumberFormat>();
/** `decimals` digits after the point, with grouping. Both languages write numbers alike. */
export function fixed(value: number, decimals: number): string {
  const known =
    fixedFormats.get(decimals) ??
    new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  fixedFormats.set(decimals, known);
  return known.format(value);
}

const three = new Intl.NumberFormat("en-US", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
/** Three significant digits: 6.31, 55.7, 128. */
export function threeDigits(value: number): string {
  return value === 0 ? "0" : three.format(value);
}

const COMPACT: readonly (readonly [number, string])[] = [
  [1e3, "k"],
  [1e6, "M"],
  [1e9, "G"],
  [1e12, "T"],
];

/** Exact up to 9,999, then three digits and k, M, G, T. */
export function formatCount(value: number): string {
  if (Math.abs(value) < 9_999.5) return fixed(value, 0);
  let step = COMPACT[0] ?? [1, ""];
  for (const candidate of COMPACT) if (Math.abs(value) >= candidate[0] * 0.9995) step = candidate;
  return `${threeDigits(value / step[0])}${step[1]}`;
}

/** A share 0..1: one decimal below 10 %, else none; a non-zero share is never shown as 0. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0) return `0${NBSP}%`;
  if (percent > 0 && percent < 0.1) return `<0.1${NBSP}%`;
  return `${fixed(percent, percent < 9.95 ? 1 : 0)}${NBSP}%`;
}

/** A change as now / before: from 2x on a ratio, else percent; the arrow is the sign. Undefined without a base. */
export function formatChange(now: number, before: number): string | undefined {
  if (before <= 0 || !Number.isFinite(now / before)) return undefined;
  const ratio = now / before;
  if (ratio >= 1.995) return `↑${fixed(ratio, 1)}x`;
  const percent = Math.round((ratio - 1) * 100);
  if (percent === 0) return `±0${NBSP}%`;
  return `${percent > 0 ? "↑" : "↓"}${Math.abs(percent)}${NBSP}%`;
}

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
/** Bytes in binary units: 1.2 GiB. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${fixed(value, unit === 0 ? 0 : 1)}${NBSP}${BINARY[unit] ?? "B"}`;
}
