import type { RequestDetail } from "@nexent/monitor-api";
import { ArrowLeft } from "lucide-react";
import { Link } from "wouter";
import { CopyButton } from "../../components/copy.tsx";
import { Chip, ModelName, StatusMark, visibleText } from "../../components/marks.tsx";
import { useFormat } from "../../format/format.ts";
import { formatClockMs, formatDate } from "../../format/time.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

interface HeadProps {
  readonly detail: RequestDetail;
  readonly accent: number | undefined;
}

/** Which request this is. */
export function RequestHead({ detail, accent }: HeadProps) {
  const t = useT();
  const { request } = detail;
  return (
    <div className={css["top"]}>
      <div>
        <Link href="/requests" className={css["crumb"]}>
          <ArrowLeft size={13} aria-hidden="true" />
          {t("request.back")}
        </Link>
        <div className={css["id"]}>
          <ModelName model={request.model} accentIndex={accent} />
          {request.operation === undefined ? null : <bdi>{visibleText(request.operation)}</bdi>}
          <code title={request.id}>{request.spanId}</code>
        </div>
        <div className={css["under"]}>
          <Facts detail={detail} />
          <Chips detail={detail} />
        </div>
      </div>
      <div className={css["actions"]}>
        <CopyButton
          text={() => `${location.origin}/requests/${encodeURIComponent(request.id)}`}
          label={t("request.copyLink")}
        />
      </div>
    </div>
  );
}

function Facts({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  const format = useFormat();
  const { request } = detail;
  const estimate = request.estimated === true ? "~" : "";
  const cached =
    detail.cacheReadTokens === undefined
      ? ""
      : ` (${t("request.cached", { n: format.exact(detail.cacheReadTokens) })})`;
  return (
    <div className={css["facts"]}>
      <StatusMark outcome={request.outcome} detail={request.errorType} />
      <span title={new Date(request.startMs).toISOString()}>
        {formatDate(request.startMs)} {formatClockMs(request.startMs)}
      </span>
      {request.inputTokens === undefined ? null : (
        <span>
          {t("request.input", { n: format.exact(request.inputTokens) })}
          {cached}
        </span>
      )}
      {request.outputTokens === undefined ? null : (
        <span>{t("request.output", { n: `${estimate}${format.exact(request.outputTokens)}` })}</span>
      )}
      {request.finishReason === undefined ? null : (
        <span>{t("request.finish", { reason: visibleText(request.finishReason) })}</span>
      )}
      {request.provider === undefined ? null : <bdi>{visibleText(request.provider)}</bdi>}
      <span>{t("request.service", { name: visibleText(request.service) })}</span>
      {(request.attempts ?? 1) > 1 ? <span>{t("request.attempts", { n: request.attempts ?? 1 })}</span> : null}
    </div>
  );
}

function Chips({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  return (
    <div className={css["chips"]}>
      {detail.request.slow === true ? <Chip text={t("request.slowChip")} amber /> : null}
      {detail.request.estimated === true ? <Chip text={t("request.estimatedTokens")} /> : null}
      {detail.clockSource === "iterator" ? <Chip text={t("request.clockIterator")} /> : null}
    </div>
  );
}
