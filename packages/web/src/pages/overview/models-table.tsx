import type { ModelRow } from "@nexent/monitor-api";
import { Link, useSearch } from "wouter";
import type { Meta } from "../../api/client.ts";
import { Exactness } from "../../components/exactness.tsx";
import { ModelName } from "../../components/marks.tsx";
import { Panel } from "../../components/panel.tsx";
import { useFormat } from "../../format/format.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import { modelsCodec, withValue } from "../../state/codecs.ts";
import { pageLink } from "../../state/page-link.ts";
import css from "./overview.module.css";

interface ModelsTableProps {
  readonly models: readonly ModelRow[];
  readonly accents: Readonly<Record<string, number>>;
  readonly stale: boolean;
  readonly meta: Meta;
}

/** Models side by side; a name leads to its requests. */
export function ModelsTable(props: ModelsTableProps) {
  const t = useT();
  return (
    <Panel
      title={t("overview.models")}
      stale={props.stale}
      tools={<Exactness relativeError={props.meta.relativeError} />}
    >
      <div className={css["scroll"]} role="group" aria-label={t("overview.models")} tabIndex={0}>
        <table className={css["table"]}>
          <thead>
            <tr>
              <th scope="col">{t("chart.model")}</th>
              <NumberHead text={t("overview.requestsColumn")} />
              <NumberHead text={t("overview.errorColumn")} />
              <NumberHead text={t("overview.ttftColumn")} />
              <NumberHead text={t("overview.speedColumn")} />
              <NumberHead text={t("overview.durationColumn")} />
              <NumberHead text={t("overview.outputColumn")} />
            </tr>
          </thead>
          <tbody>
            {props.models.map((row) => (
              <ModelLine key={row.model} row={row} accent={props.accents[row.model]} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function NumberHead(props: { readonly text: string }) {
  return (
    <th scope="col" className={css["number"]}>
      {props.text}
    </th>
  );
}

function ModelLine(props: { readonly row: ModelRow; readonly accent: number | undefined }) {
  const format = useFormat();
  const search = useSearch();
  const { row } = props;
  const [path = "", query = ""] = pageLink("/requests", search, "1h", "15m").split("?");
  return (
    <tr>
      <th scope="row">
        <Link href={`${path}${withValue(query, modelsCodec, [row.model])}`} className={css["name"]}>
          <ModelName model={row.model} accentIndex={props.accent} />
        </Link>
      </th>
      <td className={css["number"]} title={format.exact(row.attempts)}>
        {format.count(row.attempts)}
      </td>
      <td className={css["number"]}>{format.share(row.errorRate)}</td>
      <Pair middle={format.duration(row.ttft.p50)} tail={row.ttft.p95} write={format.duration} />
      <Pair middle={format.speed(row.speed.p50)} tail={row.speed.p10} write={format.speed} />
      <Pair middle={format.duration(row.duration.p50)} tail={row.duration.p95} write={format.duration} />
      <td className={css["number"]} title={format.exact(row.outputTokens)}>
        {format.count(row.outputTokens)}
      </td>
    </tr>
  );
}

interface PairProps {
  readonly middle: string;
  readonly tail: number | undefined;
  readonly write: (value: number | undefined) => string;
}

/** Middle and tail; the tail is absent below 20 requests. */
function Pair(props: PairProps) {
  const t = useT();
  return (
    <td className={css["number"]} title={props.tail === undefined ? t("stat.few") : undefined}>
      {props.middle}
      {props.tail === undefined ? null : <span className={css["tail"]}> / {props.write(props.tail)}</span>}
    </td>
  );
}
