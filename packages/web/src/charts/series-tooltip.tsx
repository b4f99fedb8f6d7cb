import { useFormat } from "../format/format.ts";
import { formatClock, formatDate } from "../format/time.ts";
import type { SeriesChart } from "./series-data.ts";
import css from "./time-series.module.css";
import { quantityText, type SeriesQuantity } from "./series-quantity.ts";

/** Where the pointer is inside of the chart, and the bucket under it. */
export interface TooltipPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly index: number;
}

interface TooltipProps {
  readonly place: TooltipPlace;
  readonly chart: SeriesChart;
  readonly quantity: SeriesQuantity;
  readonly tailStat: string;
}

/** Values at the pointer, highest first; on the side of the pointer that has room. */
export function SeriesTooltip(props: TooltipProps) {
  const format = useFormat();
  const { place, chart } = props;
  const rows = chart.groups
    .map((group) => ({ group, middle: group.middle[place.index] ?? null, tail: group.tail?.[place.index] ?? null }))
    .filter((row) => row.middle !== null || row.tail !== null)
    .toSorted((a, b) => (b.middle ?? 0) - (a.middle ?? 0));
  if (rows.length === 0) return null;
  const onLeft = place.x > place.width / 2;
  const side = onLeft ? { right: place.width - place.x + 14 } : { left: place.x + 14 };
  const moment = chart.times[place.index] ?? 0;
  return (
    <div className={css["tooltip"]} style={{ ...side, top: 12 }} aria-hidden="true">
      <div className={css["tooltipTime"]}>
        {formatDate(moment)} {formatClock(moment)}
      </div>
      <table>
        <tbody>
          {rows.map(({ group, middle, tail }) => (
            <tr key={group.id}>
              <td style={{ color: `var(--models-${group.accent.index})` }}>{group.accent.shape}</td>
              <td className={css["tooltipName"]}>
                <bdi>{group.label}</bdi>
              </td>
              <td className={css["number"]}>{quantityText(format, props.quantity, middle)}</td>
              <td className={`${css["number"]} ${css["tail"]}`}>
                {tail === null ? "" : `${props.tailStat} ${quantityText(format, props.quantity, tail)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
