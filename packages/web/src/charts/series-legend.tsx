import type { CSSProperties } from "react";
import { useFormat } from "../format/format.ts";
import { formatClock } from "../format/time.ts";
import { useT } from "../i18n/i18n-context.tsx";
import { lastKnown, type SeriesChart, type SeriesGroup } from "./series-data.ts";
import css from "./time-series.module.css";
import { quantityText, type SeriesQuantity } from "./series-quantity.ts";

interface LegendProps {
  readonly chart: SeriesChart;
  readonly quantity: SeriesQuantity;
  readonly tailStat: string;
  readonly cursor: number | undefined;
  readonly hidden: ReadonlySet<string>;
  readonly onPick: (id: string, additive: boolean) => void;
}

/** The legend is a table: values at the cursor (or the last ones), over the range, and n. */
export function SeriesLegend(props: LegendProps) {
  const t = useT();
  const { chart, cursor } = props;
  const when = cursor === undefined ? t("chart.now") : formatClock(chart.times[cursor] ?? 0);
  return (
    <table className={css["legend"]}>
      <thead>
        <tr>
          <th scope="col">
            <span className={css["lineSolid"]} /> {t("stat.p50")} <span className={css["lineDashed"]} />{" "}
            {props.tailStat}
          </th>
          <th scope="col" className={css["number"]}>
            {when}
          </th>
          <th scope="col" className={css["number"]}>
            {t("chart.range")}
          </th>
          <th scope="col" className={css["number"]}>
            {t("stat.n")}
          </th>
        </tr>
      </thead>
      <tbody>
        {chart.groups.map((group) => (
          <LegendRow key={group.id} {...props} group={group} />
        ))}
      </tbody>
    </table>
  );
}

function LegendRow(props: LegendProps & { readonly group: SeriesGroup }) {
  const t = useT();
  const format = useFormat();
  const { group, cursor, quantity } = props;
  // The unit of a speed stands at the axis; durations carry theirs, which differ by size.
  const text = (value: number | null | undefined) =>
    quantity === "speed" ? format.speed(value) : quantityText(format, quantity, value);
  const middle = cursor === undefined ? lastKnown(group.middle) : group.middle[cursor];
  const tail = cursor === undefined ? lastKnown(group.tail) : group.tail?.[cursor];
  const off = props.hidden.has(group.id);
  const colour: CSSProperties = { color: `var(--models-${group.accent.index})` };
  return (
    <tr className={off ? css["off"] : undefined}>
      <th scope="row">
        <button
          type="button"
          className={css["pick"]}
          aria-pressed={!off}
          title={t("chart.isolate")}
          onClick={(event) => props.onPick(group.id, event.shiftKey)}
        >
          <span aria-hidden="true" style={colour}>
            {group.accent.shape}
          </span>
          <bdi>{group.label}</bdi>
        </button>
      </th>
      <td className={css["number"]}>
        <Pair middle={text(middle)} tail={group.tail === undefined ? undefined : text(tail)} />
      </td>
      <td className={css["number"]}>
        <Pair
          middle={text(group.rangeMiddle)}
          tail={group.rangeTail === undefined ? undefined : text(group.rangeTail)}
        />
      </td>
      <td className={css["number"]}>{format.count(group.n)}</td>
    </tr>
  );
}

function Pair(props: { readonly middle: string; readonly tail: string | undefined }) {
  return (
    <>
      {props.middle}
      {props.tail === undefined ? null : <span className={css["tail"]}> {props.tail}</span>}
    </>
  );
}
