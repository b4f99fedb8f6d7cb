import { sessionSchema, type Session } from "@nexent/monitor-api";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call } from "./client.ts";
import { askOtherTabs, csrfToken, keepCsrfToken } from "./csrf-token.ts";

/** Where the session is kept among the queries. */
export const SESSION_KEY = ["session"] as const;

/** The session as this tab can use it: signed in counts only with a CSRF token, taken from another tab if need be. */
async function readSession(signal: AbortSignal): Promise<Session> {
  const { data } = await call({ path: "/api/session", schema: sessionSchema, signal });
  if (data.stage === "signed_out") keepCsrfToken(undefined);
  else if (csrfToken() === undefined && (await askOtherTabs()) === undefined) return { ...data, stage: "signed_out" };
  return data;
}

/** Who is signed in, and what must be done first. */
export function useSession() {
  return useQuery<Session, ApiError>({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => readSession(signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Ends the session and forgets everything that was loaded. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    // The reader leaves either way; a server that does not answer keeps its session until it runs out.
    await call({ method: "DELETE", path: "/api/session", schema: { parse: (value) => value } }).catch(() => undefined);
    keepCsrfToken(undefined);
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] });
    await queries.invalidateQueries({ queryKey: SESSION_KEY });
  };
}

/** Marks the session as lost, so that the sign-in page comes up. */
export function useForgetSession(): () => void {
  const queries = useQueryClient();
  return () => {
    keepCsrfToken(undefined);
    void queries.invalidateQueries({ queryKey: SESSION_KEY });
  };
}
