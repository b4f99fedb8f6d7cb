import { useEffect, useState } from "react";
import type { ApiError } from "../../api/api-error.ts";
import { useSignIn } from "../../api/session-changes.ts";
import { useSession } from "../../api/session.ts";
import { AlonePage, Field, FormActions, FormText } from "../../components/alone/alone-page.tsx";
import { Button } from "../../components/button.tsx";
import { useFailureText } from "../../components/states.tsx";
import { useT } from "../../i18n/i18n-context.tsx";

const DEFAULT_WAIT_SECONDS = 30;

/** Sign in. The default password is named only while the server says that it holds. */
export default function LoginPage() {
  const t = useT();
  const session = useSession();
  const signIn = useSignIn();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const { left: wait, start: startWait } = useCountdown();

  useEffect(() => {
    document.title = `${t("login.title")} · ${t("app.name")}`;
  }, [t]);

  const submit = () => {
    if (user === "" || password === "" || wait > 0) return;
    const onError = (error: ApiError) => {
      if (error.status === 429) startWait(error.retryAfterSeconds ?? DEFAULT_WAIT_SECONDS);
    };
    signIn.mutate({ user, password }, { onError });
  };
  return (
    <AlonePage title={t("login.title")} version={session.data?.version} onSubmit={submit}>
      <Field
        label={t("login.user")}
        name="username"
        autoComplete="username"
        autoFocus
        required
        value={user}
        onChange={(event) => setUser(event.target.value)}
      />
      <Field
        label={t("login.password")}
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      <SignInError error={signIn.error} wait={wait} />
      <FormActions>
        <Button type="submit" look="primary" disabled={signIn.isPending || wait > 0}>
          {t("login.submit")}
        </Button>
      </FormActions>
      {session.data?.defaultPasswordHint === true ? (
        <FormText look="hint">{t("login.hint", { user: "admin", password: "admin" })}</FormText>
      ) : null}
    </AlonePage>
  );
}

function SignInError(props: { readonly error: ApiError | null; readonly wait: number }) {
  const t = useT();
  const failureText = useFailureText();
  const { error } = props;
  if (error === null) return null;
  if (error.status === 429) {
    return props.wait === 0 ? null : <FormText look="error">{t("login.wait", { n: props.wait })}</FormText>;
  }
  const text = error.status === 401 ? t("login.wrong") : t("login.failed", { reason: failureText(error) });
  return <FormText look="error">{text}</FormText>;
}

/** Seconds left of a wait, 0 when there is none; `start` begins one. */
function useCountdown() {
  const [untilMs, setUntilMs] = useState(0);
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (untilMs === 0) return undefined;
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((untilMs - Date.now()) / 1e3))), 250);
    return () => clearInterval(timer);
  }, [untilMs]);
  const start = (seconds: number) => {
    setUntilMs(Date.now() + seconds * 1e3);
    setLeft(Math.ceil(seconds));
  };
  return { left, start };
}
