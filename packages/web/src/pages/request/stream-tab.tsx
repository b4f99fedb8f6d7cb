import type { RequestDetail, StreamView } from "@nexent/monitor-api";
import { useMemo } from "react";
import { useStream } from "../../api/request-queries.ts";
import { createStreamModel } from "../../canvas/stream-model.ts";
import { Panel } from "../../components/panel.tsx";
import { ErrorState, NoticeState, Skeleton } from "../../components/states.tsx";
import { useT } from "../../i18n/i18n-context.tsx";
import { StreamViews } from "./stream-views.tsx";

interface StreamTabProps {
  readonly id: string;
  readonly detail: RequestDetail;
  readonly accent: number | undefined;
}

/** The token timeline, or why there is none. */
export function StreamTab(props: StreamTabProps) {
  const t = useT();
  const { detail } = props;
  const stream = useStream(props.id, detail.hasStream);
  if (!detail.hasStream) {
    const plain = detail.request.streaming === false;
    return (
      <Panel title={t("stream.strip")}>
        <NoticeState
          title={t(plain ? "stream.notStreaming" : "stream.missing")}
          {...(plain ? {} : { text: t("stream.missingText") })}
        />
      </Panel>
    );
  }
  if (stream.data === undefined) {
    if (stream.error === null) return <Skeleton height={230} />;
    return <ErrorState failure={stream.error} onRetry={() => void stream.refetch()} />;
  }
  return <WithModel stream={stream.data} detail={detail} accent={props.accent} />;
}

function WithModel(props: {
  readonly stream: StreamView;
  readonly detail: RequestDetail;
  readonly accent: number | undefined;
}) {
  const t = useT();
  const model = useMemo(() => createStreamModel(props.stream), [props.stream]);
  if (model.count === 0) return <NoticeState title={t("stream.empty")} />;
  return <StreamViews model={model} detail={props.detail} accent={props.accent} />;
}
