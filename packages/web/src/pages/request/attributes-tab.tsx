import type { RequestDetail } from "@nexent/monitor-api";
import { useState } from "react";
import { DataText } from "../../components/marks.tsx";
import { Panel } from "../../components/panel.tsx";
import { useFormat } from "../../format/format.ts";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

type Attribute = RequestDetail["attributes"][number];

/** Everything that was recorded, searchable. Text is shown as text, keys included. */
export function AttributesTab({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  const format = useFormat();
  const [filter, setFilter] = useState("");
  const matches = (attribute: Attribute) =>
    `${attribute.key}\n${attribute.value}`.toLowerCase().includes(filter.toLowerCase());
  return (
    <>
      <input
        type="search"
        className={css["filter"]}
        aria-label={t("attributes.filter")}
        placeholder={t("attributes.filter")}
        value={filter}
        spellCheck={false}
        onChange={(event) => setFilter(event.target.value)}
      />
      <AttributePanel title={t("attributes.span")} attributes={detail.attributes.filter(matches)} />
      <AttributePanel title={t("attributes.resource")} attributes={detail.resource.filter(matches)} />
      {detail.events.length === 0 ? null : (
        <Panel title={t("attributes.events")}>
          {detail.events.map((event, index) => (
            <section key={index}>
              <h3>
                <DataText text={event.name} /> {t("attributes.at", { time: format.duration(event.offsetSeconds) })}
              </h3>
              <AttributeTable attributes={event.attributes.filter(matches)} />
            </section>
          ))}
        </Panel>
      )}
    </>
  );
}

function AttributePanel(props: { readonly title: string; readonly attributes: readonly Attribute[] }) {
  return (
    <Panel title={props.title} n={String(props.attributes.length)}>
      <AttributeTable attributes={props.attributes} />
    </Panel>
  );
}

function AttributeTable(props: { readonly attributes: readonly Attribute[] }) {
  const t = useT();
  if (props.attributes.length === 0) return <p>{t("attributes.none")}</p>;
  return (
    <table className={css["table"]}>
      <thead>
        <tr>
          <th scope="col">{t("attributes.key")}</th>
          <th scope="col">{t("attributes.value")}</th>
          <th scope="col" className={css["type"]}>
            {t("attributes.type")}
          </th>
        </tr>
      </thead>
      <tbody>
        {props.attributes.map((attribute, index) => (
          <tr key={index}>
            <th scope="row" className={css["key"]}>
              <code>
                <DataText text={attribute.key} />
              </code>
            </th>
            <td>
              <DataText text={attribute.value} />
            </td>
            <td className={css["type"]}>{attribute.type}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
