import { loginAnswerSchema, sessionSchema, type LoginAnswer, type Session } from "@nexent/monitor-api";
import { useMutation, useQuery, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call } from "./client.ts";
import { askOtherTabs, csrfToken, keepCsrfToken } from "./csrf-token.ts";

const SESSION_KEY = ["session"] as const;

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

function useSessionChange<V>(
  change: (variables: V) => Promise<LoginAnswer>,
): UseMutationResult<LoginAnswer, ApiError, V> {
  const queries = useQueryClient();
  return useMutation<LoginAnswer, ApiError, V>({
    mutationFn: change,
    onSuccess: (answer) => {
      keepCsrfToken(answer.csrf);
      queries.setQueryData(SESSION_KEY, answer.session);
    },
  });
}

async function post(path: string, body: unknown): Promise<LoginAnswer> {
  return (await call({ method: "POST", path, body, schema: loginAnswerSchema })).data;
}

/** Signs in. */
export function useSignIn() {
  return useSessionChange((login: { readonly user: string; readonly password: string }) => post("/api/session", login));
}

/** Changes the password. */
export function useChangePassword() {
  return useSessionChange((passwords: { readonly oldPassword: string; readonly newPassword: string }) =>
    post("/api/session/password", passwords),
  );
}

/** Goes on with the default password; offered on this machine only. */
export function useSkipPassword() {
  return useSessionChange((_: void) => post("/api/session/skip", {}));
}

/** Ends the session and forgets everything that was loaded. */
export function useSignOut() {
  const queries = useQueryClient();
  return useMutation<void, ApiError, void>({
    mutationFn: async () => {
      await call({ method: "DELETE", path: "/api/session", schema: { parse: (value) => value } });
    },
    onSettled: async () => {
      keepCsrfToken(undefined);
      queries.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION_KEY[0] });
      await queries.invalidateQueries({ queryKey: SESSION_KEY });
    },
  });
}

/** Marks the session as lost, so that the sign-in page comes up. */
export function useForgetSession(): () => void {
  const queries = useQueryClient();
  return () => {
    keepCsrfToken(undefined);
    void queries.invalidateQueries({ queryKey: SESSION_KEY });
  };
}
