import { useEffect, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { useChangePassword, useSkipPassword } from "../../api/session-changes.ts";
import { useSession } from "../../api/session.ts";
import { AlonePage, Field, FormActions, FormText } from "../../components/alone/alone-page.tsx";
import { Button } from "../../components/button.tsx";
import { useFailureText } from "../../components/states.tsx";
import { useT } from "../../i18n/i18n-context.tsx";
import { safeNext } from "../../state/page-link.ts";

const SHORTEST = 8;

/** Choose a password; forced after signing in with the default one, with a way past it only where the server offers it. */
export default function PasswordPage() {
  const t = useT();
  const failureText = useFailureText();
  const session = useSession();
  const change = useChangePassword();
  const skip = useSkipPassword();
  const next = safeNext(new URLSearchParams(useSearch()).get("next"));
  const [, navigate] = useLocation();
  const [oldPassword, setOld] = useState("");
  const [newPassword, setNew] = useState("");
  const [repeat, setRepeat] = useState("");
  const [tried, setTried] = useState(false);

  useEffect(() => {
    document.title = `${t("password.title")} · ${t("app.name")}`;
  }, [t]);

  const problem =
    newPassword.length < SHORTEST ? t("password.tooShort") : newPassword !== repeat ? t("password.differs") : undefined;
  const leave = { onSuccess: () => navigate(next, { replace: true }) };
  const submit = () => {
    setTried(true);
    if (problem === undefined && oldPassword !== "") change.mutate({ oldPassword, newPassword }, leave);
  };
  const error = change.error ?? skip.error;
  return (
    <AlonePage title={t("password.title")} version={session.data?.version} onSubmit={submit}>
      <FormText look="note">{t("password.why")}</FormText>
      <input type="text" name="username" autoComplete="username" value={session.data?.user ?? ""} readOnly hidden />
      <Field
        label={t("password.old")}
        type="password"
        autoComplete="current-password"
        autoFocus
        required
        value={oldPassword}
        onChange={(event) => setOld(event.target.value)}
      />
      <Field
        label={t("password.new")}
        type="password"
        autoComplete="new-password"
        required
        maxLength={256}
        value={newPassword}
        onChange={(event) => setNew(event.target.value)}
      />
      <Field
        label={t("password.repeat")}
        type="password"
        autoComplete="new-password"
        required
        maxLength={256}
        value={repeat}
        onChange={(event) => setRepeat(event.target.value)}
      />
      <FormText look="note">{t("password.rule")}</FormText>
      {tried && problem !== undefined ? <FormText look="error">{problem}</FormText> : null}
      {error === null || (tried && problem !== undefined) ? null : (
        <FormText look="error">
          {error.status === 400 || error.status === 401 || error.status === 403
            ? t("password.wrong")
            : t("password.failed", { reason: failureText(error) })}
        </FormText>
      )}
      <FormActions>
        <Button type="submit" look="primary" disabled={change.isPending}>
          {t("password.submit")}
        </Button>
        {session.data?.canSkip === true && session.data.stage === "must_change" ? (
          <Button look="quiet" disabled={skip.isPending} onClick={() => skip.mutate(undefined, leave)}>
            {t("password.skip")}
          </Button>
        ) : null}
      </FormActions>
      {session.data?.canSkip === true && session.data.stage === "must_change" ? (
        <FormText look="note">{t("password.skipNote")}</FormText>
      ) : null}
    </AlonePage>
  );
}
