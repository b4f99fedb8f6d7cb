import type { Format } from "../format/format.ts";

/** What a chart's values are. */
export type SeriesQuantity = "speed" | "duration";

/** Writes a value of a quantity with its unit. */
export function quantityText(format: Format, quantity: SeriesQuantity, value: number | null | undefined): string {
  return quantity === "speed" ? format.rate(value) : format.duration(value);
}

/** The unit of the axis and its factor: milliseconds while everything is below a second. */
export function axisUnit(quantity: SeriesQuantity, max: number): { readonly unit: string; readonly factor: number } {
  if (quantity === "speed") return { unit: "tok/s", factor: 1 };
  return max < 1 ? { unit: "ms", factor: 1_000 } : { unit: "s", factor: 1 };
}
