import type { RequestDetail } from "@nexent/monitor-api";
import { CopyButton } from "../../components/copy.tsx";
import { visibleText } from "../../components/marks.tsx";
import { Panel } from "../../components/panel.tsx";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./request.module.css";

const SHOWN_CHARACTERS = 200_000;

/** The answer of the API as it came. */
export function RawTab({ detail }: { readonly detail: RequestDetail }) {
  const t = useT();
  const json = JSON.stringify(detail, null, 2);
  return (
    <Panel title={t("tab.raw")} unit="JSON" tools={<CopyButton text={() => json} label={t("raw.copy")} />}>
      <pre className={css["raw"]} tabIndex={0}>
        <code>
          {visibleText(json.slice(0, SHOWN_CHARACTERS))}
          {json.length > SHOWN_CHARACTERS ? "…" : ""}
        </code>
      </pre>
    </Panel>
  );
}
