import type { Stat, Summary } from "@nexent/monitor-api";
import { useSearch } from "wouter";
import type { Meta } from "../../api/client.ts";
import { useOpenCalls } from "../../api/open-calls.ts";
import { boundText } from "../../components/exactness.tsx";
import { KpiTile } from "../../components/kpi-tile.tsx";
import { useFormat, type Format } from "../../format/format.ts";
import { NBSP } from "../../format/number.ts";
import { useT, type Translate } from "../../i18n/i18n-context.tsx";
import { sortCodec, withValue, type Sort } from "../../state/codecs.ts";
import { pageLink } from "../../state/page-link.ts";
import { useView } from "../../state/view-context.tsx";
import css from "./overview.module.css";

interface TilesProps {
  readonly summary: Summary;
  readonly meta: Meta;
  readonly stale: boolean;
}

/** The six numbers, each with its course and its value in the range before. */
export function Tiles(props: TilesProps) {
  const t = useT();
  const format = useFormat();
  const search = useSearch();
  const openNow = useOpenNow();
  const bound = boundText(t, props.meta.relativeError);
  const { tiles, previous, sparklines } = props.summary;
  const link = (sort?: Sort) => {
    const base = pageLink("/requests", search, "1h", "15m");
    if (sort === undefined) return base;
    const [path = "", query = ""] = base.split("?");
    return `${path}${withValue(query, sortCodec, sort)}`;
  };
  const before = (value: string | undefined) =>
    value === undefined || previous === undefined ? t("stat.noPrevious") : t("stat.previous", { value });
  return (
    <div className={css["tiles"]} style={{ opacity: props.stale ? 0.6 : 1 }}>
      <KpiTile
        label={t("tile.requests")}
        info={t("tile.requestsInfo")}
        href={link()}
        value={format.perSecond(tiles.requestsPerSecond)}
        second={t("stat.attempts", { n: tiles.attempts })}
        change={format.change(tiles.requestsPerSecond, previous?.requestsPerSecond)}
        before={before(format.perSecond(previous?.requestsPerSecond))}
        points={sparklines.requestsPerSecond}
      />
      <KpiTile
        label={t("tile.errorRate")}
        info={t("tile.errorRateInfo")}
        href={link()}
        value={format.share(tiles.errorRate)}
        second={t("tile.errors", { n: tiles.errors })}
        change={format.change(tiles.errorRate, previous?.errorRate)}
        before={before(format.share(previous?.errorRate))}
        points={sparklines.errorRate}
      />
      <KpiTile
        label={t("tile.ttft")}
        info={t("tile.ttftInfo")}
        href={link({ column: "ttft", descending: true })}
        {...tailTile(tiles.ttft, previous?.ttft, "p95", format.duration, { t, format, before, bound })}
        points={sparklines.ttftP50}
      />
      <KpiTile
        label={t("tile.speed")}
        info={t("tile.speedInfo")}
        href={link({ column: "speed", descending: false })}
        value={format.rate(tiles.speed.p50)}
        stat={tiles.speed.p50 === undefined ? undefined : withBound(t("stat.p50"), bound)}
        second={secondLine("P10", tiles.speed.p10, tiles.speed.n, format.speed, { t, format })}
        change={format.change(tiles.speed.p50, previous?.speed.p50)}
        before={before(format.rate(previous?.speed.p50))}
        points={sparklines.speedP50}
      />
      <KpiTile
        label={t("tile.duration")}
        info={t("tile.durationInfo")}
        href={link({ column: "duration", descending: true })}
        {...tailTile(tiles.duration, previous?.duration, "p95", format.duration, { t, format, before, bound })}
        points={sparklines.durationP50}
      />
      <KpiTile
        info={t("tile.inFlightInfo")}
        href={link()}
        {...inFlightTile(tiles.meanInFlight, previous?.meanInFlight, openNow, { t, format, before })}
        points={sparklines.meanInFlight}
      />
    </div>
  );
}

/** Requests open in the gateway; undefined while nobody says, and when only some of them belong to the view. */
function useOpenNow(): number | undefined {
  const view = useView();
  const open = useOpenCalls();
  const whole = view.models.length + view.operations.length + view.providers.length === 0;
  return view.live && whole && view.range.kind !== "absolute" ? open?.total : undefined;
}

/** The gauge of this moment where it is known, else the mean; the curve is the mean's in both cases. */
function inFlightTile(
  mean: number | undefined,
  previous: number | undefined,
  now: number | undefined,
  { t, format, before }: Words & { readonly before: (value: string | undefined) => string },
) {
  const was = before(format.amount(previous));
  if (now !== undefined) {
    const second = t("tile.inFlightMean", { value: format.amount(mean) });
    return { label: t("tile.inFlightNow"), value: format.exact(now), second, before: was };
  }
  const change = format.change(mean, previous);
  return { label: t("tile.inFlight"), value: format.amount(mean), second: t("tile.little"), change, before: was };
}

interface Words {
  readonly t: Translate;
  readonly format: Format;
}

/** Big tail and small middle; below 20 requests the server sends no tail and the middle stands alone. */
function tailTile(
  stat: Stat,
  previous: Stat | undefined,
  tail: "p95",
  write: (value: number | undefined) => string,
  words: Words & { readonly before: (value: string | undefined) => string; readonly bound: string | undefined },
) {
  const { t, format, before, bound } = words;
  const big = stat[tail];
  if (big === undefined) {
    return {
      value: write(stat.p50),
      stat: stat.p50 === undefined ? undefined : withBound(t("stat.p50"), bound),
      second: secondLine(undefined, undefined, stat.n, write, words),
      change: format.change(stat.p50, previous?.p50),
      before: before(write(previous?.p50)),
    };
  }
  return {
    value: write(big),
    stat: withBound(t("stat.p95"), bound),
    second: secondLine("P50", stat.p50, stat.n, write, words),
    change: format.change(big, previous?.[tail]),
    before: before(write(previous?.[tail])),
  };
}

/** The name of a statistic, and how far off it may be. */
function withBound(stat: string, bound: string | undefined): string {
  return bound === undefined ? stat : `${stat} ${bound}`;
}

function secondLine(
  name: string | undefined,
  value: number | undefined,
  n: number,
  write: (value: number | undefined) => string,
  words: Words,
): string {
  const count = `${words.t("stat.n")}${NBSP}${words.format.count(n)}`;
  return name === undefined || value === undefined ? count : `${name}${NBSP}${write(value)} · ${count}`;
}
