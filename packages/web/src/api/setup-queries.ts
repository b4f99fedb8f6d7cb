import { setupCheckSchema, setupTestSchema, type SetupCheck, type SetupTest } from "@nexent/monitor-api";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call } from "./client.ts";

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
  return useMutation<SetupTest, ApiError>({
    mutationFn: async () =>
      (await call({ method: "POST", path: "/api/setup/test", body: {}, schema: setupTestSchema })).data,
    onSettled: () => queries.invalidateQueries({ queryKey: ["setup"] }),
  });
}
