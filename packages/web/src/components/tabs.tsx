import { useId, type KeyboardEvent, type ReactNode } from "react";
import css from "./tabs.module.css";

/** One view to choose. */
export interface Tab<T extends string> {
  readonly id: T;
  readonly label: string;
}

interface TabsProps<T extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<T>[];
  readonly active: T;
  readonly onChange: (id: T) => void;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** Tabs by the usual pattern: arrows, Home and End move; the panel is named by its tab. */
export function Tabs<T extends string>(props: TabsProps<T>) {
  const base = useId();
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = props.tabs.findIndex((tab) => tab.id === props.active);
    const target = targetOf(event.key, at, props.tabs.length);
    const tab = target === undefined ? undefined : props.tabs[target];
    if (tab === undefined) return;
    event.preventDefault();
    props.onChange(tab.id);
    event.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')[target ?? 0]?.focus();
  };
  return (
    <div className={props.className}>
      <div role="tablist" aria-label={props.label} className={css["list"]} onKeyDown={move}>
        {props.tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${base}-${tab.id}`}
            aria-selected={tab.id === props.active}
            aria-controls={`${base}-panel`}
            tabIndex={tab.id === props.active ? 0 : -1}
            className={css["tab"]}
            onClick={() => props.onChange(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${props.active}`}>
        {props.children}
      </div>
    </div>
  );
}

function targetOf(key: string, at: number, count: number): number | undefined {
  if (key === "ArrowRight") return (at + 1) % count;
  if (key === "ArrowLeft") return (at - 1 + count) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : undefined;
}
