import { useRef, type ReactNode } from "react";
import { useT } from "../../i18n/i18n-context.tsx";
import css from "./frame.module.css";

interface FrameProps {
  readonly narrow: boolean;
  readonly banners: ReactNode;
  readonly rail: ReactNode;
  readonly header: ReactNode;
  readonly footer: ReactNode;
  readonly children: ReactNode;
}

/** Rail, header, page and footer; the page alone scrolls. */
export function Frame(props: FrameProps) {
  const t = useT();
  const main = useRef<HTMLElement>(null);
  return (
    <div className={`${css["frame"]} ${props.narrow ? css["narrow"] : ""}`}>
      <a
        href="#main"
        className={css["skip"]}
        onClick={(event) => {
          // The part after # names the view of a page; it must stay.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t("app.skip")}
      </a>
      {props.rail}
      <div className={css["banners"]}>{props.banners}</div>
      {props.header}
      <main id="main" ref={main} tabIndex={-1} className={css["main"]}>
        <div className={css["page"]}>{props.children}</div>
      </main>
      {props.footer}
    </div>
  );
}

interface HeaderProps {
  readonly title: string;
  readonly filters?: ReactNode;
  readonly search?: ReactNode;
  readonly times?: ReactNode;
}

/** The page's name and what it is about: filters, range, live. */
export function Header(props: HeaderProps) {
  return (
    <header className={css["header"]}>
      <h1 className={css["title"]}>{props.title}</h1>
      {props.filters === undefined ? null : <div className={css["filters"]}>{props.filters}</div>}
      {props.search}
      {props.times === undefined ? null : <div className={css["times"]}>{props.times}</div>}
    </header>
  );
}
