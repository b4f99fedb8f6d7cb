import { useCallback, useState } from "react";
import { useFacets } from "../../api/frame-queries.ts";
import { useSeries, useSummary } from "../../api/overview-queries.ts";
import { ErrorState, Skeleton } from "../../components/states.tsx";
import { useT } from "../../i18n/i18n-context.tsx";
import { useView } from "../../state/view-context.tsx";
import { useViewScope } from "../../state/view-scope.ts";
import { useFormat } from "../../format/format.ts";
import { PageEmpty } from "../../page-empty.tsx";
import { ModelsTable } from "./models-table.tsx";
import css from "./overview.module.css";
import { SeriesPanel } from "./series-panel.tsx";
import { Tiles } from "./tiles.tsx";

const TILE_HEIGHT = 128;
const CHART_HEIGHT = 330;

/** Is anything wrong, since when, where. */
export default function OverviewPage() {
  const view = useView();
  const scope = useViewScope();
  const summary = useSummary(scope, view.live);
  const facets = useFacets(true);

  if (summary.data === undefined) {
    if (summary.error === null) return <OverviewSkeleton />;
    return <ErrorState failure={summary.error} onRetry={() => void summary.refetch()} />;
  }
  const { data, meta } = summary.data;
  const accents = facets.data?.accents ?? {};
  return (
    <>
      <Tiles summary={data} meta={meta} stale={summary.isPlaceholderData} />
      {data.tiles.attempts === 0 ? (
        <div className={css["empty"]}>
          <PageEmpty newestCallMs={data.newestCallMs} />
        </div>
      ) : (
        <>
          <Charts summary={data} accents={accents} />
          <ModelsTable models={data.models} accents={accents} meta={meta} stale={summary.isPlaceholderData} />
        </>
      )}
    </>
  );
}

interface ChartsProps {
  readonly summary: NonNullable<ReturnType<typeof useSummary>["data"]>["data"];
  readonly accents: Readonly<Record<string, number>>;
}

/** Speed and TTFT side by side; hiding a model hides it on both. */
function Charts(props: ChartsProps) {
  const t = useT();
  const format = useFormat();
  const view = useView();
  const scope = useViewScope();
  const speed = useSeries("speed", scope, view.live);
  const ttft = useSeries("ttft", scope, view.live);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const pick = useCallback(
    (all: readonly string[], id: string, additive: boolean) => setHidden((now) => nextHidden(now, all, id, additive)),
    [],
  );
  const { summary, accents } = props;
  const shared = { models: summary.models, accents, hidden, onPick: pick };
  return (
    <div className={css["charts"]}>
      <SeriesPanel
        {...shared}
        title={t("chart.speed")}
        quantity="speed"
        tail="p10"
        query={speed}
        threshold={{
          value: summary.slowTokenRate,
          label: t("chart.threshold", { value: format.decimal(summary.slowTokenRate, 0) }),
        }}
      />
      <SeriesPanel {...shared} title={t("chart.ttft")} quantity="duration" tail="p95" query={ttft} />
    </div>
  );
}

/** A click shows one group alone (again: all); with Shift it hides or shows that one. */
export function nextHidden(
  hidden: ReadonlySet<string>,
  all: readonly string[],
  id: string,
  additive: boolean,
): ReadonlySet<string> {
  if (additive) {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    return all.every((other) => next.has(other)) ? new Set() : next;
  }
  const alone = !hidden.has(id) && all.every((other) => other === id || hidden.has(other));
  return alone ? new Set() : new Set(all.filter((other) => other !== id));
}

function OverviewSkeleton() {
  return (
    <>
      <div className={css["tiles"]}>
        {["a", "b", "c", "d", "e", "f"].map((key) => (
          <Skeleton key={key} height={TILE_HEIGHT} />
        ))}
      </div>
      <div className={css["charts"]}>
        <Skeleton height={CHART_HEIGHT} />
        <Skeleton height={CHART_HEIGHT} />
      </div>
    </>
  );
}
