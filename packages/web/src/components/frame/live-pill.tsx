import { useT } from "../../i18n/i18n-context.tsx";
import css from "./frame.module.css";

/** What the pill shows. */
export type PillState = "live" | "paused" | "reconnecting" | "stale" | "fixed";

interface LivePillProps {
  readonly state: PillState;
  /** Age of the newest data as text, for `stale`. */
  readonly age: string;
  /** Rows waiting while paused. */
  readonly waiting: number;
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
  switch (props.state) {
    case "live":
      return t("live.live");
    case "paused":
      return props.waiting > 0 ? t("live.pausedNew", { n: props.waiting }) : t("live.paused");
    case "reconnecting":
      return t("live.reconnecting");
    case "stale":
      return t("live.stale", { age: props.age });
    case "fixed":
      return t("live.off");
  }
}
