import { useEffect, useRef } from "react";

/** Actions by key: a single key (`/`, `Shift+D`), or `g o` for a sequence. */
export type Shortcuts = Readonly<Record<string, (() => void) | undefined>>;

const SEQUENCE_MS = 1_000;
const TEXT_INPUT = 'input, textarea, select, [contenteditable="true"]';
const WIDGET = 'button, a, summary, [role="tab"], [role="option"], [role="listbox"], [role="figure"]';

/** Whether a key belongs to what is focused: text fields take all, widgets keep Space and Enter. */
export function keyIsTaken(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : undefined;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (target === undefined) return false;
  if (target.closest(TEXT_INPUT) !== null || target.closest('[role="dialog"]') !== null) return true;
  return (event.key === " " || event.key === "Enter") && target.closest(WIDGET) !== null;
}

/** Name of a key as shortcuts are written. */
export function keyName(event: KeyboardEvent): string {
  if (event.key === " ") return "Space";
  return event.shiftKey && /^[A-Z]$/.test(event.key) ? `Shift+${event.key}` : event.key;
}

/** Listens for shortcuts on the page while mounted. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    let before: { readonly key: string; readonly atMs: number } | undefined;
    const onKeyDown = (event: KeyboardEvent) => {
      if (keyIsTaken(event)) return;
      const key = keyName(event);
      const sequence =
        before !== undefined && event.timeStamp - before.atMs < SEQUENCE_MS ? `${before.key} ${key}` : key;
      const action = latest.current[sequence] ?? latest.current[key];
      before = { key, atMs: event.timeStamp };
      if (action === undefined) return;
      event.preventDefault();
      before = undefined;
      action();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}
