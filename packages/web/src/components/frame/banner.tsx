import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import css from "./frame.module.css";

/** A notice across the page that stays until its cause is gone. */
export function Banner(props: { readonly text: string; readonly children?: ReactNode }) {
  return (
    <div className={css["banner"]} role="status">
      <TriangleAlert size={14} aria-hidden="true" />
      <span>{props.text}</span>
      {props.children === undefined ? null : <span className={css["bannerEnd"]}>{props.children}</span>}
    </div>
  );
}
