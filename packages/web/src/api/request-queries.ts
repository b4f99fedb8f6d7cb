import { requestDetailSchema, streamSchema, type RequestDetail, type StreamView } from "@nexent/monitor-api";
import { useQuery } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call, type Answer } from "./client.ts";

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
