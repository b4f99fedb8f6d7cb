import { useId, type ReactNode } from "react";
import css from "./panel.module.css";

interface PanelProps {
  readonly title: string;
  /** Unit or explanation, once, beside the title. */
  readonly unit?: string;
  /** What the numbers rest on. */
  readonly n?: string | undefined;
  readonly tools?: ReactNode;
  /** Old data are shown while new ones load. */
  readonly stale?: boolean;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A titled surface of the page. */
export function Panel(props: PanelProps) {
  const id = useId();
  return (
    <section className={`${css["panel"]} ${props.className ?? ""}`} aria-labelledby={id}>
      <div className={css["head"]}>
        <h2 id={id}>{props.title}</h2>
        {props.unit === undefined ? null : <span className={css["unit"]}>{props.unit}</span>}
        {props.n === undefined ? null : <span className={css["n"]}>{props.n}</span>}
        {props.tools === undefined ? null : <div className={css["tools"]}>{props.tools}</div>}
      </div>
      <div className={`${css["body"]} ${props.stale === true ? css["stale"] : ""}`}>{props.children}</div>
    </section>
  );
}
