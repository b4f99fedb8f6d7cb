import { CircleAlert, CircleCheck, CircleHelp, CircleSlash, CircleX, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { useT } from "../i18n/i18n-context.tsx";
import { modelAccent } from "../theme/model-accent.ts";
import css from "./marks.module.css";

const LONG_TEXT = 2_048;

/** Text from telemetry: isolated, control characters visible, long values cut with a way to see all. */
export function DataText(props: { readonly text: string }) {
  const t = useT();
  const [all, setAll] = useState(false);
  const cut = !all && props.text.length > LONG_TEXT;
  return (
    <bdi className={css["text"]}>
      {visibleText(cut ? props.text.slice(0, LONG_TEXT) : props.text)}
      {cut ? (
        <>
          …
          <button type="button" className={css["more"]} onClick={() => setAll(true)}>
            {t("attributes.showAll")}
          </button>
        </>
      ) : null}
    </bdi>
  );
}

/** Control and direction characters as visible symbols, so that text cannot hide or reorder itself. */
export function visibleText(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (char) => {
      const code = char.charCodeAt(0);
      if (code < 0x20) return String.fromCharCode(0x2400 + code);
      return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
    },
  );
}

/** A model's name with its marker; the same colour and shape everywhere. */
export function ModelName(props: { readonly model: string; readonly accentIndex: number | undefined }) {
  const accent = modelAccent(props.accentIndex);
  return (
    <span className={css["model"]} title={visibleText(props.model)}>
      <span className={css["shape"]} aria-hidden="true" style={{ color: `var(--models-${accent.index})` }}>
        {accent.shape}
      </span>
      <bdi>{visibleText(props.model)}</bdi>
    </span>
  );
}

export type Outcome = "ok" | "error" | "cancelled" | "abandoned" | "unknown";

const ICONS: Readonly<Record<Outcome, LucideIcon>> = {
  ok: CircleCheck,
  error: CircleX,
  cancelled: CircleSlash,
  abandoned: CircleAlert,
  unknown: CircleHelp,
};

interface StatusProps {
  readonly outcome: Outcome;
  /** What adds to the word: the error type or the finish reason. */
  readonly detail?: string | undefined;
}

/** An outcome by icon and word, never by colour alone. */
export function StatusMark(props: StatusProps) {
  const t = useT();
  const Icon = ICONS[props.outcome];
  const detail = props.detail === undefined ? "" : visibleText(props.detail);
  return (
    <span className={`${css["status"]} ${css[props.outcome]}`} title={detail === "" ? undefined : detail}>
      <Icon size={13} aria-hidden="true" />
      <span>{t(`outcome.${props.outcome}`)}</span>
      {detail === "" ? null : <bdi>{detail}</bdi>}
    </span>
  );
}

/** A small label; amber for what deserves a look. */
export function Chip(props: { readonly text: string; readonly amber?: boolean; readonly hint?: string }) {
  return (
    <span className={`${css["chip"]} ${props.amber === true ? css["amber"] : ""}`} title={props.hint}>
      {props.text}
    </span>
  );
}
