import { LogOut, PanelLeftClose, PanelLeftOpen, type LucideIcon } from "lucide-react";
import { Link } from "wouter";
import { useT } from "../../i18n/i18n-context.tsx";
import { BrandMark } from "./brand-mark.tsx";
import css from "./frame.module.css";

/** A page in the rail. */
export interface RailItem {
  readonly href: string;
  readonly label: string;
  readonly icon: LucideIcon;
  readonly keys: string;
  readonly current: boolean;
}

interface RailProps {
  readonly watch: readonly RailItem[];
  readonly foot: readonly RailItem[];
  readonly narrow: boolean;
  readonly onNarrow: (narrow: boolean) => void;
  readonly onSignOut: () => void;
}

/** Navigation: only pages that exist. */
export function Rail(props: RailProps) {
  const t = useT();
  const Collapse = props.narrow ? PanelLeftOpen : PanelLeftClose;
  const collapseText = t(props.narrow ? "nav.expand" : "nav.collapse");
  return (
    <nav className={css["rail"]} aria-label={t("nav.label")}>
      <Link href="/" className={css["brand"]} aria-label={t("app.name")}>
        <BrandMark size={22} />
        <span className={css["word"]}>Nexent LLM</span>
      </Link>
      <p className={css["group"]}>{t("nav.watch")}</p>
      {props.watch.map((item) => (
        <RailLink key={item.href} item={item} />
      ))}
      <div className={css["foot"]}>
        {props.foot.map((item) => (
          <RailLink key={item.href} item={item} />
        ))}
        <button
          type="button"
          className={`${css["item"]} ${css["signOut"]}`}
          onClick={props.onSignOut}
          title={t("app.signOut")}
        >
          <LogOut size={16} aria-hidden="true" />
          <span className={css["word"]}>{t("app.signOut")}</span>
        </button>
        <button
          type="button"
          className={`${css["item"]} ${css["collapse"]}`}
          aria-label={collapseText}
          title={`${collapseText} (\\)`}
          onClick={() => props.onNarrow(!props.narrow)}
        >
          <Collapse size={16} aria-hidden="true" />
        </button>
      </div>
    </nav>
  );
}

function RailLink(props: { readonly item: RailItem }) {
  const { item } = props;
  const Icon = item.icon;
  return (
    <Link href={item.href} className={css["item"]} aria-current={item.current ? "page" : undefined} title={item.label}>
      <Icon size={16} aria-hidden="true" />
      <span className={css["word"]}>{item.label}</span>
      <kbd className={css["word"]} aria-hidden="true">
        {item.keys}
      </kbd>
    </Link>
  );
}
