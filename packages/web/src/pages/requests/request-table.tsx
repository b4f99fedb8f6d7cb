import type { RequestRow } from "@nexent/monitor-api";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useT } from "../../i18n/i18n-context.tsx";
import type { Sort, SortColumn } from "../../state/codecs.ts";
import { COLUMNS, HEAD_HEIGHT } from "./columns.ts";
import { Fingerprints } from "./fingerprints.tsx";
import { RequestLine } from "./request-line.tsx";
import css from "./requests.module.css";
import { visibleRows } from "./virtual-rows.ts";

const PHONE_ROW = 74;
const PHONE_PRINT_MIDDLE = 58;

interface RequestTableProps {
  readonly rows: readonly RequestRow[];
  readonly total: number;
  readonly accents: Readonly<Record<string, number>>;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly dense: boolean;
  readonly phone: boolean;
  readonly activeId: string | undefined;
  readonly onOpen: (id: string) => void;
  /** Whether the reader is at the top with nothing hovered or focused. */
  readonly onHold: (held: boolean) => void;
  /** The end of the loaded rows comes near. */
  readonly onNearEnd: () => void;
  readonly foot: ReactNode;
  /** Asks to scroll to the top when the number changes. */
  readonly topSignal: number;
}

/** Requests in a native table of fixed row height; only rows in view are mounted. */
export function RequestTable(props: RequestTableProps) {
  const t = useT();
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const rowHeight = props.phone ? PHONE_ROW : props.dense ? 28 : 36;
  const head = props.phone ? 0 : HEAD_HEIGHT;
  const { topSignal } = props;
  const { from, to } = visibleRows(props.rows.length, rowHeight, view);
  const mounted = useMemo(() => props.rows.slice(from, to), [props.rows, from, to]);
  const hold = useHold(props.onHold);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setView((now) => ({ ...now, height: element.clientHeight })));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (topSignal > 0) scroller.current?.scrollTo({ top: 0 });
  }, [topSignal]);
  useKeepInView(scroller, props.rows, props.activeId, rowHeight, head);

  const onScroll = () => {
    const element = scroller.current;
    if (element === null) return;
    setView({ top: element.scrollTop, height: element.clientHeight });
    hold("scroll", element.scrollTop > 4);
    if (element.scrollTop + element.clientHeight > element.scrollHeight - rowHeight * 40) props.onNearEnd();
  };
  return (
    <div
      ref={scroller}
      className={css["scroller"]}
      role="region"
      aria-label={t("requests.title")}
      tabIndex={0}
      onScroll={onScroll}
      onMouseEnter={() => hold("hover", true)}
      onMouseLeave={() => hold("hover", false)}
      onFocus={(event) => hold("focus", event.target !== scroller.current && event.target.matches(":focus-visible"))}
      onBlur={() => hold("focus", false)}
    >
      <div className={css["content"]}>
        <table className={css["table"]} aria-rowcount={props.total + 1}>
          <colgroup>
            {COLUMNS.map((column) => (
              <col key={column.id} style={column.width === undefined || props.phone ? {} : { width: column.width }} />
            ))}
          </colgroup>
          <Head sort={props.sort} onSort={props.onSort} />
          <tbody>
            <Spacer height={from * rowHeight} />
            {mounted.map((row, index) => (
              <RequestLine
                key={row.id}
                row={row}
                index={from + index}
                accent={props.accents[row.model]}
                height={rowHeight}
                active={row.id === props.activeId}
                phone={props.phone}
                onOpen={props.onOpen}
              />
            ))}
            <Spacer height={(props.rows.length - to) * rowHeight} />
          </tbody>
        </table>
        <Fingerprints
          rows={mounted}
          accents={props.accents}
          top={head + from * rowHeight}
          rowHeight={rowHeight}
          middle={props.phone ? PHONE_PRINT_MIDDLE : rowHeight / 2}
          phone={props.phone}
        />
      </div>
      {props.foot}
    </div>
  );
}

function Spacer(props: { readonly height: number }) {
  return props.height === 0 ? null : <tr aria-hidden="true" style={{ height: props.height }} />;
}

type HoldReason = "hover" | "focus" | "scroll";

/** Collects the reasons to keep the list still and reports when the first comes or the last goes. */
function useHold(onHold: (held: boolean) => void): (reason: HoldReason, on: boolean) => void {
  const reasons = useRef(new Set<HoldReason>());
  return (reason, on) => {
    const before = reasons.current.size > 0;
    if (on) reasons.current.add(reason);
    else reasons.current.delete(reason);
    const now = reasons.current.size > 0;
    if (before !== now) onHold(now);
  };
}

/** Scrolls just enough to show the row that the keyboard moved to. */
function useKeepInView(
  scroller: React.RefObject<HTMLDivElement | null>,
  rows: readonly RequestRow[],
  activeId: string | undefined,
  rowHeight: number,
  head: number,
): void {
  const last = useRef(activeId);
  useLayoutEffect(() => {
    if (activeId === last.current) return;
    last.current = activeId;
    const element = scroller.current;
    const index = rows.findIndex((row) => row.id === activeId);
    if (element === null || index < 0) return;
    const top = index * rowHeight;
    const bottom = top + rowHeight + head;
    if (top < element.scrollTop) element.scrollTo({ top });
    else if (bottom > element.scrollTop + element.clientHeight)
      element.scrollTo({ top: bottom - element.clientHeight });
  }, [scroller, rows, activeId, rowHeight, head]);
}

interface HeadProps {
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}

function Head(props: HeadProps) {
  const t = useT();
  return (
    <thead>
      <tr>
        {COLUMNS.map((column) => {
          const sorted = column.sort === props.sort.column;
          const direction = props.sort.descending ? "descending" : "ascending";
          return (
            <th
              key={column.id}
              scope="col"
              className={column.number ? css["number"] : undefined}
              aria-sort={sorted ? direction : undefined}
              title={hintOf(column.id, t)}
            >
              {column.sort === undefined ? (
                t(column.label)
              ) : (
                <SortButton label={t(column.label)} column={column.sort} sorted={sorted} {...props} />
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function hintOf(id: string, t: ReturnType<typeof useT>): string | undefined {
  if (id === "speed") return t("column.speedInfo");
  return id === "stream" ? t("column.streamInfo") : undefined;
}

interface SortButtonProps extends HeadProps {
  readonly label: string;
  readonly column: SortColumn;
  readonly sorted: boolean;
}

function SortButton(props: SortButtonProps) {
  const t = useT();
  const Arrow = props.sort.descending ? ArrowDown : ArrowUp;
  // First click: the end that matters. Slow speeds are low, everything else is worst when high.
  const first = props.column !== "speed";
  const next = { column: props.column, descending: props.sorted ? !props.sort.descending : first };
  return (
    <button
      type="button"
      className={css["sort"]}
      title={t("column.sort", { column: props.label })}
      onClick={() => props.onSort(next)}
    >
      {props.label}
      {props.sorted ? <Arrow size={12} aria-hidden="true" /> : null}
    </button>
  );
}
