import { facetsSchema, pipelineSchema, type FacetsAnswer, type Pipeline } from "@nexent/monitor-api";
import { useQuery, type QueryClient } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call } from "./client.ts";
import { noteServerTime } from "./server-contact.ts";

const HEALTH_KEY = ["health"] as const;

/** All models, operations and providers ever seen, and each model's accent. */
export function useFacets(enabled: boolean) {
  return useQuery<FacetsAnswer, ApiError>({
    queryKey: ["facets"],
    queryFn: async ({ signal }) => (await call({ path: "/api/facets", schema: facetsSchema, signal })).data,
    staleTime: 10_000,
    refetchInterval: 30_000,
    enabled,
  });
}

/** Pipeline health; live events keep it fresh, this is the first answer and the fallback. */
export function useHealth(enabled: boolean) {
  return useQuery<Pipeline, ApiError>({
    queryKey: HEALTH_KEY,
    queryFn: async ({ signal }) => {
      const { data } = await call({ path: "/api/health", schema: pipelineSchema, signal });
      noteServerTime(data.serverTimeMs);
      return data;
    },
    refetchInterval: 10_000,
    enabled,
  });
}

/** Puts a health report from the live stream where `useHealth` reads it. */
export function storeHealth(queries: QueryClient, pipeline: Pipeline): void {
  queries.setQueryData(HEALTH_KEY, pipeline);
}
