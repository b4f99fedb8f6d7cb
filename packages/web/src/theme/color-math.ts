import { INKS } from "./tokens.ts";

/** Linear-light sRGB, each 0..1. */
export type LinearRgb = readonly [number, number, number];

function channel(hex: string, at: number): number {
  const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** Reads `#RRGGBB` (an alpha part is ignored). */
export function linearRgb(hex: string): LinearRgb {
  return [channel(hex, 1), channel(hex, 3), channel(hex, 5)];
}

function luminance([r, g, b]: LinearRgb): number {
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2 contrast ratio of two opaque colours, 1..21. */
export function contrast(a: string, b: string): number {
  const la = luminance(linearRgb(a));
  const lb = luminance(linearRgb(b));
  return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05);
}

/** Distance in OKLab, where about 0.02 is just noticeable. */
export function okLabDistance(a: LinearRgb, b: LinearRgb): number {
  const la = okLab(a);
  const lb = okLab(b);
  return Math.hypot(la[0] - lb[0], la[1] - lb[1], la[2] - lb[2]);
}

function okLab([r, g, b]: LinearRgb): LinearRgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Black or white, whichever reads better on `fill`. */
export function inkOn(fill: string): string {
  return contrast(fill, INKS.dark) >= contrast(fill, INKS.light) ? INKS.dark : INKS.light;
}
