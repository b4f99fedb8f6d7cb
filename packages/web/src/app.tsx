import { Suspense, useEffect, useRef } from "react";
import { Redirect, useLocation, useSearch } from "wouter";
import { whenSignedOut } from "./api/client.ts";
import { answerOtherTabs } from "./api/csrf-token.ts";
import { LiveProvider } from "./api/live-context.tsx";
import { useForgetSession, useSession } from "./api/session.ts";
import { ErrorState } from "./components/states.tsx";
import { languageCodec } from "./state/codecs.ts";
import { safeNext } from "./state/page-link.ts";
import { useUrlState } from "./state/use-url-state.ts";
import { useI18n } from "./i18n/i18n-context.tsx";
import { LoginPage, PasswordPage } from "./routes.tsx";
import { Shell } from "./shell.tsx";

/** Who sees what: the sign-in page, the forced password choice, or the dashboard. */
export function App() {
  const session = useSession();
  useSignedOutWatch();
  useLinkedLanguage();
  useEffect(answerOtherTabs, []);
  const [path] = useLocation();
  const search = useSearch();

  if (session.data === undefined) {
    return session.error === null ? null : (
      <ErrorState failure={session.error} onRetry={() => void session.refetch()} />
    );
  }
  const { stage } = session.data;
  const next = safeNext(new URLSearchParams(search).get("next"));
  if (stage === "signed_out") {
    if (path === "/login") return <Alone page="login" />;
    return <Redirect to={loginAddress(path, search)} replace />;
  }
  if (stage === "must_change") {
    if (path === "/password") return <Alone page="password" />;
    return <Redirect to={nextAddress("/password", path === "/login" ? next : "/")} replace />;
  }
  if (path === "/login") return <Redirect to={next} replace />;
  if (path === "/password") return <Alone page="password" />;
  return (
    <LiveProvider enabled>
      <Shell session={session.data} />
    </LiveProvider>
  );
}

function Alone(props: { readonly page: "login" | "password" }) {
  const Page = props.page === "login" ? LoginPage : PasswordPage;
  return (
    <Suspense fallback={null}>
      <Page />
    </Suspense>
  );
}

function nextAddress(path: string, next: string): string {
  return next === "/" ? path : `${path}?next=${encodeURIComponent(next)}`;
}

function loginAddress(path: string, search: string): string {
  if (path === "/password") return "/login";
  return nextAddress("/login", `${path}${search === "" ? "" : `?${search}`}${location.hash}`);
}

/** A refused call anywhere means the session is over: forget it, and the sign-in page comes up. */
function useSignedOutWatch(): void {
  const forget = useForgetSession();
  const latest = useRef(forget);
  useEffect(() => {
    latest.current = forget;
  });
  useEffect(() => whenSignedOut(() => latest.current()), []);
}

/** `?lang=` in a link switches the language. */
function useLinkedLanguage(): void {
  const { tag, setLanguage } = useI18n();
  const linked = useUrlState(languageCodec).value;
  const applied = useRef("");
  useEffect(() => {
    if (linked === "" || linked === applied.current) return;
    applied.current = linked;
    if (linked !== tag) setLanguage(linked);
  }, [linked, tag, setLanguage]);
}
