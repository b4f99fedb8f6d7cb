import { LIMITS } from "@nexent/monitor-core";
import type { FamilyMetadata, MetricSeries } from "./metric-contract.ts";
import { kindOfType, type SampleKind } from "./metric-series.ts";
import { compareUtf8 } from "./utf8-order.ts";

/** What was said of the families of one day, in the order in which it was first said. */
export interface DayDescriptions {
  readonly all: readonly FamilyMetadata[];
  /** Answers the description if it is new; a family has a bounded number of them. */
  add(series: MetricSeries): FamilyMetadata | undefined;
}

/** Descriptions of a day, given those that are stored. */
export function createDayDescriptions(known: readonly FamilyMetadata[] = []): DayDescriptions {
  const byKey = new Map(known.map((description) => [keyOf(description), description]));
  const perFamily = new Map<string, number>();
  const countOf = (family: string): number => perFamily.get(family) ?? 0;
  for (const { family } of known) perFamily.set(family, countOf(family) + 1);
  return {
    get all() {
      return [...byKey.values()];
    },
    add(series) {
      const description = descriptionOf(series);
      const key = keyOf(description);
      if (byKey.has(key) || countOf(series.family) >= LIMITS.metricDescriptionsPerFamily) return undefined;
      byKey.set(key, description);
      perFamily.set(series.family, countOf(series.family) + 1);
      return description;
    },
  };
}

function descriptionOf({ family, type, unit, help }: MetricSeries): FamilyMetadata {
  return { family, type, ...(unit === undefined ? {} : { unit }), ...(help === undefined ? {} : { help }) };
}

function keyOf({ family, type, unit, help }: FamilyMetadata): string {
  return JSON.stringify([family, type, unit ?? null, help ?? null]);
}

/** The newest description of each family and kind; `days` come oldest first. */
export function newestByKind(
  days: readonly (readonly FamilyMetadata[])[],
): (family: string, kind: SampleKind) => FamilyMetadata {
  const newest = new Map<string, FamilyMetadata>();
  for (const description of days.flat()) {
    const key = JSON.stringify([description.family, kindOfType(description.type)]);
    const { help, ...rest } = description;
    const known = help ?? newest.get(key)?.help;
    newest.set(key, { ...rest, ...(known === undefined ? {} : { help: known }) });
  }
  return (family, kind) =>
    newest.get(JSON.stringify([family, kind])) ?? { family, type: kind === "scalar" ? "unknown" : kind };
}

/** By family; of one family the newest first, each type and unit once with its newest help. `days` come oldest first. */
export function listMetadata(days: readonly (readonly FamilyMetadata[])[]): readonly FamilyMetadata[] {
  const found = new Map<string, FamilyMetadata>();
  for (const description of days.flat().toReversed()) {
    const { help: _, ...rest } = description;
    const key = keyOf(rest);
    const known = found.get(key);
    if (known === undefined) found.set(key, description);
    else if (known.help === undefined && description.help !== undefined)
      found.set(key, { ...known, help: description.help });
  }
  return [...found.values()].sort((a, b) => compareUtf8(a.family, b.family));
}
