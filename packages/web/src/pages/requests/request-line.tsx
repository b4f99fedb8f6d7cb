import type { RequestRow } from "@nexent/monitor-api";
import { memo } from "react";
import { Link } from "wouter";
import { ModelName, StatusMark, visibleText } from "../../components/marks.tsx";
import { useFormat, type Format } from "../../format/format.ts";
import { NBSP } from "../../format/number.ts";
import { formatClockMs } from "../../format/time.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import { COLUMNS } from "./columns.ts";
import css from "./requests.module.css";

interface LineProps {
  readonly row: RequestRow;
  readonly index: number;
  readonly accent: number | undefined;
  readonly height: number;
  readonly active: boolean;
  readonly phone: boolean;
  readonly onOpen: (id: string) => void;
}

/** One request: a table row, or two lines and the fingerprint on a phone. */
export const RequestLine = memo(function RequestLine(props: LineProps) {
  const { row, active } = props;
  return (
    <tr
      className={`${css["row"]} ${active ? css["active"] : ""}`}
      style={{ height: props.height }}
      aria-rowindex={props.index + 2}
      aria-selected={active}
      onClick={(event) => {
        // The link inside does the same and keeps its own ways (new tab, copy).
        if (!(event.target instanceof Element && event.target.closest("a") !== null)) props.onOpen(row.id);
      }}
    >
      {props.phone ? <PhoneCells {...props} /> : <Cells {...props} />}
    </tr>
  );
});

function detailOf(row: RequestRow): string | undefined {
  return row.outcome === "ok" ? row.finishReason : row.errorType;
}

/** Tokens in and out; estimated ones are marked. */
function tokensOf(row: RequestRow, format: Format): string {
  const out = row.estimated === true && row.outputTokens !== undefined ? "~" : "";
  return `${format.count(row.inputTokens)}${NBSP}→${NBSP}${out}${format.count(row.outputTokens)}`;
}

function Start(props: { readonly row: RequestRow }) {
  return (
    <Link
      href={`/requests/${encodeURIComponent(props.row.id)}`}
      className={css["start"]}
      title={new Date(props.row.startMs).toISOString()}
    >
      {formatClockMs(props.row.startMs)}
    </Link>
  );
}

function Cells(props: LineProps) {
  const format = useFormat();
  const t = useT();
  const { row } = props;
  return (
    <>
      <td>
        <Start row={row} />
      </td>
      <td>
        <ModelName model={row.model} accentIndex={props.accent} />
      </td>
      <td className={css["muted"]}>
        <bdi>{row.operation === undefined ? format.count(undefined) : visibleText(row.operation)}</bdi>
      </td>
      <td>
        <StatusMark outcome={row.outcome} detail={detailOf(row)} />
      </td>
      <td className={css["number"]}>{format.duration(row.ttftSeconds)}</td>
      <td className={`${css["number"]} ${css["strong"]}`}>
        {row.estimated === true && row.generationRateTokensPerSecond !== undefined ? "~" : ""}
        {format.speed(row.generationRateTokensPerSecond)}
      </td>
      <td className={css["number"]}>{tokensOf(row, format)}</td>
      <td className={css["number"]} title={row.slow === true ? t("outcome.slow") : undefined}>
        {format.duration(row.durationSeconds)}
      </td>
      <td className={`${css["number"]} ${(row.stallCount ?? 0) > 0 ? css["stalls"] : css["muted"]}`}>
        {format.count(row.stallCount)}
      </td>
      <td />
    </>
  );
}

function PhoneCells(props: LineProps) {
  const format = useFormat();
  const { row } = props;
  return (
    <td colSpan={COLUMNS.length}>
      <div className={css["phoneRow"]} style={{ height: props.height - 1 }}>
        <span>
          <ModelName model={row.model} accentIndex={props.accent} />
        </span>
        <span className={css["number"]}>
          <Start row={row} />
        </span>
        <span>
          <StatusMark outcome={row.outcome} detail={detailOf(row)} />
        </span>
        <span className={css["number"]}>
          {format.duration(row.ttftSeconds)} · <strong>{format.rate(row.generationRateTokensPerSecond)}</strong> ·{" "}
          {format.duration(row.durationSeconds)}
        </span>
      </div>
    </td>
  );
}
