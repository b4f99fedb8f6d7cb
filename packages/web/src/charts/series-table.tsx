import { useState } from "react";
import { useFormat } from "../format/format.ts";
import { formatClock, formatDate } from "../format/time.ts";
import { useT } from "../i18n/i18n-context.tsx";
import type { SeriesChart } from "./series-data.ts";
import css from "./time-series.module.css";
import { quantityText, type SeriesQuantity } from "./series-quantity.ts";

const PAGE_ROWS = 100;

interface TableProps {
  readonly chart: SeriesChart;
  readonly quantity: SeriesQuantity;
  readonly tailStat: string;
}

/** The chart as a real table, newest bucket first, 100 rows a page. */
export function SeriesTable(props: TableProps) {
  const t = useT();
  const format = useFormat();
  const [page, setPage] = useState(0);
  const { times, groups } = props.chart;
  const order = times.map((_, index) => times.length - 1 - index);
  const shown = order.slice(page * PAGE_ROWS, (page + 1) * PAGE_ROWS);
  const pages = Math.max(1, Math.ceil(times.length / PAGE_ROWS));
  return (
    <div className={css["tableTwin"]} role="group" aria-label={t("chart.table")} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("chart.time")}</th>
            {groups.map((group) => (
              <th key={group.id} scope="col" className={css["number"]}>
                <bdi>{group.label}</bdi> {t("stat.p50")} / {props.tailStat}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((index) => (
            <tr key={times[index]}>
              <th scope="row">
                {formatDate(times[index] ?? 0).slice(5)} {formatClock(times[index] ?? 0)}
              </th>
              {groups.map((group) => (
                <td key={group.id} className={css["number"]}>
                  {quantityText(format, props.quantity, group.middle[index])} /{" "}
                  {quantityText(format, props.quantity, group.tail?.[index])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div className={css["pager"]}>
        <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
          {t("chart.previousPage")}
        </button>
        <span>
          {t("chart.page", {
            from: times.length === 0 ? 0 : page * PAGE_ROWS + 1,
            to: page * PAGE_ROWS + shown.length,
            n: times.length,
          })}
        </span>
        <button type="button" disabled={page >= pages - 1} onClick={() => setPage(page + 1)}>
          {t("chart.nextPage")}
        </button>
      </div>
    </div>
  );
}
