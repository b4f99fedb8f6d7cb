import { LIMITS } from "@nexent/monitor-core";
import type { MetricType } from "@nexent/monitor-store";
import type { ReadFamily, TextFormat } from "./exposition-model.ts";

/** What the comments say of families, and which family a sample belongs to. */
export interface Families {
  /** False when the family has a type already. */
  declareType(name: string, type: string): boolean;
  declareHelp(name: string, help: string): void;
  declareUnit(name: string, unit: string): void;
  /** Of a sample; the same object for the same family. */
  of(sample: string): { readonly family: ReadFamily; readonly suffix: string };
}

const TYPES: Readonly<Record<TextFormat, Readonly<Record<string, MetricType>>>> = {
  text: { counter: "counter", gauge: "gauge", histogram: "histogram", summary: "summary", untyped: "unknown" },
  openmetrics: {
    counter: "counter",
    gauge: "gauge",
    histogram: "histogram",
    summary: "summary",
    info: "info",
    stateset: "stateset",
    unknown: "unknown",
    gaugehistogram: "unknown",
  },
};

/** Whether a format has a type of that name. */
export function isTypeName(name: string, format: TextFormat): boolean {
  return Object.hasOwn(TYPES[format], name);
}

/** Suffixes by which a sample belongs to a family of that type. `_created` exists in OpenMetrics only. */
const SUFFIXES: Readonly<Partial<Record<MetricType, readonly string[]>>> = {
  counter: ["_total", "_created"],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  summary: ["_sum", "_count", "_created"],
  info: ["_info"],
};
const SUFFIX = /_(?:total|created|bucket|sum|count|info)$/;

/** An empty set of families. */
export function createFamilies(format: TextFormat): Families {
  const types = new Map<string, MetricType>();
  const helps = new Map<string, string>();
  const units = new Map<string, string>();
  const found = new Map<string, { family: ReadFamily; suffix: string }>();
  const byName = new Map<string, ReadFamily>();

  function family(name: string, type: MetricType, declared: string): ReadFamily {
    const key = `${type} ${name}`;
    const known = byName.get(key);
    if (known !== undefined) return known;
    const [help, unit] = [helps.get(declared), units.get(declared)];
    const made = {
      name,
      type,
      ...(unit === undefined || unit === "" ? {} : { unit }),
      ...(help === undefined || help === "" ? {} : { help }),
    };
    byName.set(key, made);
    return made;
  }

  function find(sample: string): { family: ReadFamily; suffix: string } {
    const suffix = SUFFIX.exec(sample)?.[0] ?? "";
    const base = sample.slice(0, sample.length - suffix.length);
    const baseType = types.get(base);
    if (suffix !== "" && baseType !== undefined && SUFFIXES[baseType]?.includes(suffix) === true) {
      if (suffix !== "_created" || format === "openmetrics") {
        // The name of an info series is that of its sample: there is no other one to ask for.
        const name = baseType === "info" ? sample : base;
        // A counter of the text format is declared by the name of its sample; this one is not.
        if (format === "openmetrics" || suffix !== "_total") return { family: family(name, baseType, base), suffix };
      }
    }
    const type = types.get(sample) ?? "unknown";
    if (type === "counter" && format === "text" && suffix === "_total")
      return { family: family(base, "counter", sample), suffix };
    // Without `_total` a stored counter would come back under another name.
    const stored = type === "counter" ? "unknown" : type;
    return { family: family(sample, stored, sample), suffix: "" };
  }

  return {
    declareType(name, type) {
      if (types.has(name)) return false;
      types.set(name, TYPES[format][type] ?? "unknown");
      return true;
    },
    declareHelp: (name, help) => void helps.set(name, help.slice(0, LIMITS.metricHelpChars).toWellFormed()),
    declareUnit: (name, unit) => void units.set(name, unit),
    of(sample) {
      let known = found.get(sample);
      if (known === undefined) found.set(sample, (known = find(sample)));
      return known;
    },
  };
}
