import { useT } from "../../i18n/i18n-context.tsx";
import css from "./frame.module.css";

/** What the pill shows. */
export type PillState = "live" | "paused" | "reconnecting" | "stale" | "fixed";

interface LivePillProps {
  readonly state: PillState;
  /** Age of the newest data as text, for `stale`. */
  readonly age: string;
  readonly onToggle: () => void;
}

/** Live, paused, reconnecting, stale or a fixed range; a click (or Space) toggles. */
export function LivePill(props: LivePillProps) {
  const t = useT();
  const text = pillText(props, t);
  return (
    <button
      type="button"
      className={css["live"]}
      data-state={props.state}
      aria-pressed={props.state !== "paused" && props.state !== "fixed"}
      title={props.state === "fixed" ? t("range.goLive") : t("live.hint")}
      onClick={props.onToggle}
    >
      <span className={css["dot"]} aria-hidden="true" />
      {text}
    </button>
  );
}

function pillText(props: LivePillProps, t: ReturnType<typeof useT>): string {
  if (props.state === "live") return t("live.live");
  if (props.state === "reconnecting") return t("live.reconnecting");
  if (props.state === "stale") return t("live.stale", { age: props.age });
  if (props.state === "fixed") return t("live.off");
  return t("live.paused");
}
