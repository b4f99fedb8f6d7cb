import { METRICS } from "@nexent/monitor-core";

/**
 * Names of pushed metrics in the Prometheus data model, as OpenTelemetry translates them. Families of this product keep
 * the names under which they are scraped, so that push and scrape give one family.
 */

const OWN_FAMILIES: ReadonlySet<string> = new Set(Object.values(METRICS).map(({ name }) => name));

const UNITS: Readonly<Record<string, string>> = {
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tebibytes",
  KBy: "kilobytes",
  kBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "%": "percent",
};
const PER_UNITS: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  min: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};

/** What a name is made of. */
export interface PushedName {
  readonly name: string;
  /** UCUM, as OTLP carries it; annotations in braces say nothing. */
  readonly unit: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
}

/** Family of a pushed metric, a counter without `_total`, and its unit in words; empty when nothing of the name is left. */
export function familyOf({ name, unit, type }: PushedName): { readonly family: string; readonly unit?: string } {
  const plain = name.replace(/_total$/, "");
  const own = [name, plain].find((candidate) => OWN_FAMILIES.has(candidate));
  if (own !== undefined) return own.endsWith("_seconds") ? { family: own, unit: "seconds" } : { family: own };
  const tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== "");
  const words = unitWords(unit, type);
  for (const word of words.flatMap((part) => part.split("_"))) if (!tokens.includes(word)) tokens.push(word);
  // The suffix of counters goes last, and the store leaves it off.
  const family = (type === "counter" ? tokens.filter((token) => token !== "total") : tokens).join("_");
  const text = /^\d/.test(family) ? `_${family}` : family;
  return words.length === 0 ? { family: text } : { family: text, unit: words.join("_") };
}

function unitWords(unit: string, type: PushedName["type"]): readonly string[] {
  if (unit === "1") return type === "gauge" ? ["ratio"] : [];
  const [main = "", per = ""] = unit.replaceAll(/\{[^}]*\}/g, "").split("/", 2);
  const first = word(main, UNITS);
  const second = word(per, PER_UNITS);
  return [...(first === "" ? [] : [first]), ...(second === "" ? [] : [`per_${second}`])];
}

function word(unit: string, table: Readonly<Record<string, string>>): string {
  const plain = unit.trim();
  const known = Object.hasOwn(table, plain) ? table[plain] : undefined;
  return known ?? plain.replaceAll(/[^a-zA-Z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "");
}
