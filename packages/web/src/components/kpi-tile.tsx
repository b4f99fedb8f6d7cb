import { useCallback } from "react";
import { Link } from "wouter";
import type { Box, Pen } from "../canvas/pen.ts";
import { drawSparkline, type SparklinePoints } from "../canvas/sparkline.ts";
import { NBSP } from "../format/number.ts";
import { useTheme } from "../theme/theme-context.tsx";
import { CanvasView } from "./canvas-view.tsx";
import { InfoHint } from "./info-hint.tsx";
import css from "./kpi-tile.module.css";

const SPARK_HEIGHT = 30;

interface KpiTileProps {
  readonly label: string;
  readonly info: string;
  readonly href: string;
  readonly value: string;
  /** Which statistic the big number is, e.g. P95. */
  readonly stat?: string | undefined;
  /** The smaller number and what it rests on. */
  readonly second: string;
  /** Change against the range before, and that range's value. */
  readonly change?: string | undefined;
  readonly before: string;
  readonly points: SparklinePoints;
}

/** One number with its statistic, comparison and course. */
export function KpiTile(props: KpiTileProps) {
  const { tokens } = useTheme();
  const { points } = props;
  const draw = useCallback((pen: Pen, box: Box) => drawSparkline(pen, points, box, tokens), [points, tokens]);
  return (
    <article className={css["tile"]} aria-label={props.label}>
      <div className={css["label"]}>
        <span>
          <Link href={props.href}>{props.label}</Link>
          {props.stat === undefined ? null : <span className={css["stat"]}> {props.stat}</span>}
        </span>
        <InfoHint about={props.label} text={props.info} />
      </div>
      <div className={css["value"]}>
        <Value text={props.value} />
        {props.change === undefined ? null : (
          <span className={css["change"]} title={props.before}>
            {props.change}
            <span className="visually-hidden"> {props.before}</span>
          </span>
        )}
      </div>
      <div className={css["second"]}>{props.second}</div>
      <CanvasView className={css["spark"]} height={SPARK_HEIGHT} draw={draw} />
    </article>
  );
}

/** The number large, its unit small. */
function Value(props: { readonly text: string }) {
  const at = props.text.lastIndexOf(NBSP);
  if (at < 0) return <span>{props.text}</span>;
  return (
    <span>
      {props.text.slice(0, at)}
      <span className={css["unit"]}>{props.text.slice(at)}</span>
    </span>
  );
}
