import type { ModelRow, Series } from "@nexent/monitor-api";
import { useMemo, useState } from "react";
import type { useSeries } from "../../api/overview-queries.ts";
import type { SeriesChart, SeriesGroup } from "../../charts/series-data.ts";
import type { SeriesQuantity } from "../../charts/series-quantity.ts";
import { TimeSeries } from "../../charts/time-series.tsx";
import { Button } from "../../components/button.tsx";
import { Exactness } from "../../components/exactness.tsx";
import { InfoHint } from "../../components/info-hint.tsx";
import { visibleText } from "../../components/marks.tsx";
import { Panel } from "../../components/panel.tsx";
import { ErrorState, Skeleton } from "../../components/states.tsx";
import { useT, type Translate } from "../../i18n/i18n-context.tsx";
import { absolute } from "../../state/range.ts";
import { useView } from "../../state/view-context.tsx";
import { modelAccent } from "../../theme/model-accent.ts";

const BODY_HEIGHT = 290;

interface SeriesPanelProps {
  readonly title: string;
  readonly quantity: SeriesQuantity;
  readonly tail: "p95" | "p10";
  readonly query: ReturnType<typeof useSeries>;
  readonly models: readonly ModelRow[];
  readonly accents: Readonly<Record<string, number>>;
  readonly threshold?: { readonly value: number; readonly label: string };
  readonly hidden: ReadonlySet<string>;
  readonly onPick: (all: readonly string[], id: string, additive: boolean) => void;
}

/** One metric over time by model, in its panel. */
export function SeriesPanel(props: SeriesPanelProps) {
  const t = useT();
  const view = useView();
  const [asTable, setAsTable] = useState(false);
  const { query, models, accents, quantity, tail } = props;
  const answer = query.data;
  const chart = useMemo(
    () => (answer === undefined ? undefined : toChart(answer.data, { models, accents, quantity, tail, t })),
    [answer, models, accents, quantity, tail, t],
  );
  const toggle = () => setAsTable(!asTable);
  return (
    <Panel
      title={props.title}
      stale={query.isPlaceholderData}
      tools={
        <>
          {answer === undefined ? null : <Exactness relativeError={answer.meta.relativeError} />}
          <InfoHint about={props.title} text={t(quantity === "speed" ? "chart.speedInfo" : "chart.ttftInfo")} />
          <Button look="quiet" aria-pressed={asTable} onClick={toggle}>
            {t(asTable ? "chart.chart" : "chart.table")}
          </Button>
        </>
      }
    >
      {chart === undefined || answer === undefined ? (
        query.error === null ? (
          <Skeleton height={BODY_HEIGHT} />
        ) : (
          <ErrorState failure={query.error} onRetry={() => void query.refetch()} />
        )
      ) : (
        <TimeSeries
          title={props.title}
          quantity={quantity}
          chart={chart}
          fromMs={answer.fromMs}
          toMs={answer.toMs}
          tailStat={t(`stat.${tail}`)}
          threshold={props.threshold}
          asTable={asTable}
          onToggleTable={toggle}
          onBrush={(fromMs, toMs) => view.setRange(absolute(fromMs, toMs))}
          onReset={() => view.setRange({ kind: "relative", key: "1h" })}
          hidden={props.hidden}
          onLegend={(id, additive) =>
            props.onPick(
              chart.groups.map((group) => group.id),
              id,
              additive,
            )
          }
        />
      )}
    </Panel>
  );
}

interface ChartWords {
  readonly models: readonly ModelRow[];
  readonly accents: Readonly<Record<string, number>>;
  readonly quantity: SeriesQuantity;
  readonly tail: "p95" | "p10";
  readonly t: Translate;
}

/** Pairs the middle and the tail of each model, in the server's order. */
export function toChart(series: Series, words: ChartWords): SeriesChart {
  const groups = new Map<string, SeriesGroup>();
  for (const line of series.series) {
    const id = line.folded === undefined ? `m:${line.model ?? ""}` : "other";
    const group = groups.get(id) ?? emptyGroup(id, line, words);
    if (line.stat === "p50" || line.stat === "value") groups.set(id, { ...group, n: line.n, middle: line.values });
    else if (line.stat === words.tail) groups.set(id, { ...group, tail: line.values });
  }
  return { times: series.times, stepMs: series.stepMs, groups: [...groups.values()] };
}

function emptyGroup(id: string, line: Series["series"][number], words: ChartWords): SeriesGroup {
  const row = line.folded === undefined ? words.models.find((model) => model.model === line.model) : undefined;
  const stat = words.quantity === "speed" ? row?.speed : row?.ttft;
  return {
    id,
    label: labelOf(line, words.t),
    accent: modelAccent(line.model === undefined ? 5 : words.accents[line.model]),
    n: line.n,
    middle: [],
    tail: undefined,
    rangeMiddle: stat?.p50,
    rangeTail: stat?.[words.tail],
  };
}

function labelOf(line: Series["series"][number], t: Translate): string {
  if (line.folded !== undefined) return t("chart.other", { n: line.folded });
  return line.model === undefined ? t("chart.total") : visibleText(line.model);
}
