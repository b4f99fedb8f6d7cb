import { loginAnswerSchema, type LoginAnswer } from "@nexent/monitor-api";
import { useMutation, useQueryClient, type UseMutationResult } from "@tanstack/react-query";
import type { ApiError } from "./api-error.ts";
import { call } from "./client.ts";
import { keepCsrfToken } from "./csrf-token.ts";
import { SESSION_KEY } from "./session.ts";

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
  return useSessionChange<void>(() => post("/api/session/skip", {}));
}
