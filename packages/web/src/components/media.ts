import { useSyncExternalStore } from "react";

/** Whether a media query holds; re-renders when that changes. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** Below this width the page has one column and tables two-line rows. */
export const PHONE = "(max-width: 599px)";
