import { seriesSchema, summarySchema, type Series, type SeriesQuery, type Summary } from "@nexent/monitor-api";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call, type Answer } from "./client.ts";
import { refreshMs, scopeQuery, type Scope } from "./scope.ts";

/** Tiles, sparklines and models of a scope; asked again while live. */
export function useSummary(scope: Scope, live: boolean) {
  return useQuery<Answer<Summary>, ApiError>({
    queryKey: ["summary", scope],
    queryFn: ({ signal }) => call({ path: "/api/summary", query: scopeQuery(scope), schema: summarySchema, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: live ? refreshMs(scope) : false,
  });
}

/** One metric over time, by model; asked again while live. */
export function useSeries(metric: SeriesQuery["metric"], scope: Scope, live: boolean) {
  return useQuery<Answer<Series> & SeriesSpan, ApiError>({
    queryKey: ["series", metric, scope],
    queryFn: async ({ signal }) => {
      const query = scopeQuery(scope);
      const path = "/api/series";
      const answer = await call({ path, query: { ...query, metric, by: "model" }, schema: seriesSchema, signal });
      return { ...answer, fromMs: query.from, toMs: query.to };
    },
    placeholderData: keepPreviousData,
    refetchInterval: live ? refreshMs(scope) : false,
  });
}

export interface SeriesSpan {
  readonly fromMs: number;
  readonly toMs: number;
}
