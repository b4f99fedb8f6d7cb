import {
  facetsSchema,
  pipelineSchema,
  requestDetailSchema,
  requestListSchema,
  seriesSchema,
  setupCheckSchema,
  setupTestSchema,
  streamSchema,
  summarySchema,
  type FacetsAnswer,
  type Pipeline,
  type RequestDetail,
  type RequestList,
  type Series,
  type SeriesQuery,
  type SetupCheck,
  type SetupTest,
  type StreamView,
  type Summary,
} from "@nexent/monitor-api";
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call, type Answer } from "./client.ts";
import { refreshMs, scopeQuery, type Scope } from "./scope.ts";
import { noteServerTime } from "./server-contact.ts";

const HEALTH_KEY = ["health"] as const;

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

/** The range a series was asked for. */
export interface SeriesSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

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

/** Filter text and order of the request list. */
export interface ListQuestion {
  readonly scope: Scope;
  readonly filter: string;
  /** As the API takes it: `-start`. */
  readonly sort: string;
}

const PAGE_ROWS = 200;

/** Requests by cursor, 200 a page. `refreshEveryMs` asks the loaded pages again; rows may also come live. */
export function useRequestList(question: ListQuestion, refreshEveryMs: number | undefined) {
  return useInfiniteQuery<
    Answer<RequestList>,
    ApiError,
    InfiniteData<Answer<RequestList>, string | undefined>,
    readonly unknown[],
    string | undefined
  >({
    queryKey: ["requests", question],
    queryFn: ({ signal, pageParam }) =>
      call({
        path: "/api/requests",
        query: {
          ...scopeQuery(question.scope),
          f: question.filter === "" ? undefined : question.filter,
          sort: question.sort,
          cursor: pageParam,
          limit: PAGE_ROWS,
        },
        schema: requestListSchema,
        signal,
      }),
    initialPageParam: undefined,
    getNextPageParam: (last) => last.data.next,
    placeholderData: keepPreviousData,
    refetchInterval: refreshEveryMs ?? false,
  });
}

/** Everything about one request. */
export function useRequestDetail(id: string) {
  return useQuery<Answer<RequestDetail>, ApiError>({
    queryKey: ["request", id],
    queryFn: ({ signal }) =>
      call({ path: `/api/requests/${encodeURIComponent(id)}`, schema: requestDetailSchema, signal }),
    staleTime: 60_000,
  });
}

/** The token tape of one request in columns. */
export function useStream(id: string, enabled: boolean) {
  return useQuery<StreamView, ApiError>({
    queryKey: ["stream", id],
    queryFn: async ({ signal }) => {
      const path = `/api/requests/${encodeURIComponent(id)}/stream`;
      return (await call({ path, schema: streamSchema, signal })).data;
    },
    staleTime: Number.POSITIVE_INFINITY,
    enabled,
  });
}

/** The four steps from nothing to the first request; asked every 2 s while the page is open. */
export function useSetupCheck() {
  return useQuery<SetupCheck, ApiError>({
    queryKey: ["setup"],
    queryFn: async ({ signal }) => (await call({ path: "/api/setup/check", schema: setupCheckSchema, signal })).data,
    refetchInterval: 2_000,
  });
}

/** Sends one request through the gateway to the built-in model. */
export function useSetupTest() {
  const queries = useQueryClient();
  return useMutation<SetupTest, ApiError, void>({
    mutationFn: async () =>
      (await call({ method: "POST", path: "/api/setup/test", body: {}, schema: setupTestSchema })).data,
    onSettled: () => queries.invalidateQueries({ queryKey: ["setup"] }),
  });
}
