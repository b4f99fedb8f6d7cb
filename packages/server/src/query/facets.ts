import type { FacetsAnswer } from "@nexent/monitor-api";
import type { TimeRange, TraceStore } from "@nexent/monitor-store";
import type { Accents } from "./accents.ts";

/** What filters can offer, and each model's accent. */
export async function facetsOf(
  store: TraceStore,
  accents: Accents,
  range: TimeRange,
  signal?: AbortSignal,
): Promise<FacetsAnswer> {
  const facets = await store.facets(range, signal);
  const copy = (values: typeof facets.models) => values.map(({ value, calls }) => ({ value, calls }));
  return {
    services: copy(facets.services),
    models: copy(facets.models),
    operations: copy(facets.operations),
    providers: copy(facets.providers),
    accents: await accents.of(facets.models.map(({ value }) => value)),
  };
}
