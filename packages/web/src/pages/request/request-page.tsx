import type { RequestDetail } from "@nexent/monitor-api";
import { useEffect } from "react";
import { Link, useParams } from "wouter";
import { useFacets } from "../../api/frame-queries.ts";
import { useRequestDetail } from "../../api/request-queries.ts";
import { buttonClass } from "../../components/button.tsx";
import { visibleText } from "../../components/marks.tsx";
import { useShortcuts } from "../../components/shortcuts.ts";
import { ErrorState, NoticeState, Skeleton } from "../../components/states.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { useT } from "../../i18n/i18n-context.tsx";
import { useHash } from "../../state/use-url-state.ts";
import { modelAccent } from "../../theme/model-accent.ts";
import { AttributesTab } from "./attributes-tab.tsx";
import { Numbers } from "./numbers.tsx";
import { RawTab } from "./raw-tab.tsx";
import { RequestHead } from "./request-head.tsx";
import { SplitPanel } from "./split-panel.tsx";
import css from "./request.module.css";
import { StreamTab } from "./stream-tab.tsx";
import { TraceTab } from "./trace-tab.tsx";
import { Verdict } from "./verdict.tsx";

const TABS = ["stream", "attributes", "raw", "trace"] as const;

/** Why was this answer slow. */
export default function RequestPage() {
  const t = useT();
  const { id } = useParams<{ id: string }>();
  const detail = useRequestDetail(id);
  const facets = useFacets(true);
  const model = detail.data?.data.request.model;
  useEffect(() => {
    if (model !== undefined) document.title = `${visibleText(model)} · ${t("nav.requests")} · ${t("app.name")}`;
  }, [model, t]);

  if (detail.data === undefined) {
    if (detail.error === null) return <DetailSkeleton />;
    if (detail.error.status === 404) {
      return (
        <NoticeState title={t("request.notFound")} text={t("request.notFoundText")}>
          <Link href="/requests" className={buttonClass()}>
            {t("nav.requests")}
          </Link>
        </NoticeState>
      );
    }
    return <ErrorState failure={detail.error} onRetry={() => void detail.refetch()} />;
  }
  const accent = facets.data?.accents[detail.data.data.request.model];
  return <Detail id={id} detail={detail.data.data} accent={accent} />;
}

interface DetailProps {
  readonly id: string;
  readonly detail: RequestDetail;
  readonly accent: number | undefined;
}

function Detail(props: DetailProps) {
  const t = useT();
  const { detail } = props;
  const [tab, setTab] = useHash(TABS);
  useShortcuts(Object.fromEntries(TABS.map((name, index) => [String(index + 1), () => setTab(name)])));
  const colour = { "--accent": `var(--models-${modelAccent(props.accent).index})` };
  return (
    <div style={{ ...colour, display: "contents" }}>
      <RequestHead detail={detail} accent={props.accent} />
      <Verdict messages={detail.verdict} />
      <Numbers detail={detail} />
      <SplitPanel detail={detail} />
      <Tabs
        label={t("tab.label")}
        tabs={TABS.map((name) => ({ id: name, label: t(`tab.${name}`) }))}
        active={tab}
        onChange={setTab}
      >
        <div className={css["view"]}>
          {tab === "stream" ? <StreamTab id={props.id} detail={detail} accent={props.accent} /> : null}
          {tab === "attributes" ? <AttributesTab detail={detail} /> : null}
          {tab === "raw" ? <RawTab detail={detail} /> : null}
          {tab === "trace" ? <TraceTab detail={detail} /> : null}
        </div>
      </Tabs>
    </div>
  );
}

function DetailSkeleton() {
  const t = useT();
  return (
    <div aria-busy="true" aria-label={t("request.loading")} className={css["view"]}>
      <Skeleton height={56} />
      <Skeleton height={52} />
      <Skeleton height={84} />
      <Skeleton height={230} />
      <Skeleton height={300} />
    </div>
  );
}
