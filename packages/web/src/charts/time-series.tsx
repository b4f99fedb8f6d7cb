import { useCallback, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import type uPlot from "uplot";
import { useFormat } from "../format/format.ts";
import { formatClock } from "../format/time.ts";
import { useT } from "../i18n/i18n-context.tsx";
import { useTheme } from "../theme/theme-context.tsx";
import { Plot } from "./plot.tsx";
import { plotColumns, seriesExtent, wantsLogAxis, type SeriesChart } from "./series-data.ts";
import { SeriesLegend } from "./series-legend.tsx";
import { axisUnit, quantityText, type SeriesQuantity } from "./series-quantity.ts";
import { SeriesTable } from "./series-table.tsx";
import { SeriesTooltip, type TooltipPlace } from "./series-tooltip.tsx";
import css from "./time-series.module.css";

const PLOT_HEIGHT = 200;
const FONT =
  '11px system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const ANNOUNCE_EVERY_MS = 250;

export interface TimeSeriesProps {
  readonly title: string;
  readonly quantity: SeriesQuantity;
  readonly chart: SeriesChart;
  readonly fromMs: number;
  readonly toMs: number;
  readonly tailStat: string;
  readonly threshold?: { readonly value: number; readonly label: string } | undefined;
  readonly asTable: boolean;
  readonly onToggleTable: () => void;
  readonly onBrush: (fromMs: number, toMs: number) => void;
  readonly onReset: () => void;
  /** Groups that are hidden on all charts of the page, and what a click on one does. */
  readonly hidden: ReadonlySet<string>;
  readonly onLegend: (id: string, additive: boolean) => void;
}

/** Lines over time with tooltip, legend table, brush, keyboard cursor and a table twin. */
export function TimeSeries(props: TimeSeriesProps) {
  const { chart } = props;
  const t = useT();
  const format = useFormat();
  const { tokens, name: theme } = useTheme();
  const plot = useRef<uPlot | null>(null);
  const [cursor, setCursor] = useState<number>();
  const [tooltip, setTooltip] = useState<TooltipPlace>();
  const [announced, setAnnounced] = useState("");
  const announcedAt = useRef(0);
  const summaryId = useId();

  const visible = useMemo(
    () => ({ ...chart, groups: chart.groups.filter((group) => !props.hidden.has(group.id)) }),
    [chart, props.hidden],
  );
  const data = useMemo(() => plotColumns(visible), [visible]);
  const highest = useMemo(() => highestValue(data.slice(1)), [data]);
  const log = useMemo(() => wantsLogAxis(visible), [visible]);
  const { unit, factor } = axisUnit(props.quantity, Math.max(highest, props.threshold?.value ?? 0));

  const onCursor = useCallback((plot: uPlot) => {
    const { idx, left, top } = plot.cursor;
    setCursor(idx ?? undefined);
    const hovered = plot.over.matches(":hover");
    const shows = hovered && idx !== null && idx !== undefined && left !== undefined && left >= 0;
    setTooltip(shows ? { x: left + plot.over.offsetLeft, y: top ?? 0, width: plot.width, index: idx } : undefined);
  }, []);

  const look = {
    groups: visible.groups,
    tokens,
    height: PLOT_HEIGHT,
    log,
    axisFactor: factor,
    threshold: log ? undefined : props.threshold,
    syncKey: "page",
    font: FONT,
    range: () => [props.fromMs / 1e3, props.toMs / 1e3] as const,
    onCursor,
    onSelect: props.onBrush,
  };
  const groupKey = visible.groups.map((group) => `${group.id}:${group.accent.index}`).join("|");
  const lookKey = `${theme};${unit};${log};${props.threshold?.value};${props.threshold?.label};${groupKey}`;

  const announce = (index: number) => {
    const now = Date.now();
    if (now - announcedAt.current < ANNOUNCE_EVERY_MS) return;
    announcedAt.current = now;
    const values = visible.groups
      .map((group) => `${group.label} ${quantityText(format, props.quantity, group.middle[index])}`)
      .join(", ");
    setAnnounced(t("chart.cursor", { time: formatClock(chart.times[index] ?? 0), values }));
  };

  const moveCursor = (index: number) => {
    const target = plot.current;
    if (target === null || chart.times.length === 0) return;
    const at = Math.min(chart.times.length - 1, Math.max(0, index));
    const left = target.valToPos((chart.times[at] ?? 0) / 1e3, "x");
    target.setCursor({ left, top: 12 });
    setCursor(at);
    setTooltip({ x: left + target.over.offsetLeft, y: 12, width: target.width, index: at });
    announce(at);
  };

  const zoom = (by: number) => {
    const middle = cursor === undefined ? (props.fromMs + props.toMs) / 2 : (chart.times[cursor] ?? props.toMs);
    const half = ((props.toMs - props.fromMs) * by) / 2;
    props.onBrush(middle - half, middle + half);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "T" && event.shiftKey) props.onToggleTable();
    else if (
      !props.asTable &&
      !onChartKey(event, cursor ?? chart.times.length - 1, chart.times.length, moveCursor, zoom)
    )
      return;
    event.preventDefault();
    event.stopPropagation();
  };

  const extent = seriesExtent(visible);
  const summary =
    extent === undefined
      ? t("chart.summaryEmpty", { title: props.title })
      : t("chart.summary", {
          title: props.title,
          n: visible.groups.length,
          min: quantityText(format, props.quantity, extent.min),
          max: quantityText(format, props.quantity, extent.max),
          last: quantityText(format, props.quantity, extent.last),
        });

  return (
    <div
      role="figure"
      aria-label={props.title}
      aria-describedby={summaryId}
      tabIndex={0}
      className={css["figure"]}
      onKeyDown={onKeyDown}
      onBlur={() => setTooltip(undefined)}
    >
      <p id={summaryId} className="visually-hidden">
        {summary}
      </p>
      <p className="visually-hidden" aria-live="polite">
        {announced}
      </p>
      {props.asTable ? (
        <SeriesTable chart={visible} quantity={props.quantity} tailStat={props.tailStat} />
      ) : (
        <div className={css["plot"]} onMouseLeave={() => setTooltip(undefined)} onDoubleClick={props.onReset}>
          <span className={css["unit"]}>{log ? `${unit}, log` : unit}</span>
          <Plot key={lookKey} look={look} data={data} plotRef={plot} />
          {tooltip === undefined ? null : (
            <SeriesTooltip place={tooltip} chart={visible} quantity={props.quantity} tailStat={props.tailStat} />
          )}
        </div>
      )}
      <SeriesLegend
        chart={chart}
        quantity={props.quantity}
        tailStat={props.tailStat}
        cursor={cursor}
        hidden={props.hidden}
        onPick={props.onLegend}
      />
    </div>
  );
}

function highestValue(columns: readonly (readonly (number | null)[])[]): number {
  let highest = 0;
  for (const column of columns) for (const value of column) if (value !== null && value > highest) highest = value;
  return highest;
}

/** Moves or zooms by key; false when the key means nothing here. */
function onChartKey(
  event: KeyboardEvent,
  at: number,
  count: number,
  move: (index: number) => void,
  zoom: (by: number) => void,
): boolean {
  const step = event.shiftKey ? 10 : 1;
  if (event.key === "ArrowLeft") move(at - step);
  else if (event.key === "ArrowRight") move(at + step);
  else if (event.key === "Home") move(0);
  else if (event.key === "End") move(count - 1);
  else if (event.key === "+" || event.key === "=") zoom(0.5);
  else if (event.key === "-") zoom(2);
  else return false;
  return true;
}
