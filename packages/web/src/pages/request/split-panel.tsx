import type { RequestDetail } from "@nexent/monitor-api";
import { Panel } from "../../components/panel.tsx";
import { useFormat } from "../../format/format.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";
import { ttftParts } from "./ttft-parts.ts";

interface Part {
  readonly look: string;
  readonly name: string;
  readonly seconds: number;
}

/** Where the duration went, and what TTFT was made of as far as the data hold it. */
export function SplitPanel({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  const split = detail.split
    .filter((part) => part.seconds > 0)
    .map((part) => ({ look: part.part, name: t(`split.${part.part}`), seconds: part.seconds }));
  const first = ttftParts(detail).map((part) => ({ ...part, name: t(`request.${part.id}`) }));
  const ttft = detail.marks.ttftSeconds;
  return (
    <Panel title={t("request.splitTitle")}>
      <div className={css["split"]}>
        <Bar parts={split} total={detail.request.durationSeconds} />
        {first.length === 0 || ttft === undefined ? null : (
          <ul className={css["parts"]} aria-label={t("request.ttftParts")}>
            <li>
              <span className={css["name"]}>{t("request.ttftParts")}</span>
            </li>
            <Parts parts={first} />
            <Sum seconds={ttft} />
          </ul>
        )}
      </div>
    </Panel>
  );
}

function Bar(props: { readonly parts: readonly Part[]; readonly total: number }) {
  return (
    <>
      <div className={css["bar"]} aria-hidden="true">
        {props.parts.map((part) => (
          <span
            key={part.look}
            className={`${css["part"]} ${css[part.look]}`}
            style={{ flexGrow: part.seconds, flexBasis: 0 }}
            title={part.name}
          />
        ))}
      </div>
      <ul className={css["parts"]}>
        <Parts parts={props.parts} />
        <Sum seconds={props.total} />
      </ul>
    </>
  );
}

function Parts(props: { readonly parts: readonly Part[] }) {
  const format = useFormat();
  return props.parts.map((part) => (
    <li key={part.look}>
      <span className={`${css["swatch"]} ${css[part.look]}`} aria-hidden="true" />
      <span className={css["name"]}>{part.name}</span>
      <span>{format.duration(part.seconds)}</span>
    </li>
  ));
}

function Sum(props: { readonly seconds: number }) {
  const t = useT();
  const format = useFormat();
  return <li className={css["sum"]}>{t("request.sum", { total: format.duration(props.seconds) })}</li>;
}
