import type { OpenCall } from "@nexent/monitor-api";
import { CircleAlert, CircleCheck, CircleDashed, Plug, Waves, type LucideIcon } from "lucide-react";
import { ModelName, visibleText } from "../../components/marks.tsx";
import { useFormat } from "../../format/format.ts";
import { formatClockMs } from "../../format/time.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import { COLUMNS } from "./columns.ts";
import type { OpenRow } from "./open-rows.ts";
import css from "./requests.module.css";

/** Rows shown; the oldest ones are those that may be in trouble. */
const MOST_ROWS = 8;
/** A silence shorter than this is the stream's own rhythm. */
const SILENCE_MS = 1_000;

interface OpenRequestsProps {
  readonly rows: readonly OpenRow[];
  /** Open calls that pass the filter, shown or not. */
  readonly total: number;
  readonly accents: Readonly<Record<string, number>>;
  readonly phone: boolean;
  readonly onHold: (held: boolean) => void;
}

/** Requests that are open in the gateway, pinned above those that have ended. */
export function OpenRequests(props: OpenRequestsProps) {
  const t = useT();
  const rows = props.rows.slice(0, MOST_ROWS);
  return (
    <section
      className={css["open"]}
      aria-label={t("requests.openTitle")}
      onMouseEnter={() => props.onHold(true)}
      onMouseLeave={() => props.onHold(false)}
    >
      <table className={css["table"]}>
        <caption className="visually-hidden">{t("requests.openTitle")}</caption>
        <colgroup>
          {COLUMNS.map((column) => (
            <col key={column.id} style={column.width === undefined || props.phone ? {} : { width: column.width }} />
          ))}
        </colgroup>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} className={row.ended ? css["ended"] : undefined}>
              {props.phone ? (
                <PhoneCell row={row} accents={props.accents} />
              ) : (
                <Cells row={row} accents={props.accents} />
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {props.total > rows.length ? (
        <div className={css["openMore"]}>{t("requests.openMore", { n: props.total - rows.length })}</div>
      ) : null}
    </section>
  );
}

interface CellsProps {
  readonly row: OpenRow;
  readonly accents: Readonly<Record<string, number>>;
}

function Cells({ row, accents }: CellsProps) {
  const format = useFormat();
  const { call } = row;
  return (
    <>
      <td title={new Date(row.startMs).toISOString()}>{formatClockMs(row.startMs)}</td>
      <td>
        <ModelName model={call.model} accentIndex={accents[call.model]} />
      </td>
      <td className={css["muted"]}>
        <bdi>{visibleText(call.operation)}</bdi>
      </td>
      <td>
        <OpenState row={row} />
      </td>
      <td className={css["number"]}>{format.duration(seconds(call.ttftMs))}</td>
      <td />
      <td className={css["number"]}>
        <Tokens call={call} />
      </td>
      <td className={`${css["number"]} ${css["strong"]}`}>{format.duration(seconds(call.elapsedMs))}</td>
      <td />
      <td>
        <Silence call={call} />
      </td>
    </>
  );
}

function PhoneCell({ row, accents }: CellsProps) {
  const format = useFormat();
  const { call } = row;
  return (
    <td colSpan={COLUMNS.length}>
      <div className={css["phoneRow"]}>
        <span>
          <ModelName model={call.model} accentIndex={accents[call.model]} />
        </span>
        <strong className={css["number"]}>{format.duration(seconds(call.elapsedMs))}</strong>
        <span>
          <OpenState row={row} />
        </span>
        <span className={css["number"]}>
          <Tokens call={call} />
        </span>
      </div>
    </td>
  );
}

type Shown = OpenCall["state"] | "ended";

const ICONS: Readonly<Record<Shown, LucideIcon>> = {
  connecting: Plug,
  waiting: CircleDashed,
  streaming: Waves,
  stalled: CircleAlert,
  ended: CircleCheck,
};

/** The state by icon and word, never by colour alone. */
function OpenState({ row }: { readonly row: OpenRow }) {
  const t = useT();
  const state: Shown = row.ended ? "ended" : row.call.state;
  const Icon = ICONS[state];
  return (
    <span className={`${css["state"]} ${state === "stalled" ? css["stalls"] : ""}`}>
      <Icon size={13} aria-hidden="true" />
      {t(`open.${state}`)}
    </span>
  );
}

/** Output tokens so far; estimated ones are marked, unknown ones left out. */
function Tokens({ call }: { readonly call: OpenCall }) {
  const t = useT();
  const format = useFormat();
  if (call.outputTokens === undefined) return null;
  const count = `${call.estimated ? "~" : ""}${format.count(call.outputTokens)}`;
  return <>{t("open.tokens", { count })}</>;
}

/** How long nothing came, and from which upstream. */
function Silence({ call }: { readonly call: OpenCall }) {
  const t = useT();
  const format = useFormat();
  const silentMs = call.sinceTokenMs ?? (call.state === "stalled" ? call.elapsedMs : undefined);
  const silent = silentMs !== undefined && silentMs >= SILENCE_MS;
  return (
    <span className={call.state === "stalled" ? css["stalls"] : css["muted"]}>
      <bdi>{visibleText(call.upstream)}</bdi>
      {silent ? ` · ${t("open.silent", { time: format.duration(silentMs / 1000) })}` : null}
    </span>
  );
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
