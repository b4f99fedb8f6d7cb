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
  let visible = "";
  for (const char of text) visible += isHidden(char.codePointAt(0) ?? 0) ? codeName(char) : char;
  return visible;
}

/** First and last code points of what a reader cannot see; tab and line feed are harmless. */
const HIDDEN: readonly (readonly [number, number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
  [0xfeff, 0xfeff],
];

function isHidden(code: number): boolean {
  return HIDDEN.some(([first, last]) => code >= first && code <= last);
}

function codeName(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
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
  /** What adds to the word: the finish reason, or the error type, which then stands for it. */
  readonly detail?: string | undefined;
}

/** An outcome by icon and word, never by colour alone. */
export function StatusMark(props: StatusProps) {
  const t = useT();
  const Icon = ICONS[props.outcome];
  const detail = props.detail === undefined ? "" : visibleText(props.detail);
  const named = props.outcome === "error" && detail !== "";
  return (
    <span className={`${css["status"]} ${css[props.outcome]}`} title={detail === "" ? undefined : detail}>
      <Icon size={13} aria-hidden="true" />
      <span className={named ? "visually-hidden" : undefined}>{t(`outcome.${props.outcome}`)}</span>
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
