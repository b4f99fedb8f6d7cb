import type { Format } from "./format.ts";
import { formatShare } from "./number.ts";

type Params = Readonly<Record<string, string | number>>;

/** Makes the numbers of a server message readable; the unit is in the parameter's name. Counts stay numbers for plurals. */
export function messageParams(params: Params, format: Format): Params {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, readable(name, value, format)]));
}

function readable(name: string, value: string | number, format: Format): string | number {
  if (typeof value === "string") return value;
  if (name === "seconds" || name.endsWith("Seconds")) return format.duration(value);
  if (name.endsWith("TokensPerSecond")) return format.speed(value);
  if (name === "share") return formatShare(value);
  if (name === "rank") return rankText(value);
  // Names of things, not amounts: no grouping.
  if (name === "port" || name === "status") return String(value);
  return Math.round(value);
}

/** A rank 0..1 as the percentile it stands for: P97. */
export function rankText(rank: number): string {
  return `P${Math.min(100, Math.max(0, Math.round(rank * 100)))}`;
}
