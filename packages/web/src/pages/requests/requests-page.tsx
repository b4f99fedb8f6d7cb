import { Rows3, Rows4 } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useFacets } from "../../api/frame-queries.ts";
import { useLiveEvents } from "../../api/live-context.tsx";
import { Button } from "../../components/button.tsx";
import { PHONE, useMedia } from "../../components/media.ts";
import { useShortcuts } from "../../components/shortcuts.ts";
import { ErrorState, Skeleton } from "../../components/states.tsx";
import { useFormat } from "../../format/format.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import { selectedCodec, sortCodec } from "../../state/codecs.ts";
import { useStoredChoice } from "../../state/stored-choice.ts";
import { useUrlState } from "../../state/use-url-state.ts";
import { useView } from "../../state/view-context.tsx";
import { PageEmpty } from "../../page-empty.tsx";
import { OpenRequests } from "./open-requests.tsx";
import { RequestTable } from "./request-table.tsx";
import css from "./requests.module.css";
import { useOpenRows } from "./use-open-rows.ts";
import { useRequestRows } from "./use-request-rows.ts";

/** Requests as they end; the odd one is found by its shape. */
export default function RequestsPage() {
  const t = useT();
  const [, navigate] = useLocation();
  const facets = useFacets(true);
  const sort = useUrlState(sortCodec);
  const selected = useUrlState(selectedCodec);
  const phone = useMedia(PHONE);
  const [dense, setDense] = useStoredChoice("dense", true);
  const [held, setHeld] = useState(false);
  const [openHeld, setOpenHeld] = useState(false);
  const [topSignal, setTopSignal] = useState(0);
  const data = useRequestRows(sort.value, held);
  const { list, rows } = data;
  const openRows = useOpenRows(held || openHeld);

  const open = useCallback((id: string) => navigate(`/requests/${encodeURIComponent(id)}`), [navigate]);
  useListKeys(rows, selected, open);
  const accents = useMemo(() => facets.data?.accents ?? {}, [facets.data]);
  const showNew = () => {
    data.release();
    setTopSignal((signal) => signal + 1);
  };

  return (
    <div className={css["page"]} style={{ opacity: list.isPlaceholderData ? 0.6 : 1 }}>
      <Bar data={data} dense={dense} onDense={setDense} phone={phone} held={held} open={openRows.total} />
      {openRows.rows.length === 0 ? null : (
        <OpenRequests
          rows={openRows.rows}
          total={openRows.total ?? 0}
          accents={accents}
          phone={phone}
          onHold={setOpenHeld}
        />
      )}
      {list.data === undefined ? (
        <FirstLoad list={list} />
      ) : rows.length === 0 ? (
        <div data-fill>
          <PageEmpty newestCallMs={data.newestCallMs} />
        </div>
      ) : (
        <RequestTable
          rows={rows}
          total={data.shown}
          accents={accents}
          sort={sort.value}
          onSort={sort.set}
          dense={dense}
          phone={phone}
          activeId={selected.value === "" ? undefined : selected.value}
          onOpen={open}
          onHold={setHeld}
          onNearEnd={() => {
            if (list.hasNextPage && !list.isFetchingNextPage && !list.isFetchNextPageError) void list.fetchNextPage();
          }}
          topSignal={topSignal}
          foot={<More list={list} />}
        />
      )}
      {data.waiting > 0 && rows.length > 0 ? (
        <button type="button" className={css["new"]} onClick={showNew}>
          {t("requests.new", { n: data.waiting })}
        </button>
      ) : null}
    </div>
  );
}

type List = ReturnType<typeof useRequestRows>["list"];

function FirstLoad(props: { readonly list: List }) {
  const { list } = props;
  if (list.error !== null) return <ErrorState failure={list.error} onRetry={() => void list.refetch()} />;
  return (
    <div aria-busy="true">
      {Array.from({ length: 14 }, (_, index) => (
        <div key={index} style={{ padding: "6px 14px" }}>
          <Skeleton height={16} />
        </div>
      ))}
    </div>
  );
}

interface BarProps {
  readonly data: ReturnType<typeof useRequestRows>;
  readonly dense: boolean;
  readonly onDense: (dense: boolean) => void;
  readonly phone: boolean;
  readonly held: boolean;
  /** Requests that are open now; undefined while nobody says. */
  readonly open: number | undefined;
}

function Bar(props: BarProps) {
  const t = useT();
  const format = useFormat();
  const view = useView();
  const [rate, setRate] = useState<number>();
  useLiveEvents((event) => {
    if (event.event === "kpi") setRate(event.data.requestsPerSecond);
  });
  const { data } = props;
  const Icon = props.dense ? Rows3 : Rows4;
  return (
    <div className={css["bar"]}>
      {data.list.data === undefined ? null : (
        <strong>{t("requests.count", { shown: format.exact(data.shown), total: data.total })}</strong>
      )}
      {data.tookMs === undefined ? null : <span>{t("requests.took", { ms: format.decimal(data.tookMs, 0) })}</span>}
      {view.live && rate !== undefined ? <span>{t("requests.rate", { rate: format.decimal(rate, 1) })}</span> : null}
      {view.live && props.open !== undefined ? <span>{t("requests.open", { n: props.open })}</span> : null}
      {view.live && props.held && !props.phone ? <span>{t("requests.hover")}</span> : null}
      {props.phone ? null : (
        <span className={css["end"]}>
          <Button
            look="quiet"
            iconOnly
            aria-label={t(props.dense ? "requests.comfortable" : "requests.dense")}
            title={t(props.dense ? "requests.comfortable" : "requests.dense")}
            onClick={() => props.onDense(!props.dense)}
          >
            <Icon size={15} aria-hidden="true" />
          </Button>
        </span>
      )}
    </div>
  );
}

function More(props: { readonly list: List }) {
  const t = useT();
  const { list } = props;
  if (!list.hasNextPage) return <div className={css["more"]}>{t("requests.end")}</div>;
  return (
    <div className={css["more"]}>
      <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
        {t(list.isFetchingNextPage ? "requests.loadingMore" : "requests.more")}
      </Button>
    </div>
  );
}

/** `j` and `k` move through the rows, Enter opens the one in focus. */
function useListKeys(
  rows: readonly { readonly id: string }[],
  selected: { readonly value: string; readonly set: (id: string, options?: { readonly replace?: boolean }) => void },
  open: (id: string) => void,
): void {
  const move = (by: number) => {
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row.id === selected.value);
    const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by));
    selected.set(rows[next]?.id ?? "", { replace: true });
  };
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    Enter: selected.value === "" ? undefined : () => open(selected.value),
    Escape: selected.value === "" ? undefined : () => selected.set("", { replace: true }),
  });
}
