import { LIMITS } from "@nexent/monitor-core";
import type { FamilyMetadata, MetricSeries } from "@nexent/monitor-store";
import type { Hono } from "hono";
import type { ApiEnv } from "../http/api-context.ts";
import { answering, type PrometheusContext, type Question } from "./prometheus-context.ts";
import { badParameter, QueryFault } from "./query-fault.ts";
import { matchesOf, seriesRangeOf, wholeOf } from "./query-params.ts";
import { NAME_LABEL } from "./selector.ts";
import { listBounds, listNames, listSeries, type Listing } from "./series-listing.ts";
import { metadataNameOf } from "./series-names.ts";

/** `/series`, `/labels`, `/label/:name/values` and `/metadata`. */
export function addSeriesRoutes(app: Hono<ApiEnv>, context: PrometheusContext): void {
  const { store } = context;
  const listingOf = ({ params, signal, warn }: Question): Listing => ({
    store,
    matches: matchesOf(params),
    range: seriesRangeOf(params),
    signal,
    onCut: () => warn(`results truncated: there are more than ${LIMITS.seriesPerQuery} series`),
  });

  app.on(
    ["GET", "POST"],
    "/api/v1/series",
    answering(context, async (question) => {
      const listing = listingOf(question);
      if (listing.matches.length === 0) throw new QueryFault("bad_data", "no match[] parameter provided");
      return limited(await listSeries(listing), question);
    }),
  );
  app.on(
    ["GET", "POST"],
    "/api/v1/labels",
    answering(context, async (question) => limited(await labelNames(listingOf(question)), question)),
  );
  app.get(
    "/api/v1/label/:name/values",
    answering(context, async (question, c) =>
      limited(await labelValues(listingOf(question), labelOf(c.req.param("name") ?? "")), question),
    ),
  );
  app.get(
    "/api/v1/metadata",
    answering(context, async ({ params }) => {
      const limit = wholeOf(params, "limit") ?? -1;
      const wanted = params.get("metric") ?? "";
      return metadataOf(await store.metadata(), wanted, limit);
    }),
  );
}

async function labelNames(listing: Listing): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { series, sample } of await listNames(listing)) {
    names.add(NAME_LABEL);
    for (const name of Object.keys(series.labels)) names.add(name);
    if (sample.boundLabel !== undefined) names.add(sample.boundLabel);
  }
  return [...names].toSorted();
}

async function labelValues(listing: Listing, label: string): Promise<readonly string[]> {
  const { store, matches, range, signal } = listing;
  if (label === "le" || label === "quantile") return [...(await listBounds(listing, label))].toSorted();
  if (label !== NAME_LABEL && matches.length === 0) return store.labelValues(label, {}, range, signal);
  const values = new Set<string>();
  for (const { series, sample } of await listNames(listing)) {
    const value = label === NAME_LABEL ? sample.name : ownOf(series, label);
    if (value !== undefined) values.add(value);
  }
  return [...values].toSorted();
}

/** The asker's label may be a word that every object knows. */
function ownOf({ labels }: MetricSeries, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

/** @throws {QueryFault} for what cannot name a label. */
function labelOf(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw badParameter("name", `invalid label name: ${JSON.stringify(name.slice(0, 100))}`);
  return name;
}

/** A family under the name that is asked for; families of one name stand together. */
function metadataOf(families: readonly FamilyMetadata[], wanted: string, limit: number): Record<string, object[]> {
  const found = new Map<string, object[]>();
  for (const family of families) {
    const name = metadataNameOf(family);
    if (wanted !== "" && wanted !== name) continue;
    if (!found.has(name) && limit >= 0 && found.size >= limit) continue;
    const one = { type: family.type, help: family.help ?? "", unit: family.unit ?? "" };
    found.set(name, [...(found.get(name) ?? []), one]);
  }
  return Object.fromEntries(found);
}

function limited<T>(items: readonly T[], { params, warn }: Question): readonly T[] {
  const limit = wholeOf(params, "limit") ?? 0;
  if (limit < 0) throw badParameter("limit", "limit must be non-negative");
  if (limit === 0 || items.length <= limit) return items;
  warn("results truncated due to limit");
  return items.slice(0, limit);
}
