import { requestListSchema, type RequestList } from "@nexent/monitor-api";
import { keepPreviousData, useInfiniteQuery, type InfiniteData } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call, type Answer } from "./client.ts";
import { scopeQuery, type Scope } from "./scope.ts";

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
