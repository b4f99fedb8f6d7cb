import type { RequestDetail } from "@nexent/monitor-api";
import { useFormat, type Format } from "../../format/format.ts";
import { rankText } from "../../format/message-params.ts";
import { useT, type Translate } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

interface NumberCell {
  readonly label: string;
  readonly info: string;
  readonly value: string;
  readonly rank?: number | undefined;
}

/** The request's numbers in one row; each says what it is, and its rank where the server gave one. */
export function Numbers({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  const format = useFormat();
  return (
    <dl className={css["numbers"]}>
      {cells(detail, t, format).map((cell) => (
        <div key={cell.label} title={cell.info}>
          <dt>{cell.label}</dt>
          <dd>
            {cell.value}
            {cell.rank === undefined ? null : (
              <span className={css["rank"]} title={t("request.rankInfo", { n: detail.ranks?.n ?? 0 })}>
                {rankText(cell.rank)}
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function cells(detail: RequestDetail, t: Translate, format: Format): readonly NumberCell[] {
  const { request, marks, gaps, ranks } = detail;
  const reasoned = marks.firstAnswerTokenSeconds !== undefined && marks.firstAnswerTokenSeconds !== marks.ttftSeconds;
  const mark = request.estimated === true ? "~" : "";
  const rate = (value: number | undefined) =>
    value === undefined ? format.rate(value) : `${mark}${format.rate(value)}`;
  return [
    {
      label: t("request.ttft"),
      info: t("request.ttftInfo"),
      value: format.duration(marks.ttftSeconds ?? request.ttftSeconds),
      rank: ranks?.ttft,
    },
    ...(reasoned
      ? [
          {
            label: t("request.answer"),
            info: t("request.answerInfo"),
            value: format.duration(marks.firstAnswerTokenSeconds),
          },
        ]
      : []),
    {
      label: t("request.total"),
      info: t("request.totalInfo"),
      value: format.duration(request.durationSeconds),
      rank: ranks?.duration,
    },
    { label: t("request.speed"), info: t("request.speedInfo"), value: rate(request.generationRateTokensPerSecond) },
    ...(detail.steadyRateTokensPerSecond === undefined
      ? []
      : [{ label: t("request.steady"), info: t("request.steadyInfo"), value: rate(detail.steadyRateTokensPerSecond) }]),
    { label: t("request.overall"), info: t("request.overallInfo"), value: rate(request.endToEndRateTokensPerSecond) },
    ...(gaps === undefined
      ? []
      : [
          {
            label: t("request.gaps"),
            info: t("request.gapsInfo"),
            value: `${format.duration(gaps.p50Seconds)} / ${format.duration(gaps.p99Seconds)}`,
          },
        ]),
    ...stallCell(detail, t, format),
  ];
}

function stallCell(detail: RequestDetail, t: Translate, format: Format): readonly NumberCell[] {
  const { pauses, request } = detail;
  if (pauses === undefined) return [];
  const share = request.durationSeconds > 0 ? pauses.lostSeconds / request.durationSeconds : undefined;
  const value =
    pauses.count === 0
      ? t("request.noStalls")
      : t("request.stallValue", {
          n: pauses.count,
          lost: format.duration(pauses.lostSeconds),
          share: format.share(share),
        });
  const label = t("request.stalls", { threshold: format.duration(pauses.thresholdSeconds) });
  return [{ label, info: t("request.stallsInfo"), value }];
}
