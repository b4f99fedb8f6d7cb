import { compareFacets, compareSpanNames, FACET_VALUES, SPAN_NAMES } from "../answer-order.ts";
import type { Facets, FacetValue, SpanName } from "../contract.ts";

/** Lists that filters offer. */
export const FACET_NAMES = [
  "services",
  "models",
  "operations",
  "providers",
] as const satisfies readonly (keyof Facets)[];

/** How often each name occurs among some spans; nothing is cut. */
export interface NameCounts {
  /** By calls. */
  readonly facets: Facets;
  /** By ended spans. */
  readonly spanNames: readonly SpanName[];
}

/** More names of one day are counted when they are asked for. */
const MAX_NAMES = 20_000;

/** Whether names are few enough to be kept. */
export function areFew({ facets, spanNames }: NameCounts): boolean {
  return namesIn(facets) + spanNames.length <= MAX_NAMES;
}

function namesIn(facets: Facets): number {
  return FACET_NAMES.reduce((sum, name) => sum + facets[name].length, 0);
}

/** Calls of all parts by value: those that occur most, in order. */
export function mergeFacets(parts: readonly Facets[]): Facets {
  const list = (name: (typeof FACET_NAMES)[number]): FacetValue[] => {
    const calls = new Map<string, number>();
    for (const part of parts)
      for (const { value, calls: own } of part[name]) calls.set(value, (calls.get(value) ?? 0) + own);
    const values = [...calls].map(([value, count]) => ({ value, calls: count }));
    return values.sort(compareFacets).slice(0, FACET_VALUES);
  };
  return {
    services: list("services"),
    models: list("models"),
    operations: list("operations"),
    providers: list("providers"),
  };
}

/** Spans of all parts by name: the first ones, in order. */
export function mergeSpanNames(parts: readonly (readonly SpanName[])[]): SpanName[] {
  const names = new Map<string, SpanName>();
  for (const part of parts) {
    for (const one of part) {
      const key = JSON.stringify([one.service, one.name, one.kind]);
      const known = names.get(key);
      names.set(key, known === undefined ? one : { ...one, spans: known.spans + one.spans });
    }
  }
  return [...names.values()].sort(compareSpanNames).slice(0, SPAN_NAMES);
}
