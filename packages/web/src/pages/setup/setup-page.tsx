import type { SetupCheck } from "@nexent/monitor-api";
import { Circle, CircleCheck, CircleX } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useSetupCheck, useSetupTest } from "../../api/setup-queries.ts";
import { Button, buttonClass } from "../../components/button.tsx";
import { Panel } from "../../components/panel.tsx";
import { Snippet } from "../../components/snippet.tsx";
import { useServerMessage } from "../../components/server-message.tsx";
import { ErrorState, Skeleton, useFailureText } from "../../components/states.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./setup.module.css";
import { snippet, SNIPPET_IDS, type SnippetId } from "../../components/snippets.ts";

/** From nothing to the first request, and why a dashboard may be empty. */
export default function SetupPage() {
  const check = useSetupCheck();
  useOpenWhenNew(check.data?.newestRequestId, check.data !== undefined);
  if (check.data === undefined) {
    if (check.error === null) return <Skeleton height={420} />;
    return <ErrorState failure={check.error} onRetry={() => void check.refetch()} />;
  }
  return (
    <div className={css["page"]}>
      <SetupHead check={check.data} />
      <Snippets check={check.data} />
      <Steps check={check.data} />
    </div>
  );
}

/** Turns the page into a new request's detail when one arrives while it is open. */
function useOpenWhenNew(newest: string | undefined, loaded: boolean): void {
  const [, navigate] = useLocation();
  const known = useRef<{ readonly id: string | undefined }>(undefined);
  useEffect(() => {
    if (!loaded) return;
    if (known.current === undefined) known.current = { id: newest };
    else if (newest !== undefined && newest !== known.current.id) navigate(`/requests/${encodeURIComponent(newest)}`);
  }, [newest, loaded, navigate]);
}

interface PartProps {
  readonly check: SetupCheck;
}

function SetupHead({ check }: PartProps) {
  const t = useT();
  const newest = check.newestRequestId;
  return (
    <div className={css["head"]}>
      <h2>
        <span className={css["pulse"]} data-on={newest !== undefined} aria-hidden="true" />
        {t(newest === undefined ? "setup.waiting" : "setup.have")}
      </h2>
      <ul className={css["ports"]} aria-label={t("setup.listening")}>
        {check.listening.map((port) => (
          <li key={port.name} className={css[port.open ? "open" : "closed"]}>
            {port.open ? <CircleCheck size={13} aria-hidden="true" /> : <CircleX size={13} aria-hidden="true" />}
            {t(`setup.${port.name}`)} <code>{port.url}</code>
            {port.open ? null : t("setup.closed")}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Snippets({ check }: PartProps) {
  const t = useT();
  const [id, setId] = useState<SnippetId>("curl");
  const text = snippet(id, check);
  const note = id === "curl" && check.exactBaseUrl === undefined ? t("setup.note.curlUpstream") : t(`setup.note.${id}`);
  return (
    <Panel title={t("setup.title")}>
      <Tabs
        label={t("setup.tabs")}
        tabs={SNIPPET_IDS.map((tab) => ({ id: tab, label: t(`setup.tab.${tab}`) }))}
        active={id}
        onChange={setId}
      >
        <div className={css["code"]}>
          <Snippet text={text} />
        </div>
        <p className={css["note"]}>{note}</p>
      </Tabs>
      <TestRequest newest={check.newestRequestId} />
    </Panel>
  );
}

function TestRequest(props: { readonly newest: string | undefined }) {
  const t = useT();
  const test = useSetupTest();
  const reason = useServerMessage("reason");
  const failureText = useFailureText();
  return (
    <div className={css["actions"]} style={{ marginTop: 14 }}>
      <Button look="primary" disabled={test.isPending} onClick={() => test.mutate()}>
        {t(test.isPending ? "setup.testing" : "setup.test")}
      </Button>
      {props.newest === undefined ? null : (
        <Link href={`/requests/${encodeURIComponent(props.newest)}`} className={buttonClass("quiet")}>
          {t("setup.openNewest")}
        </Link>
      )}
      <span role="status" className={css["note"]} style={{ marginTop: 0 }}>
        {test.error === null
          ? testText(test.data, t, reason)
          : t("setup.testFailed", { reason: failureText(test.error) })}
        {test.data === undefined && test.error === null && props.newest !== undefined ? t("setup.haveText") : null}
      </span>
    </div>
  );
}

function testText(
  answer: ReturnType<typeof useSetupTest>["data"],
  t: ReturnType<typeof useT>,
  reason: ReturnType<typeof useServerMessage>,
): string {
  if (answer === undefined) return "";
  if (answer.sent && answer.reason === undefined) return t("setup.testSent");
  if (answer.reason !== undefined) return t("setup.testFailed", { reason: reason(answer.reason) });
  return t("setup.testFailed", { reason: t("setup.testStatus", { status: String(answer.status ?? "–") }) });
}

function Steps({ check }: PartProps) {
  const t = useT();
  const reason = useServerMessage("reason");
  const failing = check.steps.find((step) => step.state !== "ok" && step.reason !== undefined);
  return (
    <Panel title={t("setup.check")}>
      <ol className={css["steps"]}>
        {check.steps.map((step) => {
          const Icon = step.state === "ok" ? CircleCheck : step.state === "no" ? CircleX : Circle;
          return (
            <li key={step.id} className={css["step"]} data-state={step.state}>
              <Icon size={15} aria-hidden="true" />
              {t(`setup.step.${step.id}`)}
              <span>{t(`setup.state.${step.state}`)}</span>
            </li>
          );
        })}
      </ol>
      {failing?.reason === undefined ? null : (
        <p className={css["reason"]} data-state={failing.state}>
          {reason(failing.reason)}
        </p>
      )}
    </Panel>
  );
}
