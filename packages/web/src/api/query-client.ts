import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./api-error.ts";

/** Server data of the whole app. A refused question is not asked again; a silent server is, twice. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
        retryDelay: (attempt) => 500 * 2 ** attempt,
      },
    },
  });
}
